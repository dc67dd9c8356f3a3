package store

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"go.etcd.io/bbolt"

	"espalier/search"
)

// Salvage copies every readable sweep, fact and history of a store into a new
// one; newPath must not exist. Where the tree is torn it also looks at pages
// that nothing leads to any more. The old store is not changed. The report is of
// the new store, but its Problems are those of the old.
func Salvage(path, newPath string) (Report, error) {
	r, err := salvage(path, newPath)
	if held, ok := asHeld(err, path); ok {
		return r, held
	}
	if err != nil {
		return r, fmt.Errorf("salvage store %q: %w", path, err)
	}
	return r, nil
}

func salvage(path, newPath string) (Report, error) {
	real, err := resolve(path)
	if err != nil {
		return Report{}, err
	}
	target, err := resolve(newPath)
	if err != nil {
		return Report{}, err
	}
	if _, err := os.Lstat(target); err == nil {
		return Report{}, fmt.Errorf("%q is there already", newPath)
	}
	v, done, err := openForCheck(real)
	if err != nil {
		return Report{}, err
	}
	defer done()
	if v.version > Version {
		return Report{}, fmt.Errorf("%w: format %d, this one knows %d", ErrNewer, v.version, Version)
	}
	old := v.check() // a look of its own first: it notes problems and whether the tree is torn
	temp := fmt.Sprintf("%s%s%d", target, tempSuffix, os.Getpid())
	_ = os.Remove(temp)
	defer os.Remove(temp)
	if err := v.copyTo(temp); err != nil {
		return Report{}, fmt.Errorf("write %q: %w", newPath, err)
	}
	if err := install(temp, target); err != nil {
		return Report{}, err
	}
	r, err := Check(newPath)
	if err == nil && len(r.Problems) > 0 {
		err = fmt.Errorf("the copy %q is damaged, too: %s", newPath, join(r.Problems))
	}
	r.Problems = old.Problems
	return r, err
}

// copyTo writes what is readable into a new file.
func (v *inventory) copyTo(path string) error {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType, NoSync: true})
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bbolt.Tx) error { return v.copySweeps(tx) })
	if err == nil {
		err = v.copyFacts(db)
	}
	if err == nil {
		err = v.copyHistories(db)
	}
	if err == nil {
		err = db.Sync()
	}
	return errors.Join(err, db.Close())
}

func (v *inventory) copySweeps(tx *bbolt.Tx) error {
	if err := putFormat(tx, Version); err != nil {
		return err
	}
	for id, e := range v.sweeps {
		record, err := encodeEnrolment(e)
		if err == nil {
			err = tx.Bucket(bucketSweeps).Put(id[:], record)
		}
		if err != nil {
			return err
		}
		for _, tag := range []byte{tagFacts, tagPlaces, tagHistories} {
			if _, err := tx.CreateBucket(bucketOf(tag, id)); err != nil {
				return err
			}
		}
		if e.Current {
			name := []byte(e.Name)
			if err := tx.Bucket(bucketNames).Put(name, scope{}.seal(tagName, name, slices.Clone(id[:]))); err != nil {
				return err
			}
		}
	}
	return nil
}

// copyFacts keeps sequence numbers, and so the order of recording; strays fill
// gaps only. The rule of Record is applied again, which makes the index.
func (v *inventory) copyFacts(db *bbolt.DB) error {
	found := map[search.SweepID]map[uint64][]byte{}
	var strays []func()
	v.walk(nil, func(tag byte, bucket string, e entry) {
		of, sequence, body, ok := v.record(tagFacts, tag, bucket, e)
		if !ok {
			return
		}
		add := func() {
			if found[of.id] == nil {
				found[of.id] = map[uint64][]byte{}
			}
			if found[of.id][sequence] == nil {
				found[of.id][sequence] = slices.Clone(body)
			}
		}
		if tag == 0 {
			strays = append(strays, add)
		} else {
			add()
		}
	})
	for _, add := range strays {
		add()
	}
	for id, records := range found {
		order := slices.Sorted(maps.Keys(records))
		for chunk := range slices.Chunk(order, 10_000) {
			err := db.Update(func(tx *bbolt.Tx) error { return v.putFacts(tx, v.sweeps[id].scope(), chunk, records) })
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (v *inventory) putFacts(tx *bbolt.Tx, of scope, order []uint64, records map[uint64][]byte) error {
	facts, places := tx.Bucket(bucketOf(tagFacts, of.id)), tx.Bucket(bucketOf(tagPlaces, of.id))
	facts.FillPercent = 1
	decoder := newFactDecoder()
	for _, sequence := range order {
		body := records[sequence]
		fact, err := decoder.decode(body)
		if err != nil { // noted by check
			continue
		}
		p, kind, placed, err := factPlace(fact)
		if err != nil {
			continue
		}
		key := sequenceKey(sequence)
		if placed {
			_, standing, err := view{tx}.standing(of, p)
			if err != nil {
				return err
			}
			if standing == kindOutcome && kind == kindOutcome {
				continue
			}
			if standing != kindOutcome || kind != kindFailure {
				entry := append(sequenceKey(sequence), kind)
				if err := places.Put(slices.Clone(p[:]), of.seal(tagPlaces, p[:], entry)); err != nil {
					return err
				}
			}
		}
		if err := facts.Put(key, of.seal(tagFacts, key, slices.Clone(body))); err != nil {
			return err
		}
		if err := facts.SetSequence(sequence); err != nil {
			return err
		}
	}
	return nil
}

// copyHistories streams: they are most of a store and need not fit in memory.
func (v *inventory) copyHistories(db *bbolt.DB) (err error) {
	type record struct {
		of         scope
		key, value []byte
	}
	var waiting []record
	size := 0
	flush := func() {
		if err != nil || len(waiting) == 0 {
			return
		}
		err = db.Update(func(tx *bbolt.Tx) error {
			for _, r := range waiting {
				b := tx.Bucket(bucketOf(tagHistories, r.of.id))
				b.FillPercent = 1
				// Of an outcome that was not readable, a history says nothing.
				if tx.Bucket(bucketOf(tagFacts, r.of.id)).Get(r.key) == nil || b.Get(r.key) != nil {
					continue
				}
				if err := b.Put(r.key, r.value); err != nil {
					return err
				}
			}
			return nil
		})
		waiting, size = waiting[:0], 0
	}
	v.walk(nil, func(tag byte, bucket string, e entry) {
		of, _, body, ok := v.record(tagHistories, tag, bucket, e)
		if !ok || err != nil {
			return
		}
		key := slices.Clone(e.key)
		waiting = append(waiting, record{of, key, of.seal(tagHistories, key, slices.Clone(body))})
		if size += len(body); size > 8<<20 {
			flush()
		}
	})
	flush()
	return err
}
