package main

import (
	"context"
	"fmt"
	"iter"

	"espalier/folds"
	"espalier/grids"
	"espalier/search"
	"espalier/search/report"
	"espalier/store"
	"espalier/trainer"
	"espalier/trainer/dataset"
)

// material gathers what figures and pages show of a sweep, also while it runs. What cannot be had
// (the data have moved, the model file is gone) is told and left out. modelFile "" is where a
// refit saves it by default.
func (p *program) material(ctx context.Context, l *store.Reader, s *search.Sweep, modelFile string) (report.Material, error) {
	m := report.Material{Sweep: s, Version: programVersion()}
	var refits []*search.RefitRecord
	tests := map[string]*search.TestRecord{}
	noting := func(facts iter.Seq2[search.Fact, error]) iter.Seq2[search.Fact, error] {
		return func(yield func(search.Fact, error) bool) {
			for f, err := range facts {
				if f.Refit != nil {
					refits = append(refits, f.Refit)
				}
				if f.Test != nil {
					tests[f.Test.Model] = f.Test
				}
				if !yield(f, err) {
					return
				}
			}
		}
	}
	var err error
	if m.Standings, err = search.Rank(s, noting(l.Facts(ctx, s.ID))); err != nil {
		return m, fmt.Errorf("rank sweep %q: %w", s.File.Name, err)
	}
	m.History = func(trial grids.Key, slot int) ([]trainer.Epoch, error) { return l.History(ctx, s.ID, trial, slot) }
	m.Set, m.Folds = p.reportRows(s)
	if len(refits) == 0 {
		return m, nil
	}
	m.Refit = refits[len(refits)-1]
	if t := tests[m.Refit.Model]; t != nil {
		m.Test = &t.Result
	}
	if modelFile == "" {
		modelFile = p.modelPath(s)
	}
	if data := savedModel(modelFile, m.Refit.Model); data != nil {
		if m.Model, err = trainer.LoadModel(data); err != nil {
			return m, fmt.Errorf("read model %q: %w", modelFile, err)
		}
	}
	return m, nil
}

// reportRows loads a sweep's rows and makes its folds; nil with a warning where that cannot be.
func (p *program) reportRows(s *search.Sweep) (*dataset.Set, []folds.Fold) {
	f := s.File
	lost := func(err error) (*dataset.Set, []folds.Fold) {
		p.warn(fmt.Sprintf("figures of the rows are left out: %s", err))
		return nil, nil
	}
	if err := placeMaterial(f, s.Folder); err != nil {
		return lost(err)
	}
	set, err := dataset.Load(dataset.Options{
		Source: f.Data.Source, Folder: s.Folder, Limit: f.Data.Limit, Target: f.Data.Target,
		Test: f.Data.Test, TestFraction: f.Data.TestFraction, Group: f.Folds.Group, Seed: f.Seed, Memory: rowMemory(),
	})
	if err != nil {
		return lost(err)
	}
	if set.Fingerprint != s.Data.Fingerprint {
		return lost(fmt.Errorf("data %q are no longer what the sweep was run on: fingerprint %.12s, then %.12s", f.Data.Source, set.Fingerprint, s.Data.Fingerprint))
	}
	made, err := search.MakeFolds(s, set, func(string) {})
	if err != nil {
		return lost(err)
	}
	return set, made
}
