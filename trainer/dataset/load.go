package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Options say what to load. The zero value of everything but Source: all rows, the last column is
// the target, no test rows beside those of an IDX folder, no groups.
type Options struct {
	Source       string
	Folder       string  // where relative paths start: the sweep file's folder
	Limit        int     // the first N training rows; 0: all
	Target       any     // tables: the class column, by name (string) or index from 0 (int64, int; -1 is the last); nil: the last
	Test         string  // tables: a file with test rows
	TestFraction float64 // tables: this part of the rows is the test set
	Group        string  // tables: the column of groups, no feature
	Seed         uint64  // for TestFraction
	Memory       int64   // bytes that the rows may take; 0: any
}

// Load reads a source: a known name ("fashion-mnist", the embedded "fashion-mnist-mini"), a folder
// of IDX files, a .csv or a .arff file. Files are decompressed in parallel, once. Errors name the
// file and what is wrong with it; a *FieldError is among them where an option is at fault.
func Load(o Options) (*Set, error) {
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("load data %q: %w", o.Source, err)
	}
	set, err := o.open()
	if err != nil {
		return nil, fmt.Errorf("load data %q: %w", o.Source, err)
	}
	set.Source = o.Source
	set.Rows = set.Train.N
	if set.Test != nil {
		set.TestRows = set.Test.N
	}
	set.Bytes = set.Train.bytes() + set.Test.bytes()
	return set, nil
}

func (o Options) check() error {
	switch {
	case o.Source == "":
		return fieldError("source", "no source given")
	case o.Limit < 0:
		return fieldError("limit", "limit must not be negative, have %d", o.Limit)
	case !(o.TestFraction >= 0 && o.TestFraction < 1):
		return fieldError("test_fraction", "test_fraction must be at least 0 and below 1, have %v", o.TestFraction)
	case o.Test != "" && o.TestFraction > 0:
		return fieldError("test_fraction", "test and test_fraction exclude each other")
	}
	return nil
}

// open finds out what the source is and reads it. A known name wins over a file of that name only
// where the file is no folder: a folder NAME beside the sweep file is the first place looked at.
func (o Options) open() (*Set, error) {
	if known, ok := lookup(o.Source); ok {
		if err := o.imagesOnly(); err != nil {
			return nil, err
		}
		return known.load(o)
	}
	path := o.resolve(o.Source)
	info, err := os.Stat(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, &FieldError{"source", fmt.Sprintf("no such file or folder %s, and no known data set", path), knownNames()}
		}
		return nil, err
	}
	if info.IsDir() {
		if err := o.imagesOnly(); err != nil {
			return nil, err
		}
		return loadFolder(os.DirFS(path), path, classNamesOf(filepath.Base(path)), o)
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv", ".arff":
		return loadTable(path, o)
	}
	return nil, fieldError("source", "%s is no folder of IDX files, no .csv and no .arff file", path)
}

func (o Options) resolve(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(o.Folder, path)
}

// imagesOnly refuses what only tables have.
func (o Options) imagesOnly() error {
	switch {
	case o.Target != nil:
		return fieldError("target", "target is for tables, this is a set of images")
	case o.Test != "":
		return fieldError("test", "test is for tables; images bring their own t10k or test files")
	case o.TestFraction > 0:
		return fieldError("test_fraction", "test_fraction is for tables; images bring their own t10k or test files")
	case o.Group != "":
		return fieldError("group", "group is for tables, this is a set of images")
	}
	return nil
}
