package store

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"espalier/grids"
	"espalier/search"
)

// damageable makes a store of a few hundred outcomes in two sweeps and gives its
// bytes.
func damageable(t testing.TB) (data []byte, ids []search.SweepID) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "whole.db")
	s, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(11, 12))
	for n := range 2 {
		sweep := smallSweep(t, n+1)
		if err := s.Enroll(t.Context(), sweep, true); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, sweep.ID)
		for i := range 20 {
			group := make([]search.Fact, 15)
			for j := range group {
				o := randomOutcome(r, grids.Key{byte(i), byte(j)}, 0, 2)
				o.Recorded = time.Unix(1, 0).UTC()
				group[j] = search.Fact{Outcome: o}
			}
			mustRecord(t, s, sweep.ID, group...)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	data, err = os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data, ids
}

// recorded reads the facts of an undamaged store, to compare with.
func recorded(t testing.TB, data []byte, ids []search.SweepID) map[search.SweepID]map[[2]byte]search.Outcome {
	path := temp(t)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	all := map[search.SweepID]map[[2]byte]search.Outcome{}
	for _, id := range ids {
		all[id] = map[[2]byte]search.Outcome{}
		for _, f := range mustFacts(t, r, id) {
			all[id][[2]byte(f.Outcome.Trial[:2])] = *f.Outcome
		}
	}
	return all
}

// survive does with a damaged file all that a user can. Nothing may panic, hang
// or end the process, and no outcome may come back different: right or not at
// all. The source file must not change by reading it.
func survive(t *testing.T, data []byte, truth map[search.SweepID]map[[2]byte]search.Outcome) (salvaged int, problems []string) {
	t.Helper()
	path := temp(t)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	compare := func(l search.Ledger) (n int) {
		for id := range truth {
			facts, _ := allFacts(t.Context(), l, id)
			for _, f := range facts {
				want, ok := truth[id][[2]byte(f.Outcome.Trial[:2])]
				got := *f.Outcome
				if !ok || got.Scores != want.Scores || got.Slot != want.Slot || got.Train != want.Train {
					t.Errorf("an outcome came back different: %+v", got)
				}
				n++
			}
			for i := range 3 { // each opens the file anew
				l.History(t.Context(), id, grids.Key{byte(7 * i), byte(i)}, 0)
			}
		}
		return n
	}
	if r, err := OpenReader(path); err == nil {
		r.Sweeps(t.Context())
		compare(r)
	}
	report, err := Check(path)
	if err == nil {
		problems = report.Problems
		copied := path + ".new"
		if r, err := Salvage(path, copied); err == nil {
			if len(r.Problems) < len(problems) {
				t.Errorf("salvage found %d problems, check %d", len(r.Problems), len(problems))
			}
			if n, err := OpenReader(copied); err != nil {
				t.Errorf("read what was salvaged: %v", err)
			} else {
				salvaged = compare(n)
			}
		} else if _, err := os.Stat(copied); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("salvage failed and left a file")
		}
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(after, data) {
		t.Errorf("reading, check and salvage changed the store (error %v)", err)
	}
	// A runner may mend nothing, but must not fall over: it opens or says why not.
	if s, err := Open(path, Options{}); err == nil {
		compare(s)
		for id := range truth {
			err := s.Record(t.Context(), id, search.Fact{Run: &search.RunRecord{Exit: "done"}})
			if err == nil {
				s.RemoveSweep(t.Context(), id)
			}
			break
		}
		s.Close()
	} else if !strings.Contains(err.Error(), path) {
		t.Errorf("error without the path: %v", err)
	}
	return salvaged, problems
}

