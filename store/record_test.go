package store

import (
	"bytes"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"espalier/grids"
	"espalier/search"
	"espalier/trainer"
)

// fill sets every field of a struct to something that is not zero, so that a
// field that the format forgets is noticed the day it is added.
func fill(v reflect.Value, r *rand.Rand) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), r)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(r.Int64N(1<<32), 123456789).UTC()))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), r)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), r)
		fill(v.Index(1), r)
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), r)
		}
	case reflect.String:
		if v.Type() == reflect.TypeFor[search.State]() {
			v.SetString(string(search.Diverged))
		} else {
			v.SetString("text " + string(rune('a'+r.IntN(26))))
		}
	case reflect.Int, reflect.Int64:
		v.SetInt(1 + r.Int64N(1000))
	case reflect.Uint8, reflect.Uint64:
		v.SetUint(1 + r.Uint64N(200))
	case reflect.Float64:
		v.SetFloat(r.NormFloat64())
	case reflect.Bool:
		v.SetBool(true)
	default:
		panic("fill does not know " + v.Kind().String())
	}
}

// TestEveryFieldIsKept covers each kind of fact: the fields of the union are its
// kinds, so a kind without encoding fails here, too.
func TestEveryFieldIsKept(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range reflect.TypeFor[search.Fact]().NumField() {
		name := reflect.TypeFor[search.Fact]().Field(i).Name
		t.Run(name, func(t *testing.T) {
			var f search.Fact
			fill(reflect.ValueOf(&f).Elem().Field(i), r)
			want := f
			if f.Outcome != nil { // its history is a record of its own
				o := *f.Outcome
				o.History = nil
				want.Outcome = &o
			}
			body, err := encodeFact(f)
			if err != nil {
				t.Fatal(err)
			}
			got, err := newFactDecoder().decode(body)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("have %+v\nwant %+v\nerror %v", reflect.ValueOf(got).Field(i).Elem(), reflect.ValueOf(want).Field(i).Elem(), err)
			}
		})
	}
	t.Run("epochs", func(t *testing.T) {
		var want []trainer.Epoch
		fill(reflect.ValueOf(&want).Elem(), r)
		e := &encoder{}
		e.epochs(want)
		d := &decoder{buf: e.buf}
		got := d.epochs()
		if err := d.end(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("have %+v\nwant %+v\nerror %v", got, want, err)
		}
	})
	t.Run("enrolment", func(t *testing.T) {
		var want enrolled
		fill(reflect.ValueOf(&want.Enrolment).Elem(), r)
		want.generation = 77
		value, err := encodeEnrolment(want)
		if err != nil {
			t.Fatal(err)
		}
		want.Current = false // a matter of the names
		got, err := decodeEnrolment(want.ID[:], value)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("have %+v\nwant %+v\nerror %v", got, want, err)
		}
	})
}

// oddFacts are facts at the edges of what a record can say.
func oddFacts() map[string]search.Fact {
	nan := math.Float64frombits(0x7ff8_0000_dead_beef)
	return map[string]search.Fact{
		"zero outcome":     {Outcome: &search.Outcome{State: search.Complete}},
		"not finite":       {Outcome: &search.Outcome{State: search.Diverged, Scores: trainer.Scores{Loss: nan, Accuracy: math.Inf(1), F1: math.Inf(-1)}, Seconds: math.Copysign(0, -1)}},
		"other train":      {Outcome: &search.Outcome{State: search.Complete, Train: trainer.Scores{Recall: 1}}},
		"large numbers":    {Outcome: &search.Outcome{State: search.Complete, Slot: math.MaxUint32, Epochs: math.MaxInt, Best: math.MinInt}},
		"long reason":      {Failure: &search.Failure{Reason: string(bytes.Repeat([]byte("é"), 40_000)), Stack: "\x00\xff"}},
		"zero retraction":  {Retraction: &search.Retraction{}},
		"before 1970":      {Run: &search.RunRecord{Started: time.Unix(-1, 5).UTC()}},
		"empty evaluation": {Test: &search.TestRecord{}},
		"refit":            {Refit: &search.RefitRecord{Trial: grids.Key{1, 2}, History: []trainer.Epoch{{Number: 1}, {Validation: &trainer.Scores{Loss: 1}}}}},
		"wide confusion":   {Test: &search.TestRecord{Result: trainer.Evaluation{Confusion: make([]int, 10_000)}}},
	}
}

