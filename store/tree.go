package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"
)

// walker goes over every page that the store reaches, each once. It finds
// pages out of range, reached twice (so also cycles) or of the wrong kind, keys
// out of order, and free pages that are in use.
type walker struct {
	file     *pageFile
	seen     []uint64                               // a bit a page
	free     int                                    // pages on the freelist
	problems []string                               // up to problemLimit
	deep     bool                                   // read the leaves of records too, not only their heads
	visit    func(tag byte, bucket string, e entry) // called for every readable entry of a deep walk, may be nil
	only     func(name []byte) bool                 // top-level buckets to go into; nil: all
	buckets  map[string]bool                        // top-level ones met
}

const (
	problemLimit = 100
	depthLimit   = 64 // a tree of 2^64 records is not that deep
)

func newWalker(file *pageFile, deep bool) *walker {
	return &walker{file: file, seen: make([]uint64, file.meta.pages/64+1), deep: deep, buckets: map[string]bool{}}
}

func (w *walker) problem(format string, args ...any) {
	if len(w.problems) < problemLimit {
		w.problems = append(w.problems, fmt.Sprintf(format, args...))
	}
}

// mark notes a page and its overflow; false: one of them was seen before.
func (w *walker) mark(id, overflow uint64) bool {
	fresh := true
	for i := id; i <= id+overflow; i++ {
		if w.has(i) {
			fresh = false
		}
		w.seen[i/64] |= 1 << (i % 64)
	}
	return fresh
}

func (w *walker) has(id uint64) bool { return w.seen[id/64]&(1<<(id%64)) != 0 }

// walk goes over all buckets from the root, then over the freelist.
func (w *walker) walk() {
	if w.file.meta.root == 0 { // no meta page was found
		return
	}
	w.mark(0, 1)
	w.tree(w.file.meta.root, "root", true, func(e entry) {
		if !e.bucket {
			w.problem("root: entry %q is no bucket", e.key)
			return
		}
		w.buckets[string(e.key)] = true
		if w.only == nil || w.only(e.key) {
			w.bucket(e)
		}
	})
	w.freelist()
}

// bucket goes over a top-level bucket.
func (w *walker) bucket(e entry) {
	name, tag := bucketName(e.key)
	root, sequence, inline, err := bucketRoot(e.value)
	if err != nil {
		w.problem("%s: %v", name, err)
		return
	}
	last := uint64(0)
	if tag == tagFacts {
		defer func() {
			if last > sequence {
				w.problem("%s: counts %d, and fact %d is there", name, sequence, last)
			}
		}()
	}
	each := func(r entry) {
		if r.bucket {
			w.problem("%s: entry %x is a bucket", name, r.key)
			return
		}
		if tag == tagFacts && len(r.key) == 8 {
			last = max(last, binary.BigEndian.Uint64(r.key))
		}
		if w.visit != nil {
			w.visit(tag, string(e.key), r)
		}
	}
	if root != 0 {
		w.tree(root, name, w.deep, each)
		return
	}
	w.leaf(inline, name, nil, nil, each)
}

// bucketName is a name for messages, and the tag where it is a sweep's bucket.
func bucketName(key []byte) (string, byte) {
	tag, id, ok := tagOf(key)
	if !ok {
		return fmt.Sprintf("bucket %q", key), 0
	}
	return map[byte]string{tagFacts: "facts", tagPlaces: "index", tagHistories: "histories"}[tag] + " of sweep " + id.String(), tag
}

// tree goes down from a page. deep says whether leaves are read, and each is
// called for their entries.
func (w *walker) tree(root uint64, name string, deep bool, each func(entry)) {
	w.down(root, name, deep, nil, nil, 0, each)
}

// down visits a page whose keys must lie in [low, high); nil is no bound.
func (w *walker) down(id uint64, name string, deep bool, low, high []byte, depth int, each func(entry)) {
	if depth > depthLimit {
		w.problem("%s: page %d lies deeper than %d levels", name, id, depthLimit)
		return
	}
	head, err := w.file.read(id, true)
	if err != nil {
		w.problem("%s: %v", name, err)
		return
	}
	if !w.mark(id, head.overflow) {
		w.problem("%s: page %d is used twice", name, id)
		return
	}
	switch {
	case head.isLeaf():
		if !deep {
			return
		}
		g, err := w.file.read(id, false)
		if err != nil {
			w.problem("%s: %v", name, err)
			return
		}
		w.leaf(g, name, low, high, each)
	case head.isBranch():
		g, err := w.file.read(id, false)
		if err != nil {
			w.problem("%s: %v", name, err)
			return
		}
		w.branch(g, name, deep, low, high, depth, each)
	default:
		w.problem("%s: page %d is neither branch nor leaf (flags %#x)", name, id, head.flags)
	}
}

func (w *walker) branch(g page, name string, deep bool, low, high []byte, depth int, each func(entry)) {
	children, err := g.children()
	if err != nil {
		w.problem("%s: %v", name, err)
	}
	if len(children) == 0 {
		w.problem("%s: page %d is a branch without children", name, g.id)
	}
	for i, c := range children {
		if !ordered(c.key, low, high) || i > 0 && bytes.Compare(children[i-1].key, c.key) >= 0 {
			w.problem("%s: page %d: key %d is out of order", name, g.id, i)
		}
		next := high
		if i+1 < len(children) {
			next = children[i+1].key
		}
		w.down(c.page, name, deep, c.key, next, depth+1, each)
	}
}

func (w *walker) leaf(g page, name string, low, high []byte, each func(entry)) {
	entries, err := g.entries()
	if err != nil {
		w.problem("%s: %v", name, err)
	}
	for i, e := range entries {
		if !ordered(e.key, low, high) || i > 0 && bytes.Compare(entries[i-1].key, e.key) >= 0 {
			w.problem("%s: page %d: key %d is out of order", name, g.id, i)
		}
		each(e)
	}
}

func ordered(key, low, high []byte) bool {
	return (low == nil || bytes.Compare(key, low) >= 0) && (high == nil || bytes.Compare(key, high) < 0)
}

// used counts pages that are reached.
func (w *walker) used() (n int) {
	for _, word := range w.seen {
		n += bits.OnesCount64(word)
	}
	return n - w.free
}

// freelist checks that what is free is not in use: bbolt would write over it.
func (w *walker) freelist() {
	ids, overflow, err := w.file.free()
	if err != nil {
		w.problem("%v", err)
		return
	}
	if w.file.meta.freelist != noFreelist && !w.mark(w.file.meta.freelist, overflow) {
		w.problem("freelist: page %d is used twice", w.file.meta.freelist)
	}
	for _, id := range ids {
		if id < 2 || id >= w.file.meta.pages {
			w.problem("freelist: page %d lies outside of the store's %d", id, w.file.meta.pages)
		} else if !w.mark(id, 0) {
			w.problem("freelist: page %d is in use", id)
		} else {
			w.free++
		}
	}
}

// join makes one text of problems, of many the first.
func join(problems []string) string {
	if len(problems) > 3 {
		problems = append(problems[:3:3], fmt.Sprintf("and %d more", len(problems)-3))
	}
	return strings.Join(problems, "; ")
}
