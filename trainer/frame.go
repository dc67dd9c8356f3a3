package trainer

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A frame is the container of snapshots and model files:
//
//	magic    8 bytes; its line end shows a transfer that rewrote line ends
//	version  uint32
//	header   uint32 length, then JSON
//	body     uint64 length, then bytes
//	digest   SHA-256 of all before
//
// Numbers are little-endian.

const frameOverhead = 8 + 4 + 4 + 8 + sha256.Size

func writeFrame(magic [8]byte, version uint32, header, body []byte) []byte {
	out := make([]byte, 0, frameOverhead+len(header)+len(body))
	out = append(out, magic[:]...)
	out = binary.LittleEndian.AppendUint32(out, version)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(header)))
	out = append(out, header...)
	out = binary.LittleEndian.AppendUint64(out, uint64(len(body)))
	out = append(out, body...)
	sum := sha256.Sum256(out)
	return append(out, sum[:]...)
}

// readFrame gives header and body of a frame, or why it is none: foreign, newer, truncated, altered.
// It allocates nothing.
func readFrame(magic [8]byte, version uint32, what string, data []byte) (header, body []byte, err error) {
	if !bytes.HasPrefix(data, magic[:min(len(data), len(magic))]) || len(data) == 0 {
		return nil, nil, fmt.Errorf("not a %s", what)
	}
	truncated := fmt.Errorf("the %s is truncated: %d bytes", what, len(data))
	if len(data) < frameOverhead {
		return nil, nil, truncated
	}
	if v := binary.LittleEndian.Uint32(data[8:]); v != version {
		if v > version {
			return nil, nil, fmt.Errorf("the %s has version %d, this program reads up to %d", what, v, version)
		}
		return nil, nil, fmt.Errorf("the %s has version %d, which this program does not read", what, v)
	}
	rest := data[16:]
	n := uint64(binary.LittleEndian.Uint32(data[12:]))
	if n > uint64(len(rest)-8-sha256.Size) {
		return nil, nil, truncated
	}
	header, rest = rest[:n], rest[n:]
	n = binary.LittleEndian.Uint64(rest)
	rest = rest[8:]
	switch have := uint64(len(rest) - sha256.Size); {
	case n > have:
		return nil, nil, truncated
	case n < have:
		return nil, nil, fmt.Errorf("the %s has %d bytes after its end", what, have-n)
	}
	sum := sha256.Sum256(data[:len(data)-sha256.Size])
	if !bytes.Equal(sum[:], data[len(data)-sha256.Size:]) {
		return nil, nil, fmt.Errorf("the %s was altered: %w", what, errChecksum)
	}
	return header, rest[:n], nil
}

// checkFrameSize tells whether a file is as long as the two lengths in it say; what else may be wrong is readFrame's
// to find.
func checkFrameSize(version uint32, what string, r io.ReaderAt, size int64) error {
	truncated := fmt.Errorf("the %s is truncated: %d bytes", what, size)
	rest := size - frameOverhead
	if rest < 0 {
		return truncated
	}
	var length [8]byte
	if _, err := r.ReadAt(length[:], 8); err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(length[:]) != version { // another may count otherwise
		return nil
	}
	header := int64(binary.LittleEndian.Uint32(length[4:]))
	if header > rest {
		return truncated
	}
	if _, err := r.ReadAt(length[:], 16+header); err != nil {
		return err
	}
	switch body, have := binary.LittleEndian.Uint64(length[:]), uint64(rest-header); {
	case body > have:
		return truncated
	case body < have:
		return fmt.Errorf("the %s has %d bytes after its end", what, have-body)
	}
	return nil
}

var errChecksum = errors.New("its checksum does not match")
