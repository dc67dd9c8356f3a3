package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
)

// This file reads bbolt's pages by plain reads, without its code and without
// mapping the file: bbolt trusts what it maps, follows any page number and
// recurses along any cycle. What is here trusts nothing. The format is bbolt's
// version 2, in the byte order of the machine; we run on little-endian ones.

const (
	boltMagic   = 0xED0CDAED
	boltVersion = 2

	pageHead    = 16 // id u64, flags u16, count u16, overflow u32
	elementHead = 16 // of a branch: pos u32, ksize u32, page u64; of a leaf: flags u32, pos u32, ksize u32, vsize u32
	metaSize    = 64

	flagBranch   = 0x01
	flagLeaf     = 0x02
	flagMeta     = 0x04
	flagFreelist = 0x10

	flagBucket = 0x01 // of a leaf's element

	noFreelist = ^uint64(0)
)

// meta is a meta page: the root of everything.
type meta struct {
	pageSize uint32
	root     uint64 // page of the root bucket
	freelist uint64
	pages    uint64 // high-water mark: pages in use are below it
	txid     uint64
}

var (
	errNoMagic = errors.New("has no bbolt magic")
	errMetaSum = errors.New("checksum does not match")
)

// parseMeta reads the meta page at the start of b.
func parseMeta(b []byte) (m meta, err error) {
	if len(b) < pageHead+metaSize {
		return m, errNoMagic
	}
	b = b[pageHead : pageHead+metaSize]
	le := binary.LittleEndian
	if le.Uint32(b) != boltMagic {
		return m, errNoMagic
	}
	if v := le.Uint32(b[4:]); v != boltVersion {
		return m, fmt.Errorf("is of bbolt format %d, not %d", v, boltVersion)
	}
	sum := fnv.New64a()
	sum.Write(b[:metaSize-8])
	if sum.Sum64() != le.Uint64(b[metaSize-8:]) {
		return m, errMetaSum
	}
	m = meta{
		pageSize: le.Uint32(b[8:]), root: le.Uint64(b[16:]),
		freelist: le.Uint64(b[32:]), pages: le.Uint64(b[40:]), txid: le.Uint64(b[48:]),
	}
	if m.pageSize < 512 || m.pageSize > 1<<24 || m.pageSize&(m.pageSize-1) != 0 {
		return m, fmt.Errorf("gives a page size of %d", m.pageSize)
	}
	return m, nil
}

// pageFile is a store file seen as pages.
type pageFile struct {
	file  io.ReaderAt
	size  int64
	meta  meta     // the newest that is valid
	wrong []string // what is wrong with the other, if anything
	fault error    // of the disk, while looking for them: the newest may be the one that was not read
}

// openPages finds the newest valid meta page and checks that the file is as
// long as it says.
func openPages(file io.ReaderAt, size int64) (*pageFile, error) {
	if size == 0 {
		return nil, fmt.Errorf("%w: the file is empty", ErrDamaged)
	}
	p := &pageFile{file: file, size: size}
	found, magic := p.findMetas()
	if !found {
		if p.fault != nil { // which says nothing about the file
			return nil, p.fault
		}
		if magic {
			return nil, fmt.Errorf("%w: %s", ErrDamaged, join(p.wrong))
		}
		return nil, ErrForeign
	}
	if have, want := size, int64(p.meta.pages)*int64(p.meta.pageSize); p.meta.pages > 1<<40 || have < want {
		return p, fmt.Errorf("%w: the file is cut short, it has %d bytes of %d", ErrDamaged, have, want)
	}
	return p, nil
}

