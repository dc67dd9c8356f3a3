package grids

import (
	"bytes"
	"encoding/binary"
	"maps"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

func TestKeyEqual(t *testing.T) {
	type word string
	pairs := []struct {
		name string
		a, b any
	}{
		{"integer and float", int64(3), 3.0},
		{"Go's integers", int64(3), 3},
		{"unsigned", int64(3), uint8(3)},
		{"single precision", 0.5, float32(0.5)},
		{"zeros", 0.0, math.Copysign(0, -1)},
		{"zero integer", int64(0), math.Copysign(0, -1)},
		{"the least integer", int64(math.MinInt64), -float64(1 << 63)},
		{"beyond the largest integer", uint64(1 << 63), float64(1 << 63)},
		{"NaNs", math.NaN(), math.Float64frombits(0x7ff8000000000002)},
		{"lists", []any{int64(1), 2.0}, []any{1.0, int64(2)}},
		{"typed lists", []any{int64(1), int64(2)}, []int{1, 2}},
		{"tables", map[string]any{"a": int64(1), "b": "x"}, map[string]any{"b": "x", "a": 1.0}},
		{"typed tables", map[string]any{"a": int64(1)}, map[string]int{"a": 1}},
		{"named strings", "x", word("x")},
	}
	for _, tt := range pairs {
		t.Run(tt.name, func(t *testing.T) {
			a, b := map[string]any{"v": tt.a}, map[string]any{"v": tt.b}
			if KeyOf(a) != KeyOf(b) || !bytes.Equal(Canonical(a), Canonical(b)) {
				t.Errorf("%#v and %#v have different keys", tt.a, tt.b)
			}
		})
	}
}

func TestKeyDifferent(t *testing.T) {
	values := []any{
		nil, true, false, int64(0), int64(1), int64(-1), 0.5, math.Nextafter(0.5, 1), math.Inf(1), math.Inf(-1), math.NaN(),
		int64(1<<53 + 1), float64(1 << 53), int64(math.MaxInt64), float64(1 << 63), uint64(1<<63 + 1), 1e300,
		"", "1", "true", "nil", "a", "s\x01a", []any{}, []any{""}, []any{"", ""}, []any{[]any{}}, []any{[]any{""}, ""}, []any{"a", "b"}, []any{"ab"},
		[]any{"b", "a"}, map[string]any{}, map[string]any{"": ""}, map[string]any{"a": "b"}, map[string]any{"a": "b", "c": ""},
		map[string]any{"a": map[string]any{}}, map[string]any{"a": nil}, []any{map[string]any{}}, struct{ X int }{3},
	}
	seen := map[Key]int{}
	for i, v := range values {
		k := KeyOf(map[string]any{"v": v})
		if other, ok := seen[k]; ok {
			t.Errorf("%#v and %#v have the same key", v, values[other])
		}
		seen[k] = i
	}
	if KeyOf(map[string]any{"a": "b"}) == KeyOf(map[string]any{"b": "a"}) || KeyOf(nil) == KeyOf(map[string]any{"": nil}) {
		t.Error("names do not count")
	}
}

// TestKeyGolden: keys are in stores, so the encoding must never change.
func TestKeyGolden(t *testing.T) {
	values := map[string]any{"optimizer": "adam", "epochs": int64(10), "dropout": 0.2, "nesterov": false,
		"schedule": map[string]any{"type": "step", "at": []any{int64(3), 4.5}}}
	const code = "m\x05s\x07dropoutd?\xc9\x99\x99\x99\x99\x99\x9as\x06epochsi\x00\x00\x00\x00\x00\x00\x00\n" +
		"s\bnesterovfs\toptimizers\x04adams\bschedulem\x02s\x02atl\x02i\x00\x00\x00\x00\x00\x00\x00\x03d@\x12\x00\x00\x00\x00\x00\x00s\x04types\x04step"
	if got := string(Canonical(values)); got != code {
		t.Errorf("encoded as\n%q, want\n%q", got, code)
	}
	if got := KeyOf(values).String(); got != "6def29af2a556c2b738b89c88002016b" {
		t.Errorf("key is %s, want 6def29af2a556c2b738b89c88002016b", got)
	}
}

// randomValue makes a value as TOML yields, nested up to a depth.
func randomValue(r *rand.Rand, depth int) any {
	kinds := 7
	if depth == 0 {
		kinds = 5
	}
	switch r.IntN(kinds) {
	case 0:
		return r.IntN(2) == 0
	case 1:
		return int64(r.IntN(4)) - 1
	case 2:
		return float64(r.IntN(8)) / 2
	case 3:
		return math.Float64frombits(r.Uint64())
	case 4:
		return string([]byte("aslmit\x00\x01\x02")[:r.IntN(9)])
	case 5:
		list := make([]any, r.IntN(3))
		for i := range list {
			list[i] = randomValue(r, depth-1)
		}
		return list
	}
	return randomTable(r, depth-1)
}

func randomTable(r *rand.Rand, depth int) map[string]any {
	table := map[string]any{}
	for range r.IntN(4) {
		table[string(rune('a'+r.IntN(3)))] = randomValue(r, depth)
	}
	return table
}

// equal is equality as keys mean it.
func equal(a, b any) bool {
	x, xNumber := number(a)
	y, yNumber := number(b)
	if xNumber || yNumber {
		return xNumber && yNumber && (x == y || x != x && y != y)
	}
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !equal(a[i], b[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for name := range a {
			if v, ok := b[name]; !ok || !equal(a[name], v) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(a, b)
}

// number is exact here: the integers of randomValue are small.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// TestCanonicalMeansEqual: encodings are equal exactly where values are.
func TestCanonicalMeansEqual(t *testing.T) {
	const seed = 11
	r := rand.New(rand.NewPCG(seed, 0))
	tables := make([]map[string]any, 600)
	for i := range tables {
		tables[i] = randomTable(r, 2)
	}
	same := 0
	for i, a := range tables {
		for _, b := range tables[:i] {
			want := equal(a, b)
			if got := bytes.Equal(Canonical(a), Canonical(b)); got != want {
				t.Fatalf("seed %d: %#v and %#v: encodings equal %t, values equal %t", seed, a, b, got, want)
			}
			if want {
				same++
			}
		}
	}
	if same < 100 {
		t.Errorf("seed %d: only %d equal pairs; the generator is too wild", seed, same)
	}
}

// decode reads an encoding back; encodings that decode are free of collisions.
func decode(b []byte) (any, []byte, bool) {
	if len(b) == 0 {
		return nil, b, false
	}
	tag, b := b[0], b[1:]
	switch tag {
	case 'n':
		return nil, b, true
	case 't', 'f':
		return tag == 't', b, true
	case 'i', 'u', 'd':
		if len(b) < 8 {
			return nil, b, false
		}
		bits := binary.BigEndian.Uint64(b)
		switch tag {
		case 'i':
			return int64(bits), b[8:], true
		case 'u':
			return float64(bits), b[8:], true
		}
		return math.Float64frombits(bits), b[8:], true
	}
	n, used := binary.Uvarint(b)
	if used <= 0 || n > uint64(len(b)) {
		return nil, b, false
	}
	b = b[used:]
	switch tag {
	case 's':
		if n > uint64(len(b)) {
			return nil, b, false
		}
		return string(b[:n]), b[n:], true
	case 'l':
		list := make([]any, n)
		for i := range list {
			var ok bool
			if list[i], b, ok = decode(b); !ok {
				return nil, b, false
			}
		}
		return list, b, true
	case 'm':
		table := map[string]any{}
		for range n {
			name, rest, ok := decode(b)
			text, isText := name.(string)
			if !ok || !isText {
				return nil, b, false
			}
			if table[text], b, ok = decode(rest); !ok {
				return nil, b, false
			}
		}
		return table, b, true
	}
	return nil, b, false
}

func FuzzCanonical(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed, "name", "text", 0.5, int64(3))
	}
	f.Add(uint64(1), "", "s\x00", math.NaN(), int64(math.MinInt64))
	f.Fuzz(func(t *testing.T, seed uint64, name, text string, number float64, integer int64) {
		table := randomTable(rand.New(rand.NewPCG(seed, 1)), 3)
		table[name] = []any{text, number, integer, map[string]any{text: name}}
		code := Canonical(table)
		back, rest, ok := decode(code)
		if !ok || len(rest) > 0 {
			t.Fatalf("%#v: encoding %q does not read back", table, code)
		}
		pieces := binary.AppendUvarint([]byte{'m'}, uint64(len(table)))
		for _, name := range slices.Sorted(maps.Keys(table)) {
			pieces = AppendCanonical(pieces, name, table[name])
		}
		if !bytes.Equal(code, pieces) {
			t.Errorf("%#v encodes as %q, its fields one by one as %q", table, code, pieces)
		}
		if again := Canonical(back.(map[string]any)); !bytes.Equal(code, again) {
			t.Errorf("%#v encodes as %q, read back as %q", table, code, again)
		}
	})
}
