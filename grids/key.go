package grids

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"reflect"
	"slices"
)

// Key is the content hash of effective parameters, 16 bytes of SHA-256 over a
// canonical encoding: names sorted, 3 and 3.0 the same.
type Key [16]byte

// String is the key in hexadecimal.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// KeyOf hashes effective parameters (axes, params and defaults together).
func KeyOf(values map[string]any) Key {
	var buffer [512]byte
	sum := sha256.Sum256(appendTable(buffer[:0], values))
	return Key(sum[:16])
}

// Canonical is the encoding KeyOf hashes; equal for equal values, and only for
// them. Every value is a tag byte and its content; what has no fixed length has
// its length in front, so that no two values run into each other:
//
//	n              nil
//	t, f           true, false
//	i + 8 bytes    an integer, big endian; a float without fraction is one
//	u + 8 bytes    an integer above 2^63-1
//	d + 8 bytes    any other float, its IEEE bits; one NaN
//	s + length     a string
//	l + count      a list, its values in order
//	m + count      a table: name and value, by name in byte order
//
// Lengths and counts are unsigned varints. Numeric types of Go other than those
// TOML yields encode as the number they hold.
func Canonical(values map[string]any) []byte { return appendTable(nil, values) }

// AppendCanonical appends the encoding of one field of a table. Canonical is 'm',
// the count as a varint, and this for every field in byte order of the names: who
// hashes many points that differ in few values can keep the encodings of the rest.
func AppendCanonical(dst []byte, name string, value any) []byte {
	dst = appendString(dst, name)
	if b, ok := appendScalar(dst, value); ok {
		return b
	}
	// Apart: what takes part in a recursion, the compiler moves to the heap, and
	// KeyOf's buffer is not to go there.
	return append(dst, compose(value)...)
}

func appendTable(b []byte, table map[string]any) []byte {
	var buffer [16]string
	b = binary.AppendUvarint(append(b, 'm'), uint64(len(table)))
	for _, name := range appendNames(buffer[:0], table) {
		b = AppendCanonical(b, name, table[name])
	}
	return b
}

// appendNames appends a table's names in byte order.
func appendNames(names []string, table map[string]any) []string {
	for name := range table {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func appendString(b []byte, s string) []byte {
	b = append(b, 's')
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func appendInteger(b []byte, v int64) []byte {
	return binary.BigEndian.AppendUint64(append(b, 'i'), uint64(v))
}

func appendFloat(b []byte, v float64) []byte {
	// 2^63 itself is out of int64's range; -2^63 is in it.
	if v == math.Trunc(v) && v >= -(1<<63) && v < 1<<63 {
		return appendInteger(b, int64(v))
	}
	if v == math.Trunc(v) && v >= 1<<63 && v < 1<<64 {
		return binary.BigEndian.AppendUint64(append(b, 'u'), uint64(v))
	}
	if math.IsNaN(v) {
		v = math.NaN()
	}
	return binary.BigEndian.AppendUint64(append(b, 'd'), math.Float64bits(v))
}

// appendScalar appends a value that holds no others; false where it is none.
func appendScalar(b []byte, value any) ([]byte, bool) {
	switch v := value.(type) {
	case nil:
		return append(b, 'n'), true
	case bool:
		if v {
			return append(b, 't'), true
		}
		return append(b, 'f'), true
	case int64:
		return appendInteger(b, v), true
	case int:
		return appendInteger(b, int64(v)), true
	case float64:
		return appendFloat(b, v), true
	case string:
		return appendString(b, v), true
	}
	return b, false
}

// appendValue appends any value.
func appendValue(b []byte, value any) []byte {
	if b, ok := appendScalar(b, value); ok {
		return b
	}
	return append(b, compose(value)...)
}

// compose encodes a value that holds others, or is of no type that TOML yields.
func compose(value any) []byte {
	switch v := value.(type) {
	case []any:
		b := binary.AppendUvarint([]byte{'l'}, uint64(len(v)))
		for _, item := range v {
			b = appendValue(b, item)
		}
		return b
	case map[string]any:
		b := binary.AppendUvarint([]byte{'m'}, uint64(len(v)))
		for _, name := range appendNames(nil, v) {
			b = appendValue(appendString(b, name), v[name])
		}
		return b
	}
	return appendOther(nil, reflect.ValueOf(value))
}

// appendOther encodes what Go code may put in a map but TOML never yields.
func appendOther(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Bool:
		return appendValue(b, v.Bool())
	case reflect.String:
		return appendString(b, v.String())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return appendInteger(b, v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if u := v.Uint(); u > math.MaxInt64 {
			return binary.BigEndian.AppendUint64(append(b, 'u'), u)
		}
		return appendInteger(b, int64(v.Uint()))
	case reflect.Float32, reflect.Float64:
		return appendFloat(b, v.Float())
	case reflect.Slice, reflect.Array:
		b = binary.AppendUvarint(append(b, 'l'), uint64(v.Len()))
		for i := range v.Len() {
			b = appendValue(b, v.Index(i).Interface())
		}
		return b
	case reflect.Map:
		if v.Type().Key().Kind() == reflect.String {
			table := make(map[string]any, v.Len())
			for _, k := range v.MapKeys() {
				table[k.String()] = v.MapIndex(k).Interface()
			}
			return append(b, compose(table)...)
		}
	}
	// No parameter is of such a type; its printed form keeps the encoding total.
	return appendString(append(b, 'x'), fmt.Sprintf("%T %v", v.Interface(), v.Interface()))
}