// findMetas looks for both meta pages. The second lies one page on, and how
// long a page is stands in the first; where that is lost, sizes are tried.
func (p *pageFile) findMetas() (found, magic bool) {
	try := func(at int64) (m meta, err error) {
		b := make([]byte, pageHead+metaSize)
		if n, err := p.file.ReadAt(b, at); n < len(b) {
			if err != nil && !errors.Is(err, io.EOF) {
				p.fault = fmt.Errorf("read its first pages: %w", reason(err))
				return m, fmt.Errorf("cannot be read: %w", reason(err))
			}
			return m, io.ErrUnexpectedEOF
		}
		m, err = parseMeta(b)
		if binary.LittleEndian.Uint32(b[pageHead:]) == boltMagic {
			magic = true
		}
		if err == nil && (!found || m.txid > p.meta.txid) {
			p.meta, found = m, true
		}
		return m, err
	}
	first, err := try(0)
	if err == nil {
		if _, err := try(int64(first.pageSize)); err != nil {
			p.wrong = append(p.wrong, fmt.Sprintf("meta page 1 %v", err))
		}
		return found, true
	}
	p.wrong = append(p.wrong, fmt.Sprintf("meta page 0 %v", err))
	for at := int64(1024); at <= 1<<24 && at+pageHead+metaSize <= p.size; at *= 2 {
		if m, err := try(at); err == nil && int64(m.pageSize) == at {
			return true, true
		}
		found = false
	}
	return false, magic
}

// page is one page with its overflow.
type page struct {
	id       uint64
	flags    uint16
	count    int
	overflow uint64
	data     []byte // from the page's head on; only the head where it was read shallowly
}

// read reads a page; shallow reads its head alone. The error says what is wrong
// with it.
func (p *pageFile) read(id uint64, shallow bool) (page, error) {
	if id < 2 || id >= p.meta.pages {
		return page{}, fmt.Errorf("page %d lies outside of the store's %d", id, p.meta.pages)
	}
	size := int64(p.meta.pageSize)
	want := size
	if shallow {
		want = pageHead
	}
	b := make([]byte, want)
	if _, err := p.file.ReadAt(b, int64(id)*size); err != nil {
		return page{}, fmt.Errorf("page %d cannot be read: %w", id, err)
	}
	le := binary.LittleEndian
	g := page{id: id, flags: le.Uint16(b[8:]), count: int(le.Uint16(b[10:])), overflow: uint64(le.Uint32(b[12:])), data: b}
	if self := le.Uint64(b); self != id {
		return g, fmt.Errorf("page %d says it is page %d", id, self)
	}
	if g.overflow > p.meta.pages-id-1 {
		return g, fmt.Errorf("page %d runs over %d pages, beyond the end", id, g.overflow)
	}
	if g.overflow > 0 && !shallow {
		g.data = make([]byte, size*int64(1+g.overflow))
		if _, err := p.file.ReadAt(g.data, int64(id)*size); err != nil {
			return g, fmt.Errorf("page %d cannot be read: %w", id, err)
		}
	}
	return g, nil
}

func (g page) isBranch() bool { return g.flags == flagBranch }
func (g page) isLeaf() bool   { return g.flags == flagLeaf }

// span cuts [pos, pos+size) counted from an element's own place.
func (g page) span(element int, pos, size uint32) ([]byte, bool) {
	start := int64(element) + int64(pos)
	end := start + int64(size)
	if start < pageHead || end > int64(len(g.data)) {
		return nil, false
	}
	return g.data[start:end:end], true
}

// checkRoom compares a page's count with where its first element's bytes begin, counted from the
// element: bbolt puts them right behind the last element. Nothing else tells a page that counts less
// than it holds, since no checksum covers its head.
func (g page) checkRoom(pos uint32) error {
	if int64(pos) == int64(g.count)*elementHead {
		return nil
	}
	return fmt.Errorf("page %d counts %d elements, and has room for %d", g.id, g.count, pos/elementHead)
}

// child is an element of a branch page.
type child struct {
	key  []byte
	page uint64
}

