package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"espalier/search"
)

// A look at the test rows is to be counted (law 6) also where a runner holds the store,
// and what the runner's socket answers only ever reads. So it is left in a file beside
// the store, and whoever holds the store next, or the runner itself before a refit and when
// it ends, records it and removes the file. A kill between the two records it twice;
// looks are counted by model, so it counts once.

const (
	lookSuffix = ".look-"
	lookMagic  = "esplook\x01" // the last byte is the version
	lookHead   = len(lookMagic) + len(search.SweepID{}) + sha256.Size
)

// LeaveTest keeps a look at the test rows of a sweep beside a store that another process
// holds. It is on disk when LeaveTest returns.
func LeaveTest(path string, id search.SweepID, t *search.TestRecord) error {
	real, err := resolve(path)
	if err != nil {
		return fmt.Errorf("leave a look beside store %q: %w", path, err)
	}
	body, err := encodeFact(search.Fact{Test: t})
	if err != nil {
		return fmt.Errorf("leave a look beside store %q: %w", path, err)
	}
	sum := lookSum(id, body)
	data := append([]byte(lookMagic), id[:]...)
	data = append(append(data, sum...), body...)
	return WriteFileAtomic(real+lookSuffix+hex.EncodeToString(sum[:8]), data)
}

func lookSum(id search.SweepID, body []byte) []byte {
	sum := sha256.Sum256(append(id[:], body...))
	return sum[:]
}

// LeftTests are the looks of a sweep that lie beside a store; files that are none are
// passed over.
func LeftTests(path string, id search.SweepID) []search.TestRecord {
	real, err := resolve(path)
	if err != nil {
		return nil
	}
	var all []search.TestRecord
	for _, name := range lookFiles(real) {
		if of, t, err := readLook(name); err == nil && of == id {
			all = append(all, *t)
		}
	}
	return all
}

// lookFiles lists the looks beside a store, and removes what was left half written.
func lookFiles(store string) (names []string) {
	all, _ := filepath.Glob(globQuote(store) + lookSuffix + "*")
	for _, name := range all {
		if whole, _, half := strings.Cut(filepath.Base(name), tempSuffix); half {
			removeDead(filepath.Join(filepath.Dir(name), whole))
			continue
		}
		names = append(names, name)
	}
	return names
}

func readLook(name string) (id search.SweepID, t *search.TestRecord, err error) {
	info, err := regular(name)
	if err != nil {
		return id, nil, err
	}
	if info.Size() < int64(lookHead) || info.Size() > recordLimit {
		return id, nil, errors.New("it is no look at test rows")
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return id, nil, reason(err)
	}
	if len(data) < lookHead || string(data[:len(lookMagic)]) != lookMagic {
		return id, nil, errors.New("it is no look at test rows, or of another version")
	}
	copy(id[:], data[len(lookMagic):])
	body := data[lookHead:]
	if !bytes.Equal(lookSum(id, body), data[lookHead-sha256.Size:lookHead]) {
		return id, nil, errChecksum
	}
	fact, err := newFactDecoder().decode(body)
	if err == nil && fact.Test == nil {
		err = errors.New("it is no look at test rows")
	}
	return id, fact.Test, err
}

// Collect records the looks at test rows that others left beside the store while it was
// held. One of a sweep that is gone goes too; a file that is damaged stays, and the
// notice names it.
func (s *Store) Collect(ctx context.Context, notice func(string)) error {
	for _, name := range lookFiles(s.path) {
		id, t, err := readLook(name)
		if err != nil {
			if notice != nil {
				notice(fmt.Sprintf("passed over %q: %v", name, err))
			}
			continue
		}
		if err := s.Record(ctx, id, search.Fact{Test: t}); err != nil && !errors.Is(err, search.ErrNotEnrolled) {
			return err
		}
		_ = os.Remove(name)
	}
	return nil
}
