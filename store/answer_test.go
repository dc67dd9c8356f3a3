package store

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"espalier/grids"
	"espalier/search"
)

// answering is a client of a runner that answers whatever it is asked in the same way.
func answering(generation, sequence, more string, body []byte) *client {
	return &client{fetch: func(_ string, _ url.Values, limit int64) (http.Header, []byte, error) {
		h := http.Header{}
		h.Set(headGeneration, generation)
		h.Set(headSequence, sequence)
		h.Set(headMore, more)
		return h, body[:min(int64(len(body)), limit)], nil
	}}
}

// read asks a client for all the facts of a sweep, at most so many.
func read(t *testing.T, c *client, id search.SweepID, most int) (n int, err error) {
	for _, err := range facts(t.Context(), id, 0, func(q batchQuery) (batch, error) { return c.batch(id, q) }) {
		if err != nil {
			return n, err
		}
		if n++; n > most {
			t.Fatalf("more than %d facts in one answer that repeats itself", most)
		}
	}
	return n, nil
}

// sealed are the frames of some outcomes.
func sealed(of scope, sequences ...uint64) []byte {
	var b batch
	random := rand.New(rand.NewPCG(1, 1))
	for _, n := range sequences {
		body, err := encodeFact(search.Fact{Outcome: randomOutcome(random, grids.Key{byte(n)}, 0, 1)})
		if err != nil {
			panic(err)
		}
		b.add(n, of.seal(tagFacts, sequenceKey(n), body))
	}
	return b.frames
}

// TestAnswersThatGoNowhere: a runner that promises more and sends none, or the same again, would be asked for ever.
func TestAnswersThatGoNowhere(t *testing.T) {
	of := scope{search.SweepID{1}, 7}
	for _, c := range []struct {
		name  string
		more  string
		body  []byte
		facts int
		fails string
	}{
		{"all at once", "false", sealed(of, 1, 2, 5), 3, ""},
		{"nothing", "false", nil, 0, ""},
		{"more, and none comes", "true", nil, 0, "more are promised after fact 0, and none comes"},
		{"the same again", "true", sealed(of, 1, 2), 2, "fact 1 comes after fact 2"},
		{"backwards", "false", sealed(of, 2, 1), 1, "fact 1 comes after fact 2"},
		{"twice", "false", sealed(of, 1, 1), 1, "fact 1 comes after fact 1"},
		{"of another sweep", "false", sealed(scope{search.SweepID{2}, 7}, 1), 0, "checksum does not match"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := read(t, answering("7", "9", c.more, c.body), of.id, 3)
			if n != c.facts || (err == nil) != (c.fails == "") || err != nil && (!errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), c.fails)) {
				t.Errorf("%d facts, error %v; want %d, %q", n, err, c.facts, c.fails)
			}
		})
	}
}

// FuzzAnswer reads arbitrary answers of a runner: an end or an error, whatever they say.
func FuzzAnswer(f *testing.F) {
	of := scope{search.SweepID{1}, 7}
	f.Add("7", "2", "false", sealed(of, 1, 2))
	f.Add("7", "2", "true", sealed(of, 1, 2))
	f.Add("7", "2", "true", []byte{})
	f.Add("-1", "x", "", []byte("{}"))
	f.Add("7", "2", "false", []byte(`[{"ID":"00","Name":"\u001b[31m"}]`))
	f.Add("7", "2", "false", append(make([]byte, 8), 0xff, 0xff, 0xff, 0xff))
	f.Fuzz(func(t *testing.T, generation, sequence, more string, body []byte) {
		c := answering(generation, sequence, more, body)
		if n, err := read(t, c, of.id, len(body)/frameHead); err == nil && n > 0 && more == "true" {
			t.Errorf("%d facts, and the promise of more is forgotten", n)
		}
		if h, found, err := c.history(of.id, grids.Key{1}, 0); err == nil && found {
			if _, err := h.epochs(of.id); err == nil && !bytes.Equal(h.value, body) {
				t.Error("another history than was sent")
			}
		}
		_, _ = c.sweeps()
	})
}

// FuzzLook reads arbitrary bytes as a look at test rows that lies beside a store.
func FuzzLook(f *testing.F) {
	path := temp(f)
	if err := LeaveTest(path, search.SweepID{1}, look("model")); err != nil {
		f.Fatal(err)
	}
	real, err := resolve(path)
	if err != nil {
		f.Fatal(err)
	}
	files := lookFiles(real)
	if len(files) != 1 {
		f.Fatalf("files %q", files)
	}
	good, err := os.ReadFile(files[0])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, false)
	f.Add(good[:len(good)-1], true)
	f.Add(good[:lookHead], true)
	f.Add([]byte(lookMagic), false)
	f.Fuzz(func(t *testing.T, data []byte, reseal bool) {
		if reseal && len(data) > lookHead {
			data = bytes.Clone(data) // or the fuzzer keeps it with its new checksum
			id := search.SweepID(data[len(lookMagic):])
			copy(data[lookHead-32:lookHead], lookSum(id, data[lookHead:]))
		}
		if err := os.WriteFile(files[0], data, 0o600); err != nil {
			t.Fatal(err)
		}
		id, record, err := readLook(files[0])
		if (err == nil) != (record != nil) {
			t.Fatalf("look %+v, error %v", record, err)
		}
		if err == nil && !reseal && !bytes.Equal(data, good) && id == (search.SweepID{1}) && record.Model != "model" {
			t.Errorf("an altered look was taken: %+v", record)
		}
	})
}

// FuzzRunnerFile reads arbitrary bytes as the word that a runner left: readers go on to the file.
func FuzzRunnerFile(f *testing.F) {
	path := temp(f)
	s, err := Open(path, Options{})
	if err != nil {
		f.Fatal(err)
	}
	if err := s.Close(); err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", "{", `{"pid":1,"since":"2026-01-01T00:00:00Z","socket":"` + path + `.sock"}`, `{"pid":-1,"socket":"../x"}`, `{"pid":` + strconv.Itoa(1<<40) + `}`, `{"socket":"\u0000"}`} {
		f.Add([]byte(seed))
	}
	r, err := OpenReader(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if runner, ok := parseRunner(data); ok && strings.HasPrefix(runner.Socket, "/") {
			return // somebody may listen there
		}
		if err := os.WriteFile(path+runSuffix, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if list, err := r.Sweeps(t.Context()); err != nil || len(list) > 0 {
			t.Errorf("sweeps %v, error %v", list, err)
		}
		if runner, ok := r.Runner(t.Context()); ok {
			t.Errorf("runner %+v answers", runner)
		}
	})
}
