package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"espalier/search"
)

// inventory is what Check and Salvage find in a file, without bbolt.
type inventory struct {
	pages    *pageFile
	size     int64
	problems []string
	torn     bool // pages were lost: look for records outside of the tree, too

	version uint32 // 0: not readable
	sweeps  map[search.SweepID]enrolled
	names   map[string]search.SweepID
}

func (v *inventory) problem(format string, args ...any) {
	if len(v.problems) < problemLimit {
		v.problems = append(v.problems, fmt.Sprintf(format, args...))
	}
}

// openForCheck opens a file that may be damaged in any way, under a reader's
// lock where bbolt can still take one. close gives both free.
func openForCheck(path string) (v *inventory, close func(), err error) {
	if _, err := regular(path); err != nil {
		return nil, nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, reason(err)
	}
	var lock *bbolt.DB
	if err := guard(func() (err error) {
		lock, err = bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: time.Second})
		return err
	}); errors.Is(err, bolterrors.ErrTimeout) {
		f.Close()
		held := &HeldError{Path: path}
		held.Runner, _ = readRunner(path)
		return nil, nil, held
	}
	close = func() {
		if lock != nil {
			_ = guard(lock.Close)
		}
		f.Close()
	}
	info, err := f.Stat()
	if err == nil {
		v, err = takeInventory(f, info.Size())
	}
	if err != nil {
		close()
		return nil, nil, err
	}
	return v, close, nil
}

// takeInventory finds the meta pages, or does without, and reads the sweeps.
func takeInventory(f io.ReaderAt, size int64) (*inventory, error) {
	v := &inventory{size: size, sweeps: map[search.SweepID]enrolled{}, names: map[string]search.SweepID{}}
	pages, err := openPages(f, size)
	switch {
	case err == nil:
		for _, w := range pages.wrong {
			v.problem("%s: the last commit may be lost", w)
		}
	case !errors.Is(err, ErrDamaged):
		return nil, err
	default:
		v.problem("%s", reasonOf(err))
		v.torn = true
		if pages == nil { // no meta page: pages are as long as they always are, and the tree has no root
			pages = &pageFile{file: f, size: size, meta: meta{pageSize: 4096, freelist: noFreelist}}
		}
		pages.meta.pages = uint64(size) / uint64(pages.meta.pageSize)
	}
	v.pages = pages
	v.readSweeps()
	return v, nil
}

// reasonOf takes ErrDamaged's own words from an error.
func reasonOf(err error) string {
	text, prefix := err.Error(), ErrDamaged.Error()+": "
	if len(text) > len(prefix) && text[:len(prefix)] == prefix {
		return text[len(prefix):]
	}
	return text
}

// walk visits every readable entry of the tree, of the buckets that only lets
// through (nil: all); then, where the tree is torn, of leaves outside of it,
// whose bucket nobody knows: tag 0.
func (v *inventory) walk(only func(name []byte) bool, visit func(tag byte, bucket string, e entry)) *walker {
	w := newWalker(v.pages, true)
	w.only, w.visit = only, visit
	w.walk()
	if len(w.problems) > 0 {
		v.torn = true
	}
	if v.torn {
		w.orphans(visit)
	}
	return w
}

// orphans visits leaves that the tree does not reach.
func (w *walker) orphans(visit func(tag byte, bucket string, e entry)) {
	for id := uint64(2); id < w.file.meta.pages; id++ {
		if w.has(id) {
			continue
		}
		g, err := w.file.read(id, true)
		if err != nil || !g.isLeaf() {
			continue
		}
		if g, err = w.file.read(id, false); err != nil {
			continue
		}
		entries, _ := g.entries()
		for _, e := range entries {
			if !e.bucket {
				visit(0, "", e)
			}
		}
	}
}

// readSweeps reads the small buckets.
func (v *inventory) readSweeps() {
	small := func(name []byte) bool { _, _, ok := tagOf(name); return !ok }
	var strays []enrolled
	v.walk(small, func(_ byte, bucket string, e entry) {
		switch bucket {
		case string(bucketFormat):
			if !bytes.Equal(e.key, keyVersion) {
				v.problem("record of the format: %q stands where %q should", e.key, keyVersion)
				return
			}
			version, err := decodeVersion(e.value)
			if err != nil {
				v.problem("record of the format: %v", err)
			}
			v.version = version
		case string(bucketSweeps):
			en, err := decodeEnrolment(e.key, e.value)
			if err != nil {
				v.problem("enrolment of sweep %x: %v", e.key, err)
				return
			}
			v.sweeps[en.ID] = en
		case string(bucketNames):
			body, err := scope{}.unseal(tagName, e.key, e.value)
			if err != nil || len(body) != len(search.SweepID{}) {
				v.problem("name %q: %v", e.key, errChecksum)
				return
			}
			v.names[string(e.key)] = search.SweepID(body)
		case "":
			if en, err := decodeEnrolment(e.key, e.value); err == nil {
				strays = append(strays, en)
			}
		}
	})
	// Strays may be old versions of what the tree has; there the tree is right.
	for _, en := range strays {
		if old, ok := v.sweeps[en.ID]; !ok || old.Created.Before(en.Created) {
			v.sweeps[en.ID] = en
		}
	}
	for id, en := range v.sweeps {
		current, ok := v.names[en.Name]
		if _, there := v.sweeps[current]; !ok || !there || v.torn && current != id && v.sweeps[current].Created.Before(en.Created) {
			if v.torn || !ok {
				v.names[en.Name] = id
			}
		}
	}
	for id, en := range v.sweeps {
		en.Current = v.names[en.Name] == id
		v.sweeps[id] = en
	}
}

// attribute finds which sweep a record of unknown home belongs to: the one under
// which its checksum holds.
func (v *inventory) attribute(tag byte, key, value []byte) (of scope, body []byte, ok bool) {
	if len(key) != 8 {
		return of, nil, false
	}
	for _, e := range v.sweeps {
		if body, err := e.scope().unseal(tag, key, value); err == nil {
			return e.scope(), body, true
		}
	}
	return of, nil, false
}

// record checks an entry of a sweep's bucket, or attributes a stray one; ok is
// false for what does not verify, which is a problem unless it is a stray.
func (v *inventory) record(want, tag byte, bucket string, e entry) (of scope, sequence uint64, body []byte, ok bool) {
	if tag == 0 {
		if of, body, ok = v.attribute(want, e.key, e.value); ok {
			sequence = binary.BigEndian.Uint64(e.key)
		}
		return of, sequence, body, ok
	}
	if tag != want {
		return of, 0, nil, false
	}
	name, _ := bucketName([]byte(bucket))
	_, id, _ := tagOf([]byte(bucket))
	en, known := v.sweeps[id]
	if !known {
		return of, 0, nil, false
	}
	of = en.scope()
	if len(e.key) != 8 {
		v.problem("%s: key %x is no sequence number", name, e.key)
		return of, 0, nil, false
	}
	sequence = binary.BigEndian.Uint64(e.key)
	body, err := of.unseal(want, e.key, e.value)
	if err != nil {
		v.problem("%s: record %d: %v", name, sequence, err)
		return of, sequence, nil, false
	}
	return of, sequence, body, true
}
