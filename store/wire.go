package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"time"

	"espalier/search"
)

// encoder appends values in the encoding FORMAT.md describes: integers as
// zigzag varints, floats as their 8 bytes (little endian, so that every bit
// comes back, NaN's too), strings and byte slices after their length.
type encoder struct{ buf []byte }

func (e *encoder) byte(b byte)      { e.buf = append(e.buf, b) }
func (e *encoder) raw(b []byte)     { e.buf = append(e.buf, b...) }
func (e *encoder) int(v int)        { e.buf = binary.AppendVarint(e.buf, int64(v)) }
func (e *encoder) fixed(v uint64)   { e.buf = binary.LittleEndian.AppendUint64(e.buf, v) }
func (e *encoder) float(v float64)  { e.fixed(math.Float64bits(v)) }
func (e *encoder) bytes(b []byte)   { e.int(len(b)); e.raw(b) }
func (e *encoder) string(s string)  { e.int(len(s)); e.buf = append(e.buf, s...) }
func (e *encoder) time(t time.Time) { e.fixed(uint64(nanos(t))) }
func (e *encoder) strings(s []string) {
	e.int(len(s))
	for _, x := range s {
		e.string(x)
	}
}

// nanos is a time as it is kept: nanoseconds since 1970 UTC. The zero time,
// which that cannot hold, is the smallest number.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return math.MinInt64
	}
	return t.UnixNano()
}

func fromNanos(n int64) time.Time {
	if n == math.MinInt64 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

var errShort = errors.New("record ends too early")

// decoder reads what an encoder wrote. The first error stays; after it every
// value is zero. No length is trusted beyond the bytes that are there.
type decoder struct {
	buf   []byte
	err   error
	names map[string]string // strings seen before, shared: the same revision stands in every outcome
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
	d.buf = nil
}

// raw is the next n bytes, still part of the buffer.
func (d *decoder) raw(n int) []byte {
	if n < 0 || n > len(d.buf) {
		d.fail(errShort)
		return nil
	}
	b := d.buf[:n:n]
	d.buf = d.buf[n:]
	return b
}

func (d *decoder) byte() byte {
	if b := d.raw(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) int() int {
	v, n := binary.Varint(d.buf)
	if n <= 0 || int64(int(v)) != v {
		d.fail(errShort)
		return 0
	}
	d.buf = d.buf[n:]
	return int(v)
}

func (d *decoder) fixed() uint64 {
	if b := d.raw(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (d *decoder) float() float64  { return math.Float64frombits(d.fixed()) }
func (d *decoder) time() time.Time { return fromNanos(int64(d.fixed())) }

// count reads a number of things that take at least size bytes each, so that a
// damaged count cannot ask for more memory than the record is long.
func (d *decoder) count(size int) int {
	n := d.int()
	if n < 0 || n > len(d.buf)/size {
		d.fail(errShort)
		return 0
	}
	return n
}

// bytes is a copy; nil for none.
func (d *decoder) bytes() []byte {
	b := d.raw(d.int())
	if len(b) == 0 {
		return nil
	}
	return append([]byte(nil), b...)
}

func (d *decoder) string() string {
	b := d.raw(d.int())
	if d.names == nil {
		return string(b)
	}
	if s, ok := d.names[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(d.names) < 1024 && len(s) < 128 {
		d.names[s] = s
	}
	return s
}

// strings is nil for none.
func (d *decoder) strings() []string {
	n := d.count(1)
	if n == 0 {
		return nil
	}
	s := make([]string, 0, n)
	for range n {
		s = append(s, d.string())
	}
	return s
}

// end reports the first error, or bytes left over.
func (d *decoder) end() error {
	if d.err == nil && len(d.buf) > 0 {
		return fmt.Errorf("record has %d bytes too many", len(d.buf))
	}
	return d.err
}

// scope is what a record belongs to. It is part of every checksum: a record
// that strays into another sweep, or survives on a free page after its sweep
// was started over (which draws a new generation), does not verify.
type scope struct {
	id         search.SweepID
	generation uint64
}

const sealSize = 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is the CRC-32C of where a record belongs and of what it says.
func (s scope) checksum(tag byte, key, body []byte) uint32 {
	var head [25]byte
	copy(head[:], s.id[:])
	binary.LittleEndian.PutUint64(head[16:], s.generation)
	head[24] = tag
	sum := crc32.Update(0, castagnoli, head[:])
	sum = crc32.Update(sum, castagnoli, key)
	return crc32.Update(sum, castagnoli, body)
}

// seal appends the checksum to a body.
func (s scope) seal(tag byte, key, body []byte) []byte {
	return binary.LittleEndian.AppendUint32(body, s.checksum(tag, key, body))
}

var errChecksum = errors.New("checksum does not match")

// unseal checks a record and returns its body, which is part of value.
func (s scope) unseal(tag byte, key, value []byte) ([]byte, error) {
	if len(value) < sealSize {
		return nil, errShort
	}
	body := value[:len(value)-sealSize]
	if binary.LittleEndian.Uint32(value[len(body):]) != s.checksum(tag, key, body) {
		return nil, errChecksum
	}
	return body, nil
}
