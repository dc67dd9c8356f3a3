package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"espalier/folds"
	"espalier/grids"
	"espalier/search"
	"espalier/store"
	"espalier/trainer"
	"espalier/trainer/dataset"
)

// session is a sweep with its rows and folds: ready to train.
type session struct {
	sweep *search.Sweep
	set   *dataset.Set
	folds []folds.Fold
}

// parseFile reads a sweep file: a path, or the name of a shipped sweep. The
// folder is where its relative paths start.
func (p *program) parseFile(arg string, overrides []string) (f *grids.File, folder string, err error) {
	source, err := readAtMost(arg, sweepBytes)
	path, shipped := arg, false
	if errors.Is(err, fs.ErrNotExist) {
		var example []byte
		if example, shipped = grids.Example(arg); shipped {
			source, err, path = example, nil, strings.TrimSuffix(arg, ".toml")+".toml"
		}
	}
	if err != nil {
		err = usage(fmt.Errorf("read sweep %q: %w", arg, err))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, "", hint(err, "shipped sweeps: "+strings.Join(grids.Shipped(), " "), "espalier init writes a sweep file to start from")
		}
		return nil, "", err
	}
	if folder, err = filepath.Abs(filepath.Dir(arg)); err != nil {
		return nil, "", fmt.Errorf("find the folder of sweep %q: %w", arg, err)
	}
	if f, err = grids.Parse(path, source, overrides...); err != nil {
		return nil, "", usage(search.AddProblems(err))
	}
	if shipped {
		if _, has := grids.Material(f.Data.Source); has {
			if folder, err = dataset.CacheFolder(); err != nil {
				return nil, "", err
			}
		}
	}
	return f, folder, placeMaterial(f, folder)
}

// placeMaterial puts the data file that a shipped sweep brings along into the
// user's cache folder, where the sweep's relative path finds it; also when a
// sweep is resumed and the cache was emptied since.
func placeMaterial(f *grids.File, folder string) error {
	cache, err := dataset.CacheFolder()
	if err != nil || folder != cache {
		return nil // not a shipped sweep's folder
	}
	data, ok := grids.Material(f.Data.Source)
	if !ok {
		return nil
	}
	path := filepath.Join(folder, f.Data.Source)
	if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, data) {
		return nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("place %q: %w", f.Data.Source, err)
	}
	if err := store.WriteFileAtomic(path, data); err != nil {
		return fmt.Errorf("place %q: %w", f.Data.Source, err)
	}
	return nil
}

// loadData reads the rows a sweep file names and says how long that took.
func (p *program) loadData(f *grids.File, folder string) (*dataset.Set, error) {
	start := time.Now()
	set, err := dataset.Load(dataset.Options{
		Source: f.Data.Source, Folder: folder, Limit: f.Data.Limit, Target: f.Data.Target,
		Test: f.Data.Test, TestFraction: f.Data.TestFraction, Group: f.Folds.Group, Seed: f.Seed, Memory: rowMemory(),
	})
	if err != nil {
		return nil, dataFailure(f, err)
	}
	p.log.Info().Str("source", set.Source).Str("fingerprint", set.Fingerprint).Int("rows", set.Rows).
		Int("test_rows", set.TestRows).Dur("ms", time.Since(start)).Msg("data loaded")
	if p.verbose {
		return set, nil
	}
	test := "no test rows"
	if set.TestRows > 0 {
		test = plural(set.TestRows, "test row")
	}
	p.say("loaded %s: %s, %s, %s in %s", printable(set.Source), plural(set.Rows, "training row"), test,
		plural(len(set.Classes), "class"), durationText(time.Since(start)))
	return set, nil
}

// sourceFailure makes bad usage of an error of the data that flags are at fault for.
func sourceFailure(err error) error {
	var field *dataset.FieldError
	if errors.As(err, &field) {
		return usage(err)
	}
	return err
}

// dataFailure gives an error of the data its place in the sweep file where the
// file is at fault: a misspelt source, a target column that is not there.
func dataFailure(f *grids.File, err error) error {
	var field *dataset.FieldError
	if !errors.As(err, &field) {
		return err
	}
	path := "data." + field.Field
	if field.Field == "group" {
		path = "folds.group"
	}
	return sweepFailure(f.Errors([]grids.Problem{{Path: path, Message: field.Message, Known: field.Known}}))
}

// prepare makes a session of a sweep file: data, checks, folds.
func (p *program) prepare(f *grids.File, folder string, init []byte) (*session, error) {
	if init == nil && f.Model.Init != "" {
		path := f.Model.Init
		if !filepath.IsAbs(path) {
			path = filepath.Join(folder, path)
		}
		var err error
		if init, err = readRegular(path, binaryBytes); err == nil {
			_, err = trainer.ReadWeights(init)
		}
		if err != nil {
			return nil, sweepFailure(f.Errors([]grids.Problem{{Path: "model.init", Message: fmt.Sprintf("initial weights %q: %s", path, err)}}))
		}
	}
	set, err := p.loadData(f, folder)
	if err != nil {
		return nil, err
	}
	sweep, warnings, err := search.New(f, folder, set.Info, init)
	if err != nil {
		return nil, sweepFailure(err)
	}
	for _, w := range warnings {
		p.warn(w)
	}
	made, err := search.MakeFolds(sweep, set, p.warn)
	if err != nil {
		return nil, sweepFailure(err)
	}
	return &session{sweep: sweep, set: set, folds: made}, nil
}

// sweepFailure is an error of what a sweep file asks for: exit 2.
func sweepFailure(err error) error { return usage(err) }

// refitEpochs is how many epochs a refit will train, as far as that is known before.
func (s *session) refitEpochs(t search.Trial) int {
	if n, ok := s.sweep.File.Refit.Epochs.(int64); ok {
		return int(n)
	}
	if n, ok := s.sweep.Effective(t)["epochs"].(int64); ok {
		return int(n)
	}
	return 1
}
