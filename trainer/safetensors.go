package trainer

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
)

// safetensors: a little-endian uint64 length of the header, the header (a JSON object from names to
// dtype, shape and [begin, end) within the rest), then the bytes of the tensors without gaps.
// https://github.com/huggingface/safetensors

// headerLimit is the format's own bound on the header.
const headerLimit = 100 << 20

type safetensor struct {
	DType   string  `json:"dtype"`
	Shape   []int64 `json:"shape"`
	Offsets []int64 `json:"data_offsets"`
}

// ReadWeights reads safetensors of float32. It is strict: a header that promises more than the file
// holds, tensors that overlap, leave gaps or are named twice are errors that name the tensor. Memory
// is bounded by the size of data.
func ReadWeights(data []byte) (*Weights, error) {
	header, rest, err := splitHeader(data)
	if err != nil {
		return nil, fmt.Errorf("read safetensors: %w", err)
	}
	entries, err := readHeader(header)
	if err != nil {
		return nil, fmt.Errorf("read safetensors: header: %w", err)
	}
	w := &Weights{}
	next := int64(0)
	for _, e := range entries {
		if e.Offsets[0] != next {
			return nil, fmt.Errorf("read safetensors: tensor %q begins at byte %d, want %d: gap or overlap", e.name, e.Offsets[0], next)
		}
		t, err := e.tensor(rest)
		if err != nil {
			return nil, fmt.Errorf("read safetensors: tensor %q: %w", e.name, err)
		}
		w.tensors = append(w.tensors, t)
		next = e.Offsets[1]
	}
	if next != int64(len(rest)) {
		return nil, fmt.Errorf("read safetensors: the header accounts for %d bytes of tensors, the file holds %d", next, len(rest))
	}
	return w, nil
}

func splitHeader(data []byte) (header, rest []byte, err error) {
	if len(data) < 8 {
		return nil, nil, fmt.Errorf("%d bytes are no safetensors file", len(data))
	}
	n := binary.LittleEndian.Uint64(data)
	data = data[8:]
	if n > headerLimit || n > uint64(len(data)) {
		return nil, nil, fmt.Errorf("the header is said to have %d bytes, the file holds %d", n, len(data))
	}
	return data[:n], data[n:], nil
}

type namedEntry struct {
	name string
	safetensor
}

// readHeader reads the header token by token, since a map would hide a name that stands twice,
// and sorts the entries by their place.
func readHeader(header []byte) (entries []namedEntry, err error) {
	d := json.NewDecoder(bytes.NewReader(header))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, _ := t.(string)
		if seen[name] {
			return nil, fmt.Errorf("tensor %q stands twice", name)
		}
		seen[name] = true
		if name == "__metadata__" {
			var metadata map[string]string
			if err := d.Decode(&metadata); err != nil {
				return nil, fmt.Errorf("__metadata__: %w", err)
			}
			continue
		}
		e := namedEntry{name: name}
		if err := d.Decode(&e.safetensor); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		if len(e.Offsets) != 2 || e.Offsets[0] < 0 || e.Offsets[1] < e.Offsets[0] {
			return nil, fmt.Errorf("tensor %q: data_offsets %v, want [begin, end]", name, e.Offsets)
		}
		entries = append(entries, e)
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("more than one JSON value")
	}
	slices.SortStableFunc(entries, func(a, b namedEntry) int {
		if c := a.Offsets[0] - b.Offsets[0]; c != 0 {
			return int(min(max(c, -1), 1))
		}
		return int(min(max(a.Offsets[1]-b.Offsets[1], -1), 1))
	})
	return entries, nil
}

func (e *namedEntry) tensor(data []byte) (Tensor, error) {
	t := Tensor{Name: e.name, Shape: make([]int, len(e.Shape))}
	if e.DType != "F32" {
		return t, fmt.Errorf("dtype %q, want \"F32\"", e.DType)
	}
	n := int64(1)
	for i, d := range e.Shape {
		if d < 0 || d > enough {
			return t, fmt.Errorf("shape %v", e.Shape)
		}
		n = saturate(n, d)
		t.Shape[i] = int(d)
	}
	begin, end := e.Offsets[0], e.Offsets[1]
	if end > int64(len(data)) {
		return t, fmt.Errorf("ends at byte %d, the file holds %d", end, len(data))
	}
	if saturate(4, n) != end-begin {
		return t, fmt.Errorf("shape %v needs %d values of 4 bytes, its place has %d bytes", e.Shape, n, end-begin)
	}
	t.Data = readFloats(data[begin:end])
	return t, nil
}

// MarshalBinary writes the weights as safetensors; equal weights give equal bytes.
func (w *Weights) MarshalBinary() ([]byte, error) { return w.Safetensors(nil) }

// Safetensors writes the weights with metadata beside them, which readers of weights skip. Equal ones give equal bytes.
func (w *Weights) Safetensors(metadata map[string]string) ([]byte, error) {
	var header bytes.Buffer
	header.WriteByte('{')
	if len(metadata) > 0 {
		text, err := json.Marshal(metadata) // names sorted
		if err != nil {
			return nil, fmt.Errorf("write safetensors: metadata: %w", err)
		}
		fmt.Fprintf(&header, `"__metadata__":%s`, text)
	}
	offset := 0
	for _, t := range w.tensors {
		if header.Len() > 1 {
			header.WriteByte(',')
		}
		name, err := json.Marshal(t.Name)
		if err != nil {
			return nil, fmt.Errorf("write safetensors: tensor %q: %w", t.Name, err)
		}
		end := offset + 4*len(t.Data)
		shape := []byte{'['}
		for j, d := range t.Shape {
			if j > 0 {
				shape = append(shape, ',')
			}
			shape = strconv.AppendInt(shape, int64(d), 10)
		}
		fmt.Fprintf(&header, `%s:{"dtype":"F32","shape":%s],"data_offsets":[%d,%d]}`, name, shape, offset, end)
		offset = end
	}
	header.WriteByte('}')
	for header.Len()%8 != 0 {
		header.WriteByte(' ') // the format's padding, so that the tensors are aligned
	}
	if header.Len() > headerLimit {
		return nil, fmt.Errorf("write safetensors: a header of %d bytes, the format takes %d", header.Len(), headerLimit)
	}
	out := binary.LittleEndian.AppendUint64(make([]byte, 0, 8+header.Len()+offset), uint64(header.Len()))
	out = append(out, header.Bytes()...)
	for _, t := range w.tensors {
		out = appendFloats(out, t.Data)
	}
	return out, nil
}

func readFloats(data []byte) []float32 {
	out := make([]float32, len(data)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return out
}

func appendFloats(to []byte, values []float32) []byte {
	for _, x := range values {
		to = binary.LittleEndian.AppendUint32(to, math.Float32bits(x))
	}
	return to
}
