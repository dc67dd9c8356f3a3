package main

import (
	"context"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"espalier/search"
	"espalier/store"
)

// pauseVariable names the unix socket of a program that kills this one at moments of
// its choice (cmd/chaos). Unset, as it is for everybody else, none of this is there.
const pauseVariable = "ESPALIER_PAUSE"

// pauses tells a killer where the process is: a line with the place's name, and the
// process, as far as it stands at that place, goes on when a byte comes back. The places:
//
//	step                                    the first new step of training (said once, nobody waits)
//	commit, committed                       before a commit; after it, and nobody knows of it yet
//	checkpoint begun, half, written,        made; half of it written; all, and not synced;
//	  synced, named, saved, unlinked        synced; renamed; its folder synced; about to be removed
//	refit, refit epoch, refit save, saved   the refit begins; an epoch of it is over; around the model's file
//
// During the refit the others begin with "refit " too.
type pauses struct {
	mu     sync.Mutex // one place at a time
	conn   net.Conn
	refits atomic.Bool
	begun  sync.Once
}

// openPauses is nil, which pauses nowhere, unless somebody wants to kill us.
func openPauses() *pauses {
	address := os.Getenv(pauseVariable)
	if address == "" {
		return nil
	}
	conn, err := net.Dial("unix", address)
	if err != nil {
		return nil
	}
	return &pauses{conn: conn}
}

// say tells the place and waits for the byte.
func (x *pauses) say(place string) {
	if x == nil {
		return
	}
	if x.refits.Load() && !strings.HasPrefix(place, "refit") {
		place = "refit " + place
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if _, err := io.WriteString(x.conn, place+"\n"); err == nil {
		_, _ = x.conn.Read(make([]byte, 1))
	}
}

// step is called for everything that a worker says of itself.
func (x *pauses) step(e search.Event) {
	if x != nil && (e.Progress != nil || e.Epoch != nil) {
		x.begun.Do(func() { x.say("step") })
	}
}

// refit begins the refit.
func (x *pauses) refit() {
	if x != nil {
		x.refits.Store(true)
		x.say("refit")
	}
}

// refitWatch is step for a refit.
func (x *pauses) refitWatch(w search.Watch) {
	x.step(search.Event{Progress: w.Progress, Epoch: w.Epoch})
	if w.Epoch != nil {
		x.say("refit epoch")
	}
}

// ledger pauses around commits.
func (x *pauses) ledger(l search.Ledger) search.Ledger {
	if x == nil {
		return l
	}
	return pausingLedger{l, x}
}

type pausingLedger struct {
	search.Ledger
	pauses *pauses
}

// Record pauses before and after.
func (l pausingLedger) Record(ctx context.Context, id search.SweepID, f ...search.Fact) error {
	l.pauses.say("commit")
	defer l.pauses.say("committed")
	return l.Ledger.Record(ctx, id, f...)
}

// files pauses within the writing of checkpoints; nil: the machine's own.
func (x *pauses) files() store.FileSystem {
	if x == nil {
		return nil
	}
	return pausingFiles{store.Machine(), x}
}

type pausingFiles struct {
	store.FileSystem
	pauses *pauses
}

func (f pausingFiles) Create(path string) (store.File, error) {
	file, err := f.FileSystem.Create(path)
	f.pauses.say("checkpoint begun")
	return &pausingFile{file, f.pauses}, err
}

func (f pausingFiles) Rename(from, to string) error {
	err := f.FileSystem.Rename(from, to)
	f.pauses.say("checkpoint named")
	return err
}

func (f pausingFiles) SyncFolder(path string) error {
	err := f.FileSystem.SyncFolder(path)
	f.pauses.say("checkpoint saved")
	return err
}

func (f pausingFiles) Remove(path string) error {
	if strings.HasSuffix(path, ".ckpt") {
		f.pauses.say("checkpoint unlinked")
	}
	return f.FileSystem.Remove(path)
}

type pausingFile struct {
	store.File
	pauses *pauses
}

// Write pauses in the middle of what is large, which the state is and the head is not.
func (f *pausingFile) Write(b []byte) (n int, err error) {
	half := 0
	if len(b) > 1<<10 {
		if half, err = f.File.Write(b[:len(b)/2]); err != nil {
			return half, err
		}
		f.pauses.say("checkpoint half")
	}
	n, err = f.File.Write(b[half:])
	return half + n, err
}

func (f *pausingFile) Sync() error {
	f.pauses.say("checkpoint written")
	err := f.File.Sync()
	f.pauses.say("checkpoint synced")
	return err
}
