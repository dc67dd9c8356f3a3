package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"espalier/search"
	"espalier/store"
	"espalier/trainer"
	"espalier/trainer/dataset"
)

// recordTest keeps account of looking at the test rows of a sweep: who looks
// often and keeps the best is fooled by them. Where the store holds the model's
// sweep, and these are the sweep's test rows whatever its training rows were, the
// evaluation is recorded and the count is printed; the same model a second time tells
// nothing new and counts once.
func (p *program) recordTest(ctx context.Context, m *trainer.Model, path string, data dataset.Info, e trainer.Evaluation) error {
	id, err := search.ParseSweepID(m.Provenance.SweepID)
	if err != nil {
		return nil // a model of no sweep
	}
	known, seen, models, err := p.testsOf(ctx, id, data)
	if err != nil || !known {
		return err
	}
	file, err := readRegular(path, binaryBytes)
	if err != nil {
		return fmt.Errorf("read model %q: %w", path, err)
	}
	sum := sha256.Sum256(file)
	digest := hex.EncodeToString(sum[:])
	if !models[digest] {
		record := search.TestRecord{Model: digest, Result: e, Recorded: time.Now()}
		if err := p.keepTest(ctx, id, &record); err != nil {
			return err
		}
		seen++
	}
	_, err = fmt.Fprintf(p.out, "looks     %s of the sweep evaluated on these test rows so far\n", plural(seen, "model"))
	return err
}

// keepTest records a look at the test rows. Where a runner holds the store it is left beside
// it: the runner records it before it refits and when it ends.
func (p *program) keepTest(ctx context.Context, id search.SweepID, t *search.TestRecord) error {
	st, err := p.openExisting()
	var held *store.HeldError
	if errors.As(err, &held) {
		return store.LeaveTest(p.storePath(), id, t)
	}
	if err != nil {
		return err
	}
	defer st.Close()
	return st.Record(ctx, id, search.Fact{Test: t})
}

// sameTest tells whether two sources have the same test rows.
func sameTest(a, b dataset.Info) bool {
	if a.TestDigest == "" || b.TestDigest == "" { // enrolled before there was one
		return a.Fingerprint == b.Fingerprint
	}
	return a.TestDigest == b.TestDigest
}

// testsOf counts what the store knows of evaluations on a sweep's test rows; known
// is false where there is no store, it does not hold the sweep, or the sweep's test
// rows are others.
func (p *program) testsOf(ctx context.Context, id search.SweepID, data dataset.Info) (known bool, seen int, models map[string]bool, err error) {
	models = map[string]bool{}
	err = p.withReader(func(l *store.Reader) error {
		sweeps, err := l.Sweeps(ctx)
		if err != nil {
			return err
		}
		for _, e := range sweeps {
			known = known || e.ID == id && sameTest(e.Data, data)
		}
		for f, err := range l.Facts(ctx, id) {
			if err != nil {
				return err
			}
			if f.Test != nil {
				models[f.Test.Model] = true
			}
		}
		return nil
	})
	if errors.Is(err, store.ErrNoStore) {
		err = nil
	}
	for _, t := range store.LeftTests(p.storePath(), id) {
		models[t.Model] = true
	}
	return known, len(models), models, err
}
