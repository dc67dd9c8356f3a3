package dataset

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// An IDX file is a header — two zero bytes, the type of the elements (8: unsigned byte), the
// number of dimensions, each dimension as a big-endian uint32 — and then the elements. Both the
// header and the payload are foreign: no allocation trusts a dimension that the bytes have not
// borne out.
const (
	idxUnsignedByte = 0x08

	// A promise up to oneShot is allocated at once, so that the usual file is read into its
	// final place; above it, where nobody knows how much memory is free, the buffer grows with the
	// bytes that really come.
	oneShot = 256 << 20
	// Deflate cannot shrink more than this, so a larger promise is refused unread.
	maxDeflateRatio = 1032
	// maxElements keeps products of dimensions far from overflow (4 TiB).
	maxElements = 1 << 42

	// maxPayload is what is kept of one file. It is held in memory, and a gzip file of
	// some megabytes unpacks to more than there is.
	maxPayload = 16 << 30

	readBlock = 1 << 20
)

// idx is the payload of an IDX file; dims[0] counts all its elements, data may hold fewer (limit).
type idx struct {
	dims []int
	data []byte
}

// idxSpec says what of an IDX file is wanted. The zero value: all of it.
type idxSpec struct {
	limit int          // the first elements of the first dimension; 0: all. Of the rest only the length is checked
	room  *room        // where the elements kept go
	watch func([]byte) // is given each block kept, in order, from the same goroutine
}

// readIDX reads an IDX file of unsigned bytes with one of the numbers of dimensions given. Errors name the file.
func readIDX(fsys fs.FS, name string, spec idxSpec, ranks ...int) (*idx, error) {
	x, err := openIDX(fsys, name, spec, ranks)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path.Base(name), err)
	}
	return x, nil
}

func openIDX(fsys fs.FS, name string, spec idxSpec, ranks []int) (*idx, error) {
	f, info, err := openRegular(fsys, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	most := info.Size()
	whole := func(size int64) bool { return size == info.Size() }
	var r io.Reader = bufio.NewReaderSize(f, 1<<16)
	if strings.HasSuffix(name, ".gz") {
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, fmt.Errorf("no gzip file: %w", err)
		}
		r, most = z, most*maxDeflateRatio
		whole = func(size int64) bool { return gzipHolds(f, info.Size(), size) }
	}
	return parseIDX(r, most, spec, whole, ranks)
}

// gzipHolds tells whether a gzip file unpacks to size bytes, going by the length it ends with. That is of its
// last member and modulo 2³²: true may be wrong only for a file made to deceive, and false for many a good one.
func gzipHolds(f fs.File, packed, size int64) bool {
	at, ok := f.(io.ReaderAt)
	if !ok {
		return false
	}
	var tail [4]byte
	if _, err := at.ReadAt(tail[:], packed-int64(len(tail))); err != nil {
		return false
	}
	return binary.LittleEndian.Uint32(tail[:]) == uint32(size)
}