func TestTruncated(t *testing.T) {
	data, ids := damageable(t)
	truth := recorded(t, data, ids)
	used := usedBytes(t, data)
	t.Logf("%d bytes, %d used", len(data), used)
	var cuts []int
	for at := 0; at < used; at += 4096 {
		cuts = append(cuts, at)
	}
	if !*long {
		cuts = thin(cuts, 8)
	}
	r := rand.New(rand.NewPCG(13, 14))
	for range 5 {
		cuts = append(cuts, r.IntN(used))
	}
	for _, cut := range cuts {
		_, problems := survive(t, data[:cut], truth)
		path := temp(t)
		os.WriteFile(path, data[:cut], 0o600)
		if _, err := Open(path, Options{}); err == nil {
			t.Errorf("cut at %d: a runner opened it", cut)
		}
		if _, err := Check(path); err == nil && len(problems) == 0 {
			t.Errorf("cut at %d: check finds nothing", cut)
		}
	}
}

// usedBytes is where the last page in use ends.
func usedBytes(t testing.TB, data []byte) int {
	p, err := openPages(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return int(p.meta.pages) * int(p.meta.pageSize)
}

func thin(cuts []int, n int) (some []int) {
	for i := range n {
		some = append(some, cuts[i*len(cuts)/n])
	}
	return some
}

// TestFlippedBits flips bits all over. Whatever is hit, no other outcome is
// told, and what check does not find is not in use.
func TestFlippedBits(t *testing.T) {
	data, ids := damageable(t)
	truth := recorded(t, data, ids)
	used := usedBytes(t, data)
	r := random(t)
	n := 25
	if *long {
		n = 1500
	}
	found := 0
	for range n {
		bit := r.IntN(used * 8)
		bad := bytes.Clone(data)
		bad[bit/8] ^= 1 << (bit % 8)
		_, problems := survive(t, bad, truth)
		if len(problems) > 0 {
			found++
		}
		if t.Failed() {
			t.Fatalf("bit %d of byte %d", bit%8, bit/8)
		}
	}
	t.Logf("%d of %d flips were found; the others hit unused space", found, n)
}

// TestFlippedScore hits the scores of one outcome, wherever the file has it.
func TestFlippedScore(t *testing.T) {
	data, ids := damageable(t)
	truth := recorded(t, data, ids)
	hit := 0
	for _, o := range truth[ids[0]] {
		e := &encoder{}
		e.scores(o.Scores)
		at := bytes.LastIndex(data, e.buf)
		if at < 0 {
			t.Fatal("scores are not in the file")
		}
		bad := bytes.ReplaceAll(data, e.buf, append([]byte{e.buf[0] ^ 1}, e.buf[1:]...))
		path := temp(t)
		os.WriteFile(path, bad, 0o600)
		r, err := OpenReader(path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = allFacts(t.Context(), r, ids[0])
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "fact ") {
			t.Errorf("reading: %v", err)
		}
		report, err := Check(path)
		if err != nil || len(report.Problems) == 0 {
			t.Errorf("check: %v, error %v", report.Problems, err)
		}
		salvaged, _ := survive(t, bad, truth)
		if salvaged != 599 {
			t.Errorf("%d outcomes salvaged, want all but one of 600", salvaged)
		}
		if hit++; hit == 3 {
			break
		}
	}
}

// TestZeroedPages zeroes each page in turn. Losing a branch must not lose the
// leaves under it.
func TestZeroedPages(t *testing.T) {
	data, ids := damageable(t)
	truth := recorded(t, data, ids)
	pages := usedBytes(t, data) / 4096
	step := 1
	if !*long {
		step = 1 + pages/10
	}
	worst := 600
	for id := 0; id < pages; id += step {
		bad := bytes.Clone(data)
		clear(bad[id*4096 : (id+1)*4096])
		salvaged, _ := survive(t, bad, truth)
		worst = min(worst, salvaged)
		if t.Failed() {
			t.Fatalf("page %d", id)
		}
	}
	for _, bad := range [][]byte{zeroed(data, branches(t, data)...), zeroed(data, 0), zeroed(data, 1)} {
		if salvaged, _ := survive(t, bad, truth); salvaged < 560 {
			t.Errorf("%d outcomes salvaged without branches or a meta page", salvaged)
		}
	}
	t.Logf("of 600 outcomes at least %d were salvaged", worst)
}

func zeroed(data []byte, pages ...int) []byte {
	bad := bytes.Clone(data)
	for _, id := range pages {
		clear(bad[id*4096 : (id+1)*4096])
	}
	return bad
}

// branches are all branch pages in use.
func branches(t testing.TB, data []byte) (ids []int) {
	p, err := openPages(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	w := newWalker(p, true)
	w.walk()
	for id := uint64(2); id < p.meta.pages; id++ {
		if g, err := p.read(id, true); err == nil && g.isBranch() {
			ids = append(ids, int(id))
		}
	}
	if len(ids) == 0 {
		t.Fatal("no branch pages: make the store larger")
	}
	return ids
}

// TestCutWhileOpen: a file cut short under a reader or a runner is SIGBUS where
// nobody expects it.
func TestCutWhileOpen(t *testing.T) {
	data, ids := damageable(t)
	path := temp(t)
	os.WriteFile(path, data, 0o600)
	s, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 8192); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if _, err := allFacts(t.Context(), s, id); !errors.Is(err, ErrDamaged) {
			t.Errorf("reading: %v", err)
		}
		if err := s.Record(t.Context(), id, search.Fact{Run: &search.RunRecord{}}); err == nil {
			t.Error("recorded into a file that was cut")
		}
	}
	s.Close()
}

