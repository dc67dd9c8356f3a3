package store

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"espalier/search"
)

// faulty is a file system on which one call fails: the one whose number it is.
type faulty struct {
	machine
	calls, failing int
	err            error
	short          bool // writes write half and report no error
}

func (f *faulty) step() error {
	f.calls++
	if f.calls == f.failing {
		return f.err
	}
	return nil
}

func (f *faulty) Create(path string) (File, error) {
	if err := f.step(); err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	file, err := f.machine.Create(path)
	return &faultyFile{file, f}, err
}

func (f *faulty) Rename(from, to string) error {
	if err := f.step(); err != nil {
		return err
	}
	return f.machine.Rename(from, to)
}

func (f *faulty) Mkdir(path string) error {
	if err := f.step(); err != nil {
		return err
	}
	return f.machine.Mkdir(path)
}

func (f *faulty) SyncFolder(path string) error {
	if err := f.step(); err != nil {
		return err
	}
	return f.machine.SyncFolder(path)
}

type faultyFile struct {
	File
	system *faulty
}

func (f *faultyFile) Write(b []byte) (int, error) {
	if f.system.step() != nil {
		n, _ := f.File.Write(b[:len(b)/2])
		if f.system.short {
			return n, nil
		}
		return n, f.system.err
	}
	return f.File.Write(b)
}

func (f *faultyFile) Sync() error {
	if err := f.system.step(); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *faultyFile) Close() error {
	return errors.Join(f.File.Close(), f.system.step())
}

// TestCheckpointFaults fails each step of a save in turn. The snapshot from
// before is still there, whole, and no temp file is left; afterwards it works.
func TestCheckpointFaults(t *testing.T) {
	old, young := bytes.Repeat([]byte("old"), 1000), bytes.Repeat([]byte("young"), 1000)
	for _, c := range []struct {
		name  string
		err   error
		short bool
	}{{"disk full", syscall.ENOSPC, false}, {"input/output error", syscall.EIO, false}, {"short write", syscall.EIO, true}} {
		t.Run(c.name, func(t *testing.T) {
			for step := 1; ; step++ {
				path := temp(t)
				system := &faulty{}
				k, err := newCheckpoints(path, system)
				if err != nil {
					t.Fatal(err)
				}
				id := search.SweepID{1}
				if err := k.Save(id, "job", old); err != nil {
					t.Fatal(err)
				}
				if step > system.calls {
					if step < 8 {
						t.Fatalf("a save has %d steps, which is too few", system.calls)
					}
					return
				}
				*system = faulty{failing: step, err: c.err, short: c.short}
				err = k.Save(id, "job", young)
				if err == nil {
					t.Errorf("step %d: no error", step)
				} else if !c.short && !errors.Is(err, c.err) {
					t.Errorf("step %d: %v", step, err)
				}
				got, err := k.Load(id, "job")
				if err != nil || !bytes.Equal(got, old) && !bytes.Equal(got, young) {
					t.Errorf("step %d: a snapshot of %d bytes, error %v", step, len(got), err)
				}
				if left, _ := filepath.Glob(filepath.Join(path+".d", "*", "*"+tempSuffix+"*")); len(left) > 0 {
					t.Errorf("step %d: left %v", step, left)
				}
				if err := k.Save(id, "job", young); err != nil {
					t.Errorf("step %d: afterwards: %v", step, err)
				}
			}
		})
	}
}

func TestCheckpointNames(t *testing.T) {
	path := temp(t)
	k, err := newCheckpoints(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	id := search.SweepID{2}
	names := []string{"", ".", "..", "../../etc/passwd", "a/b", "a\\b", "A", "a", "a%2f", "a\x00\n", "é", strings.Repeat("x", 500), strings.Repeat("x", 501), "CON"}
	for _, name := range names {
		if err := k.Save(id, name, []byte("state of "+name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range names {
		got, err := k.Load(id, name)
		if err != nil || string(got) != "state of "+name {
			t.Errorf("%q: %q, error %v", name, got, err)
		}
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("files outside of the folder: %v", entries)
	}
	for _, name := range names {
		for range 2 { // the second finds nothing
			if err := k.Remove(id, name); err != nil {
				t.Errorf("%q: %v", name, err)
			}
		}
	}
	if _, err := os.Stat(path + ".d"); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the empty folder is left")
	}
}

// TestDamagedCheckpoint: cut short, changed, of another version, of another job:
// an error, never a snapshot.
func TestDamagedCheckpoint(t *testing.T) {
	k, err := newCheckpoints(temp(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	id := search.SweepID{3}
	if err := k.Save(id, "job", []byte("a state of some length")); err != nil {
		t.Fatal(err)
	}
	path := k.path(id, "job")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	try := func(name string, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if state, err := k.Load(id, "job"); err == nil || state != nil {
			t.Errorf("%s: %q, error %v", name, state, err)
		}
	}
	for cut := range good {
		try("cut", good[:cut])
	}
	for bit := range len(good) * 8 {
		bad := bytes.Clone(good)
		bad[bit/8] ^= 1 << (bit % 8)
		try("flipped", bad)
	}
	try("longer", append(bytes.Clone(good), 0))
	promise := bytes.Clone(good) // a terabyte
	promise[len(checkpointMagic)+5] = 1
	try("promises", promise)
	os.WriteFile(k.path(id, "other"), good, 0o600)
	if _, err := k.Load(id, "other"); err == nil {
		t.Error("another job's checkpoint was taken")
	}
	os.WriteFile(path, good, 0o600)
	if state, err := k.Load(id, "job"); err != nil || string(state) != "a state of some length" {
		t.Errorf("undamaged: %q, error %v", state, err)
	}
}

func FuzzCheckpoint(f *testing.F) {
	k, err := newCheckpoints(temp(f), nil)
	if err != nil {
		f.Fatal(err)
	}
	id := search.SweepID{4}
	if err := k.Save(id, "job", []byte("state")); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(k.path(id, "job"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:20])
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(k.path(id, "job"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		if state, err := k.Load(id, "job"); err == nil && !bytes.Equal(data, good) && len(state) > len(data) {
			t.Errorf("a state of %d bytes out of %d", len(state), len(data))
		}
	})
}

func TestWriteFileAtomic(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.espalier")
	for _, text := range []string{"first", "second, longer"} {
		if err := WriteFileAtomic(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("%q, error %v", got, err)
		}
	}
	err := WriteFileAtomic(filepath.Join(path, "below"), nil)
	if err == nil || !strings.Contains(err.Error(), "model.espalier") {
		t.Errorf("below a file: %v", err)
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("left: %v", entries)
	}
	// A temp file that a killed process left is cleared away, one in use is not.
	dead, used := path+tempSuffix+"1", path+tempSuffix+"2"
	if err := os.WriteFile(dead, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := machine{}.Create(used)
	if err != nil {
		t.Fatal(err)
	}
	if err := WriteFileAtomic(path, []byte("third")); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dead); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what a dead process left is still there: %v", err)
	}
	if _, err := os.Stat(used); err != nil {
		t.Errorf("what another process is writing was taken from it: %v", err)
	}
	f.Close()
}
