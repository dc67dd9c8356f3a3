package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"

	"espalier/search"
)

// checkpoints keeps a file a snapshot: PATH.d/SWEEP/NAME.ckpt. It implements
// search.Checkpoints.
type checkpoints struct {
	files  FileSystem
	folder string
	tidies sync.RWMutex // folders are removed under its lock, files made in them under a reader's
}

const (
	checkpointMagic  = "espckpt\x01" // the last byte is the version
	checkpointHead   = len(checkpointMagic) + 8 + sha256.Size
	checkpointSuffix = ".ckpt"
)

// newCheckpoints finds the folder, which need not be there yet, and removes what
// a killed runner left half written in it.
func newCheckpoints(store string, files FileSystem) (*checkpoints, error) {
	if files == nil {
		files = machine{}
	}
	c := &checkpoints{files: files, folder: store + ".d"}
	sweeps, err := files.ReadDir(c.folder)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the folder of checkpoints %q: %w", c.folder, reason(err))
	}
	for _, sweep := range sweeps {
		if !sweep.IsDir() {
			continue
		}
		folder := filepath.Join(c.folder, sweep.Name())
		entries, err := files.ReadDir(folder)
		if err != nil {
			return nil, fmt.Errorf("read the folder of checkpoints %q: %w", folder, reason(err))
		}
		for _, e := range entries {
			if strings.Contains(e.Name(), checkpointSuffix+tempSuffix) {
				_ = files.Remove(filepath.Join(folder, e.Name()))
			}
		}
	}
	return c, nil
}

// path gives a name a file, in the folder of its sweep. Letters, digits, dash and underscore stay; all else
// is escaped, so no name leaves the folder and no two names meet. Long names
// end in a hash.
func (c *checkpoints) path(id search.SweepID, name string) string {
	file := escape(name)
	if len(file) > 120 {
		sum := sha256.Sum256([]byte(name))
		file = file[:80] + "%" + hex.EncodeToString(sum[:16])
	}
	return filepath.Join(c.folder, id.String(), file+checkpointSuffix)
}

func escape(name string) string {
	var b strings.Builder
	for i := range len(name) {
		switch ch := name[i]; {
		case 'a' <= ch && ch <= 'z', '0' <= ch && ch <= '9', ch == '-', ch == '_':
			b.WriteByte(ch)
		default: // capitals too: there are file systems that do not tell them apart
			fmt.Fprintf(&b, "%%%02x", ch)
		}
	}
	return b.String()
}

// checkpointSum covers what the file is for, beside its contents: a file moved to
// another name is no checkpoint of it.
func checkpointSum(id search.SweepID, name string, state []byte) []byte {
	h := sha256.New()
	h.Write(id[:])
	h.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(name))))
	io.WriteString(h, name)
	h.Write(state)
	return h.Sum(nil)
}

// Load reads a snapshot; nil, nil where there is none. A damaged one is an
// error: the caller warns and trains from the start.
func (c *checkpoints) Load(id search.SweepID, name string) ([]byte, error) {
	path := c.path(id, name)
	f, err := c.files.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read checkpoint %q: %w", path, reason(err))
	}
	defer f.Close()
	state, err := readCheckpoint(f, id, name)
	if err != nil {
		return nil, fmt.Errorf("read checkpoint %q: %w", path, reason(err))
	}
	return state, nil
}

func readCheckpoint(f File, id search.SweepID, name string) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	head := make([]byte, checkpointHead)
	if _, err := io.ReadFull(f, head); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			return nil, errors.New("it is cut short")
		}
		return nil, err
	}
	magic, rest := head[:len(checkpointMagic)], head[len(checkpointMagic):]
	if !bytes.Equal(magic[:7], []byte(checkpointMagic[:7])) {
		return nil, errors.New("it is no checkpoint")
	}
	if magic[7] != checkpointMagic[7] {
		return nil, fmt.Errorf("it is of version %d, this one reads %d", magic[7], checkpointMagic[7])
	}
	// The size is compared with the file's before anything is allocated.
	size := binary.LittleEndian.Uint64(rest)
	if have := uint64(max(0, info.Size()-int64(checkpointHead))); size != have {
		return nil, fmt.Errorf("it should hold %d bytes and holds %d", size, have)
	}
	state := make([]byte, size)
	if _, err := io.ReadFull(f, state); err != nil {
		return nil, err
	}
	if !bytes.Equal(checkpointSum(id, name, state), rest[8:]) {
		return nil, errChecksum
	}
	return state, nil
}

// Save replaces a snapshot; it survives a crash when Save returns.
func (c *checkpoints) Save(id search.SweepID, name string, state []byte) error {
	path := c.path(id, name)
	c.tidies.RLock()
	defer c.tidies.RUnlock()
	// Not the folders above: if the store's own is gone, so is the store.
	for _, folder := range []string{c.folder, filepath.Dir(path)} {
		if err := c.files.Mkdir(folder); err != nil {
			return fmt.Errorf("make folder %q: %w", folder, reason(err))
		}
	}
	head := make([]byte, 0, checkpointHead)
	head = append(head, checkpointMagic...)
	head = binary.LittleEndian.AppendUint64(head, uint64(len(state)))
	head = append(head, checkpointSum(id, name, state)...)
	return writeAtomic(c.files, path, head, state)
}

// Remove removes a snapshot, if it is there, and its folder with the last one.
// Nothing is synced: one that comes back after a crash is of a job that is done.
func (c *checkpoints) Remove(id search.SweepID, name string) error {
	path := c.path(id, name)
	if err := c.files.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove checkpoint %q: %w", path, reason(err))
	}
	c.tidy(id)
	return nil
}

// RemoveOthers removes the snapshots of a sweep but those whose names begin with
// keep, which is to be short: the end of a long name is not in its file's.
func (c *checkpoints) RemoveOthers(id search.SweepID, keep string) error {
	folder := filepath.Join(c.folder, id.String())
	entries, err := c.files.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the folder of checkpoints %q: %w", folder, reason(err))
	}
	var failed error
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), checkpointSuffix) || strings.HasPrefix(e.Name(), escape(keep)) {
			continue
		}
		if err := c.files.Remove(filepath.Join(folder, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = errors.Join(failed, fmt.Errorf("remove checkpoint %q: %w", e.Name(), reason(err)))
		}
	}
	c.tidy(id)
	return failed
}

// tidy removes folders that are empty; Remove of one that is not fails, which is
// how it is known.
func (c *checkpoints) tidy(id search.SweepID) {
	c.tidies.Lock()
	defer c.tidies.Unlock()
	_ = c.files.Remove(filepath.Join(c.folder, id.String()))
	_ = c.files.Remove(c.folder)
}

// removeSweep removes all of a sweep.
func (c *checkpoints) removeSweep(id search.SweepID) error {
	if err := c.files.RemoveAll(filepath.Join(c.folder, id.String())); err != nil {
		return fmt.Errorf("remove checkpoints of sweep %s: %w", id, reason(err))
	}
	c.tidy(id)
	return nil
}