func TestWhatIsNoStore(t *testing.T) {
	folder := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	boltFile := filepath.Join(folder, "other.bolt")
	db, err := bbolt.Open(boltFile, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("theirs")); return err })
	db.Close()
	newer := filepath.Join(folder, "newer.db")
	if err := create(newer); err != nil {
		t.Fatal(err)
	}
	if db, err = bbolt.Open(newer, 0o600, nil); err != nil {
		t.Fatal(err)
	}
	db.Update(func(tx *bbolt.Tx) error { return putFormat(tx, Version+1) })
	db.Close()
	for _, c := range []struct {
		name, path string
		want       error
		says       string
	}{
		{"empty", write("empty", nil), ErrDamaged, "the file is empty"},
		{"a text", write("text", []byte("name = \"sweep\"\n")), ErrForeign, ""},
		{"a long text", write("long", bytes.Repeat([]byte("x"), 100_000)), ErrForeign, ""},
		{"zeros", write("zeros", make([]byte, 65536)), ErrForeign, ""},
		{"another program's bbolt file", boltFile, ErrForeign, ""},
		{"a newer version", newer, ErrNewer, "format 2, this one knows 1"},
		{"a folder", folder, nil, "it is a folder"},
		{"a device", "/dev/null", nil, "it is no regular file"},
		{"in no folder", filepath.Join(folder, "no", "x.db"), nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, _ := os.ReadFile(c.path)
			_, openErr := Open(c.path, Options{})
			_, readErr := OpenReader(c.path)
			for verb, err := range map[string]error{"open": openErr, "read": readErr} {
				if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
					t.Errorf("%s: %v", verb, err)
				}
			}
			t.Log(openErr)
			if after, _ := os.ReadFile(c.path); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
	missing := filepath.Join(folder, "missing.db")
	if _, err := OpenReader(missing); !errors.Is(err, ErrNoStore) {
		t.Errorf("read what is not there: %v", err)
	}
	if _, err := Check(missing); !errors.Is(err, ErrNoStore) {
		t.Errorf("check what is not there: %v", err)
	}
	if _, err := os.Stat(missing); !errors.Is(err, fs.ErrNotExist) {
		t.Error("reading made a file")
	}
}

// FuzzFile opens, checks and salvages files of which some bytes are arbitrary.
func FuzzFile(f *testing.F) {
	data, ids := damageable(f)
	data = data[:usedBytes(f, data)]
	truth := recorded(f, data, ids)
	f.Add(uint32(0), []byte{1})
	f.Add(uint32(4096+16), bytes.Repeat([]byte{0xff}, 64))
	f.Add(uint32(3*4096+8), []byte{1, 0, 255, 255})
	f.Fuzz(func(t *testing.T, at uint32, patch []byte) {
		bad := bytes.Clone(data)
		copy(bad[int(at)%len(bad):], patch)
		survive(t, bad, truth)
	})
}
