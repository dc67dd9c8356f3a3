//go:build unix

package store

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"espalier/search"
)

// A pipe where a runner's word should be keeps no reader waiting.
func TestPipeAsClaim(t *testing.T) {
	path := temp(t)
	s := mustOpen(t, path, Options{})
	if err := s.Enroll(t.Context(), smallSweep(t, 1), false); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(path+runSuffix, 0o600); err != nil {
		t.Skip(err)
	}
	read := make(chan error, 1)
	go func() {
		r, err := OpenReader(path)
		if err == nil {
			_, err = r.Sweeps(t.Context())
		}
		read <- err
	}()
	select {
	case err := <-read:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the reader hangs")
	}
}

// Nor does one in the place of a checkpoint keep the job waiting: it is damaged.
func TestPipeAsCheckpoint(t *testing.T) {
	k, err := newCheckpoints(temp(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	id := search.SweepID{4}
	if err := k.Save(id, "job", []byte("state")); err != nil {
		t.Fatal(err)
	}
	path := k.path(id, "job")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	loaded := make(chan error, 1)
	go func() { _, err := k.Load(id, "job"); loaded <- err }()
	select {
	case err := <-loaded:
		if err == nil || !strings.Contains(err.Error(), "it is cut short") {
			t.Errorf("error %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it hangs")
	}
	if err := k.Save(id, "job", []byte("state")); err != nil { // over it
		t.Error(err)
	}
	if state, err := k.Load(id, "job"); err != nil || string(state) != "state" {
		t.Errorf("%q, %v", state, err)
	}
}

// A rename over a device would take it from the whole machine.
func TestWriteFileAtomicThroughPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	read := make(chan string, 1)
	go func() {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
		}
		read <- string(text)
	}()
	if err := WriteFileAtomic(path, []byte("model")); err != nil {
		t.Fatal(err)
	}
	if text := <-read; text != "model" {
		t.Errorf("the reader had %q", text)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeNamedPipe == 0 {
		t.Errorf("the pipe has become %v, error %v", info.Mode(), err)
	}
}