func TestOddFactsComeBack(t *testing.T) {
	for name, f := range oddFacts() {
		t.Run(name, func(t *testing.T) {
			body, err := encodeFact(f)
			if err != nil {
				t.Fatal(err)
			}
			got, err := newFactDecoder().decode(body)
			if err != nil {
				t.Fatal(err)
			}
			again, err := encodeFact(got) // NaN is not equal to itself, its bytes are
			if err != nil || !bytes.Equal(body, again) {
				t.Errorf("have %x\nwant %x\nerror %v", again, body, err)
			}
		})
	}
}

func TestWhatIsNoFact(t *testing.T) {
	for name, f := range map[string]search.Fact{
		"nothing":  {},
		"two":      {Run: &search.RunRecord{}, Test: &search.TestRecord{}},
		"no state": {Outcome: &search.Outcome{}},
		"ranked":   {Outcome: &search.Outcome{State: search.Pending}},
		"slot -1":  {Failure: &search.Failure{Slot: -1}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := prepare(f); err == nil {
				t.Error("no error")
			}
		})
	}
}

// TestClassesFollowFromTheMatrix: derived classes are left out and come back bit
// for bit; others are kept.
func TestClassesFollowFromTheMatrix(t *testing.T) {
	confusion := []int{5, 0, 1, 0, 0, 0, 2, 0, 7}
	derived := derive(confusion)
	other := derive(confusion)
	other[0].F1 = math.Nextafter(other[0].F1, 2)
	sizes := map[string]int{}
	for name, classes := range map[string][]trainer.Class{"derived": derived, "other": other, "none": nil, "two of three": derived[:2]} {
		e := &encoder{}
		e.classes(classes, confusion)
		sizes[name] = len(e.buf)
		d := &decoder{buf: e.buf}
		got, matrix := d.classes()
		if d.end() != nil || !reflect.DeepEqual(got, classes) || !reflect.DeepEqual(matrix, confusion) {
			t.Errorf("%s: have %v, %v", name, got, matrix)
		}
	}
	if sizes["derived"] != sizes["none"] || sizes["other"] <= sizes["derived"] {
		t.Errorf("sizes %v", sizes)
	}
}

// FuzzFact: any bytes are an error or a fact that encodes again; never a panic,
// and no memory beyond a multiple of the record.
func FuzzFact(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, fact := range oddFacts() {
		if body, err := encodeFact(fact); err == nil && len(body) < 4096 {
			f.Add(body)
		}
	}
	for range 20 {
		body, _ := encodeFact(randomFact(r))
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		fact, err := newFactDecoder().decode(body)
		if err != nil {
			return
		}
		if _, err := encodeFact(fact); err != nil {
			t.Errorf("decoded, but does not encode: %v", err)
		}
	})
}

// FuzzHistory is FuzzFact for histories.
func FuzzHistory(f *testing.F) {
	r := rand.New(rand.NewPCG(5, 6))
	for n := range 5 {
		e := &encoder{}
		e.epochs(randomOutcome(r, grids.Key{}, 0, n).History)
		f.Add(e.buf)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		d := &decoder{buf: body}
		epochs := d.epochs()
		if d.end() == nil && len(epochs) > len(body) {
			t.Errorf("%d epochs out of %d bytes", len(epochs), len(body))
		}
	})
}

// FuzzEnrolment reads arbitrary bytes as an enrolment whose checksum holds.
func FuzzEnrolment(f *testing.F) {
	var e enrolled
	fill(reflect.ValueOf(&e.Enrolment).Elem(), rand.New(rand.NewPCG(7, 8)))
	value, err := encodeEnrolment(e)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(value[:len(value)-sealSize])
	f.Fuzz(func(t *testing.T, body []byte) {
		var id search.SweepID
		decodeEnrolment(id[:], scope{id: id}.seal(tagSweep, id[:], bytes.Clone(body)))
	})
}
