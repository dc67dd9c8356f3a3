package store

import (
	"encoding/binary"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"espalier/search"
)

// Version of the format that this program writes; see FORMAT.md.
const Version = 1

// Names of top-level buckets. Those of a sweep are a tag and its ID.
var (
	bucketFormat = []byte("format")
	bucketSweeps = []byte("sweeps") // ID → enrolment
	bucketNames  = []byte("names")  // name → ID of the current sweep of that name
	keyVersion   = []byte("version")
)

// Tags: the first byte of the name of a sweep's bucket, and part of the
// checksum of the records in it.
const (
	tagFacts     = 'f' // sequence number → fact, in the order recorded
	tagPlaces    = 'p' // trial, slot → the fact that stands there; can be made again from the facts
	tagHistories = 'h' // sequence number of an outcome → its epochs
	tagSweep     = 's'
	tagName      = 'n'
	tagVersion   = 'v'
)

func bucketOf(tag byte, id search.SweepID) []byte { return append([]byte{tag}, id[:]...) }

// tagOf splits the name of a top-level bucket; ok is false where it is none of
// a sweep's.
func tagOf(name []byte) (tag byte, id search.SweepID, ok bool) {
	if len(name) != 1+len(id) {
		return 0, id, false
	}
	copy(id[:], name[1:])
	switch name[0] {
	case tagFacts, tagPlaces, tagHistories:
		return name[0], id, true
	}
	return 0, id, false
}

func sequenceKey(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// limit of one record in bytes. Nothing we write comes near; a damaged length
// above it is not worth a look.
const recordLimit = 64 << 20

// putFormat writes the version and makes the buckets every store has.
func putFormat(tx *bbolt.Tx, version uint32) error {
	for _, name := range [][]byte{bucketFormat, bucketSweeps, bucketNames} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	body := binary.LittleEndian.AppendUint32([]byte("espalier"), version)
	return tx.Bucket(bucketFormat).Put(keyVersion, scope{}.seal(tagVersion, keyVersion, body))
}

// decodeVersion reads the record of the version.
func decodeVersion(value []byte) (uint32, error) {
	body, err := scope{}.unseal(tagVersion, keyVersion, value)
	if err != nil {
		return 0, fmt.Errorf("%w: record of the format: %w", ErrDamaged, err)
	}
	if len(body) != 12 || string(body[:8]) != "espalier" {
		return 0, ErrForeign
	}
	return binary.LittleEndian.Uint32(body[8:]), nil
}

// formatOf is the version of the store, or ErrForeign for another program's
// bbolt file.
func formatOf(tx *bbolt.Tx) (uint32, error) {
	b := tx.Bucket(bucketFormat)
	if b == nil {
		return 0, ErrForeign
	}
	value := b.Get(keyVersion)
	if value == nil {
		return 0, ErrForeign
	}
	return decodeVersion(value)
}

// errOlder is for a store that a reader cannot migrate.
var errOlder = errors.New("the store is of an older version of espalier; the next run, or espalier compact, brings it up to date")

// checkFormat lets a reader in.
func checkFormat(tx *bbolt.Tx) error {
	version, err := formatOf(tx)
	switch {
	case err != nil:
		return err
	case version > Version:
		return fmt.Errorf("%w: format %d, this one knows %d", ErrNewer, version, Version)
	case version < Version:
		return fmt.Errorf("%w (format %d, now %d)", errOlder, version, Version)
	}
	return nil
}

// A migration brings a store to the next version within one transaction.
type migration func(tx *bbolt.Tx) error

// migrations has at index i the step from version i+1 to i+2. A step is never
// changed once released; testdata keeps a store of every version.
func migrations() []migration { return nil }

// migrate brings a store up to the version after the last step. The steps and
// the new version are one commit: a crash leaves the old store.
func migrate(db *bbolt.DB, steps []migration) error {
	newest := uint32(len(steps) + 1)
	var version uint32
	err := db.View(func(tx *bbolt.Tx) (err error) {
		version, err = formatOf(tx)
		return err
	})
	switch {
	case err != nil:
		return err
	case version == 0:
		return fmt.Errorf("%w: format 0", ErrDamaged)
	case version > newest:
		return fmt.Errorf("%w: format %d, this one knows %d", ErrNewer, version, newest)
	case version == newest:
		return nil
	}
	return db.Update(func(tx *bbolt.Tx) error {
		for v := version; v < newest; v++ {
			if err := steps[v-1](tx); err != nil {
				return fmt.Errorf("migrate from format %d to %d: %w", v, v+1, err)
			}
		}
		return putFormat(tx, newest)
	})
}