// parseIDX reads a whole IDX stream that holds at most `most` bytes, header included. Where a limit leaves a
// part of it, that is read only if whole does not say that the stream has the length it should.
func parseIDX(r io.Reader, most int64, spec idxSpec, whole func(size int64) bool, ranks []int) (*idx, error) {
	x := &idx{}
	size, err := x.readHeader(r, ranks)
	if err != nil {
		return nil, err
	}
	header := int64(4 + 4*len(x.dims))
	if size > most-header {
		return nil, fmt.Errorf("header promises %s, %d bytes, but the file holds at most %d", x.shape(), size, max(0, most-header))
	}
	keep := size
	if n := int64(x.dims[0]); spec.limit > 0 && int64(spec.limit) < n {
		keep = size / n * int64(spec.limit)
	}
	if keep > maxPayload {
		return nil, fmt.Errorf("header promises %s, %d bytes, at most %d are read; data.limit takes fewer", x.shape(), size, int64(maxPayload))
	}
	if err := spec.room.take(keep); err != nil {
		return nil, fmt.Errorf("header promises %s, which %w", x.shape(), err)
	}
	first := min(keep, oneShot)
	if spec.room != nil { // it is there, and pages that nothing comes into take none of it
		first = keep
	}
	x.data = make([]byte, 0, first)
	for int64(len(x.data)) < keep {
		if len(x.data) == cap(x.data) {
			grown := make([]byte, len(x.data), min(keep, 2*int64(cap(x.data))))
			copy(grown, x.data)
			x.data = grown
		}
		block := x.data[len(x.data):min(cap(x.data), len(x.data)+readBlock)]
		n, err := io.ReadFull(r, block)
		if err != nil {
			return nil, x.shortfall(size, int64(len(x.data)+n), err)
		}
		x.data = x.data[:len(x.data)+n]
		if spec.watch != nil {
			spec.watch(block)
		}
	}
	// A limit is for a quick look, and unpacking all of Fashion-MNIST takes 0.3 s (0.24 s with klauspost/compress:
	// not worth a dependency). So a part must do where the file ends as it should.
	if keep < size && whole(header+size) {
		return x, nil
	}
	// Reading on to the end checks the rest: its length, and the checksum of a gzip file.
	rest, err := io.Copy(io.Discard, io.LimitReader(r, size-keep+1))
	switch {
	case err != nil || rest < size-keep:
		return nil, x.shortfall(size, keep+rest, err)
	case rest > size-keep:
		return nil, fmt.Errorf("header promises %s, %d bytes, but more follow", x.shape(), size)
	}
	return x, nil
}

// readHeader fills in the dimensions and gives the size of the payload in bytes.
func (x *idx) readHeader(r io.Reader, ranks []int) (int64, error) {
	var magic [4]byte
	if _, err := io.ReadFull(r, magic[:]); err != nil {
		return 0, fmt.Errorf("no IDX header: %w", truncated(err))
	}
	if magic[0] != 0 || magic[1] != 0 {
		return 0, fmt.Errorf("no IDX file: it starts with %#08x", binary.BigEndian.Uint32(magic[:]))
	}
	if magic[2] != idxUnsignedByte {
		return 0, fmt.Errorf("elements are of IDX type %#02x, only unsigned bytes (0x08) are read", magic[2])
	}
	rank := int(magic[3])
	fits := false
	for _, want := range ranks {
		fits = fits || rank == want
	}
	if !fits {
		return 0, fmt.Errorf("has %d dimensions, want %s", rank, orList(ranks))
	}
	size := int64(1)
	for range rank {
		var dim [4]byte
		if _, err := io.ReadFull(r, dim[:]); err != nil {
			return 0, fmt.Errorf("no IDX header: %w", truncated(err))
		}
		d := int64(binary.BigEndian.Uint32(dim[:]))
		if d == 0 {
			return 0, fmt.Errorf("dimension %d of %d is 0", len(x.dims)+1, rank)
		}
		if size > maxElements/d {
			return 0, fmt.Errorf("header promises over %d bytes", int64(maxElements))
		}
		size *= d
		x.dims = append(x.dims, int(d))
	}
	return size, nil
}

// shortfall says why a payload ended early.
func (x *idx) shortfall(want, have int64, err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("truncated: header promises %s, %d bytes, but only %d are there", x.shape(), want, have)
	}
	return fmt.Errorf("after %d of %d bytes: %w", have, want, err)
}

// shape is the dimensions as people write them.
func (x *idx) shape() string {
	var parts []string
	for _, d := range x.dims {
		parts = append(parts, fmt.Sprint(d))
	}
	return strings.Join(parts, "×")
}

func truncated(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the file ends within it")
	}
	return err
}

func orList(ranks []int) string {
	var parts []string
	for _, r := range ranks {
		parts = append(parts, fmt.Sprint(r))
	}
	return strings.Join(parts, " or ")
}
