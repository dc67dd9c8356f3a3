package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"espalier/search"
)

// SweepReport counts what a store holds of a sweep.
type SweepReport struct {
	ID                                                              search.SweepID
	Name                                                            string
	Current                                                         bool
	Outcomes, Failures, Retractions, Refits, Tests, Runs, Histories int
}

// Report is what Check found.
type Report struct {
	Path     string
	Format   int   // version; 0: not readable
	Size     int64 // of the file in bytes
	Free     int64 // bytes that compact would give back, about
	Sweeps   []SweepReport
	Problems []string // empty: all is well; of very many the first hundred
}

// Check verifies every page, record and checksum of a store and changes nothing.
// What is wrong is in the report; the error is for a file that cannot be
// examined: absent, foreign, or held by a runner.
func Check(path string) (Report, error) {
	real, err := resolve(path)
	if err == nil {
		var v *inventory
		var done func()
		if v, done, err = openForCheck(real); err == nil {
			defer done()
			r := v.check()
			r.Path = path
			return r, nil
		}
	}
	if held, ok := asHeld(err, path); ok {
		return Report{}, held
	}
	return Report{}, fmt.Errorf("check store %q: %w", path, err)
}

// check goes over all records and compares the index with the facts.
func (v *inventory) check() Report {
	reports := map[search.SweepID]*SweepReport{}
	places := map[search.SweepID]map[place][9]byte{} // what the index should hold
	index := map[search.SweepID]map[place][9]byte{}
	for id, e := range v.sweeps {
		reports[id] = &SweepReport{ID: id, Name: e.Name, Current: e.Current}
		places[id], index[id] = map[place][9]byte{}, map[place][9]byte{}
	}
	reading := newFactDecoder()
	unknown := map[string]bool{}
	tree := v.walk(nil, func(tag byte, bucket string, e entry) {
		if _, id, ok := tagOf([]byte(bucket)); ok && reports[id] == nil && !unknown[bucket] {
			unknown[bucket] = true
			name, _ := bucketName([]byte(bucket))
			v.problem("%s: the sweep is not enrolled, its records cannot be read", name)
		}
		switch tag {
		case tagFacts:
			of, sequence, body, ok := v.record(tagFacts, tag, bucket, e)
			if !ok {
				return
			}
			fact, err := reading.decode(body)
			if err != nil {
				v.problem("fact %d of sweep %s: %v", sequence, of.id, err)
				return
			}
			reports[of.id].count(fact)
			v.expect(places[of.id], fact, sequence)
		case tagHistories:
			of, sequence, body, ok := v.record(tagHistories, tag, bucket, e)
			if !ok {
				return
			}
			d := &decoder{buf: body}
			d.epochs()
			if err := d.end(); err != nil {
				v.problem("history %d of sweep %s: %v", sequence, of.id, err)
				return
			}
			reports[of.id].Histories++
		case tagPlaces:
			v.indexEntry(index, bucket, e)
		}
	})
	v.problems = append(v.problems, tree.problems...)
	v.checkBuckets(tree.buckets)
	if v.version == 0 && len(v.problems) == 0 {
		v.problem("the record of the format is missing")
	}
	r := Report{Format: int(v.version), Size: v.size, Problems: v.problems, Free: v.size - int64(tree.used())*int64(v.pages.meta.pageSize)}
	for id, report := range reports {
		if n := disagreements(places[id], index[id]); n > 0 {
			r.Problems = append(r.Problems, fmt.Sprintf("index of sweep %s: %d entries differ from the facts", id, n))
		}
		r.Sweeps = append(r.Sweeps, *report)
	}
	slices.SortFunc(r.Sweeps, func(a, b SweepReport) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return r
}

// checkBuckets compares the buckets that are there with those that should be: a
// name is in no checksum of its own.
func (v *inventory) checkBuckets(there map[string]bool) {
	want := map[string]bool{string(bucketFormat): true, string(bucketSweeps): true, string(bucketNames): true}
	for id := range v.sweeps {
		for _, tag := range []byte{tagFacts, tagPlaces, tagHistories} {
			want[string(bucketOf(tag, id))] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !there[name] {
			text, _ := bucketName([]byte(name))
			v.problem("%s: not there", text)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(there)) {
		if _, _, ours := tagOf([]byte(name)); !want[name] && !ours { // of ours without an enrolment check tells
			v.problem("bucket %q: nobody knows it", name)
		}
	}
}

func (s *SweepReport) count(f search.Fact) {
	for _, c := range []struct {
		is bool
		n  *int
	}{
		{f.Outcome != nil, &s.Outcomes}, {f.Failure != nil, &s.Failures}, {f.Retraction != nil, &s.Retractions},
		{f.Refit != nil, &s.Refits}, {f.Test != nil, &s.Tests}, {f.Run != nil, &s.Runs},
	} {
		if c.is {
			*c.n++
		}
	}
}

// expect notes what a fact makes of the index, by the rule of Record.
func (v *inventory) expect(places map[place][9]byte, fact search.Fact, sequence uint64) {
	p, kind, placed, err := factPlace(fact)
	if err != nil || !placed {
		return
	}
	if standing := places[p][8]; standing == kindOutcome && kind == kindFailure {
		return
	}
	var entry [9]byte
	binary.BigEndian.PutUint64(entry[:], sequence)
	entry[8] = kind
	places[p] = entry
}

func (v *inventory) indexEntry(index map[search.SweepID]map[place][9]byte, bucket string, e entry) {
	name, _ := bucketName([]byte(bucket))
	_, id, _ := tagOf([]byte(bucket))
	en, ok := v.sweeps[id]
	if !ok {
		return
	}
	body, err := en.scope().unseal(tagPlaces, e.key, e.value)
	if err == nil && (len(e.key) != len(place{}) || len(body) != 9) {
		err = errShort
	}
	if err != nil {
		v.problem("%s: entry %x: %v", name, e.key, err)
		return
	}
	index[id][place(e.key)] = [9]byte(body)
}

// disagreements counts entries that one has and the other has not so.
func disagreements(want, have map[place][9]byte) (n int) {
	for p, w := range want {
		if have[p] != w {
			n++
		}
	}
	for p := range have {
		if _, ok := want[p]; !ok {
			n++
		}
	}
	return n
}

// asHeld gives a HeldError the path as the user wrote it.
func asHeld(err error, path string) (*HeldError, bool) {
	held, ok := err.(*HeldError)
	if ok {
		held.Path = path
	}
	return held, ok
}