// children are a branch page's; those whose key lies outside of the page come
// without it, and an error says which.
func (g page) children() ([]child, error) {
	if pageHead+g.count*elementHead > len(g.data) {
		return nil, fmt.Errorf("page %d counts %d children, more than fit", g.id, g.count)
	}
	var err error
	le := binary.LittleEndian
	out := make([]child, g.count)
	for i := range out {
		at := pageHead + i*elementHead
		pos := le.Uint32(g.data[at:])
		if i == 0 {
			err = g.checkRoom(pos)
		}
		key, ok := g.span(at, pos, le.Uint32(g.data[at+4:]))
		if !ok && err == nil {
			err = fmt.Errorf("page %d: key %d lies outside of the page", g.id, i)
		}
		out[i] = child{key: key, page: le.Uint64(g.data[at+8:])}
	}
	return out, err
}

// entry is an element of a leaf page.
type entry struct {
	key, value []byte
	bucket     bool
}

// entries are a leaf page's; those that lie outside of the page are left out,
// and an error says which.
func (g page) entries() ([]entry, error) {
	if pageHead+g.count*elementHead > len(g.data) {
		return nil, fmt.Errorf("page %d counts %d entries, more than fit", g.id, g.count)
	}
	var err error
	le := binary.LittleEndian
	out := make([]entry, 0, g.count)
	for i := range g.count {
		at := pageHead + i*elementHead
		flags, pos := le.Uint32(g.data[at:]), le.Uint32(g.data[at+4:])
		ksize, vsize := le.Uint32(g.data[at+8:]), le.Uint32(g.data[at+12:])
		if i == 0 {
			err = g.checkRoom(pos)
		}
		key, ok := g.span(at, pos, ksize)
		value, also := g.span(at, pos+ksize, vsize)
		if !ok || !also || uint64(pos)+uint64(ksize) > 1<<32-1 || flags > flagBucket {
			if err == nil {
				err = fmt.Errorf("page %d: entry %d lies outside of the page", g.id, i)
			}
			continue
		}
		out = append(out, entry{key: key, value: value, bucket: flags == flagBucket})
	}
	return out, err
}

// bucketRoot reads a bucket's value: the page of its root, or the root page
// itself, inline.
func bucketRoot(value []byte) (root, sequence uint64, inline page, err error) {
	if len(value) < 16 {
		return 0, 0, inline, errors.New("bucket has no root")
	}
	le := binary.LittleEndian
	root, sequence = le.Uint64(value), le.Uint64(value[8:])
	if root != 0 {
		return root, sequence, inline, nil
	}
	b := value[16:]
	if len(b) < pageHead {
		return 0, 0, inline, errors.New("inline bucket is cut short")
	}
	inline = page{flags: le.Uint16(b[8:]), count: int(le.Uint16(b[10:])), data: b}
	if !inline.isLeaf() {
		return 0, 0, inline, fmt.Errorf("inline bucket is no leaf (flags %#x)", inline.flags)
	}
	return 0, sequence, inline, nil
}

// free reads the page numbers of the freelist.
func (p *pageFile) free() (ids []uint64, overflow uint64, err error) {
	if p.meta.freelist == noFreelist {
		return nil, 0, nil
	}
	g, err := p.read(p.meta.freelist, false)
	if err != nil {
		return nil, 0, fmt.Errorf("freelist: %w", err)
	}
	if g.flags != flagFreelist {
		return nil, 0, fmt.Errorf("freelist: page %d is something else (flags %#x)", g.id, g.flags)
	}
	le := binary.LittleEndian
	body, count := g.data[pageHead:], uint64(g.count)
	if count == 0xFFFF && len(body) >= 8 { // too many for the head: the first number counts them
		count, body = le.Uint64(body), body[8:]
	}
	if count > uint64(len(body)/8) {
		return nil, 0, fmt.Errorf("freelist: page %d counts %d pages, more than fit", g.id, count)
	}
	ids = make([]uint64, count)
	for i := range ids {
		ids[i] = le.Uint64(body[8*i:])
	}
	return ids, g.overflow, nil
}
