package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"espalier/grids"
	"espalier/store/storetest"
)

// faultySweep takes a moment of training, so that most of the time goes where faults are.
const faultySweep = `name = "faulty"
seed = 5
[data]
source = "iris.csv"
test_fraction = 0.2
[folds]
k = 2
[grid]
epochs = [2, 60]
learning_rate = [0.1, 0.01]
[params]
optimizer = "sgd"
momentum = 0.9
[model]
layers = [
  { type = "dense", units = 8, activation = "relu" },
  { type = "dense", units = "$classes", activation = "softmax" },
]
`

// faultKinds are the ways of a disk to fail, each at every call that can.
var faultKinds = []struct {
	name string
	rule storetest.Rule
}{
	{"disk full", storetest.Rule{Kinds: []string{storetest.Create, storetest.Write, storetest.Truncate, storetest.Mkdir}, Errno: syscall.ENOSPC, Lasting: true, Short: true}},
	{"error on write", storetest.Rule{Kinds: []string{storetest.Write}, Errno: syscall.EIO}},
	{"error on fsync", storetest.Rule{Kinds: []string{storetest.Sync}, Errno: syscall.EIO}},
	{"rename fails", storetest.Rule{Kinds: []string{storetest.Rename}, Errno: syscall.EIO}},
	{"error once", storetest.Rule{Errno: syscall.EIO}},
	{"the disk dies", storetest.Rule{Errno: syscall.EIO, Lasting: true}},
	{"the folder becomes read-only", storetest.Rule{Kinds: []string{storetest.Create, storetest.Truncate, storetest.Mkdir, storetest.Rename, storetest.Remove}, Errno: syscall.EROFS, Lasting: true}},
}

// faultScene is where a run begins and how it is asked for.
type faultScene struct {
	name  string
	args  []string
	files map[string][]byte // of the work folder, before
}

// faultBed is what the scenes share: what an undisturbed run gives.
type faultBed struct {
	*bench
	t     *testing.T
	board string
	model []byte
}

// newFaultBed knows what an undisturbed run of the faulty sweep gives.
func newFaultBed(t *testing.T) (b *faultBed, fresh faultScene) {
	b = &faultBed{bench: newBench(t, faultySweep), t: t}
	iris, _ := grids.Material("iris.csv")
	b.write("iris.csv", iris)
	fresh = faultScene{name: "from nothing", args: []string{"run", "sweep.toml", "--workers", "1", "--store", "work/s.db"}}
	b.reset(fresh)
	b.run(0, fresh.args...)
	b.board = b.bench.board("--store", "work/s.db")
	b.model = b.read("work/faulty.espalier")
	return b, fresh
}

// TestFaults fails the system calls of a run on the files of its folder, each in
// turn: the store, its temp file, the claim, the socket's word, checkpoints, the
// model. The run ends with a clear error and exit 1, or does without; everything
// reported as recorded is there; and the same command afterwards gives the same
// board and model, byte for byte. Which calls there are is counted, not assumed.
func TestFaults(t *testing.T) {
	b, fresh := newFaultBed(t)
	// The same, but long enough to be stopped within a job.
	b.write("long.toml", []byte(strings.Replace(faultySweep, "60]", "30000]", 1)))
	scenes := []faultScene{fresh}

	// A run that was stopped within a job leaves a checkpoint: one scene writes it, one goes on from it.
	stop := []string{"run", "long.toml", "--workers", "1", "--store", "work/s.db", "--budget", "60ms", "--no-refit"}
	b.reset(fresh)
	b.run(exitBudget, stop...)
	if left, _ := filepath.Glob(filepath.Join(b.folder, "work", "s.db.d", "*", "*.ckpt")); len(left) != 1 {
		t.Fatalf("checkpoints of a run that was stopped: %v", left)
	}
	scenes = append(scenes, faultScene{name: "stopped in a job", args: stop})

	for _, scene := range scenes {
		for _, kind := range faultKinds {
			t.Run(scene.name+"/"+kind.name, func(t *testing.T) {
				b.t = t
				b.everyCall(scene, kind.rule)
			})
		}
	}
}

func (b *faultBed) write(name string, data []byte) {
	b.t.Helper()
	path := filepath.Join(b.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func (b *faultBed) read(name string) []byte {
	b.t.Helper()
	data, err := os.ReadFile(filepath.Join(b.folder, name))
	if err != nil {
		b.t.Fatal(err)
	}
	return data
}

// reset makes the work folder what it is when the scene begins.
func (b *faultBed) reset(s faultScene) {
	b.t.Helper()
	if err := os.RemoveAll(filepath.Join(b.folder, "work")); err != nil {
		b.t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(b.folder, "work"), 0o700); err != nil {
		b.t.Fatal(err)
	}
	for name, data := range s.files {
		b.write(filepath.Join("work", name), data)
	}
	_ = os.Remove(filepath.Join(b.folder, "log.json"))
}

// disturbed runs a scene under a rule and gives its exit code.
func (b *faultBed) disturbed(s faultScene, r storetest.Rule) (code int, talk string, calls []storetest.Call) {
	b.t.Helper()
	r.Folder = filepath.Join(b.folder, "work")
	cmd, _, said := b.command(append(slices.Clone(s.args), "--log-file", "log.json")...)
	watch, err := storetest.Start(cmd, r)
	if errors.Is(err, storetest.ErrUnsupported) {
		b.t.Skip(err)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	hung := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	err = cmd.Wait()
	if !hung.Stop() {
		b.t.Errorf("%v: hangs", r)
	}
	calls, watchErr := watch.Wait()
	if watchErr != nil {
		b.t.Fatal(watchErr)
	}
	return codeOf(b.t, err), said.String(), calls
}

// everyCall fails the first call, then the second, until none is left.
func (b *faultBed) everyCall(s faultScene, rule storetest.Rule) {
	b.reset(s)
	_, _, all := b.disturbed(s, rule)
	if len(all) == 0 {
		b.t.Fatal("no calls")
	}
	step := 1
	if !*long {
		step = 1 + len(all)/2
	}
	exits := map[int]int{}
	told := map[string]bool{}
	n := 0
	for at := 1; at <= len(all); at += step {
		n++
		rule.At = at
		b.reset(s)
		code, talk, calls := b.disturbed(s, rule)
		exits[code]++
		failed := slices.IndexFunc(calls, func(c storetest.Call) bool { return c.Failed })
		if failed < 0 {
			continue // this run made fewer calls than the first
		}
		where := fmt.Sprintf("call %d, %s", at, calls[failed])
		line, _, _ := strings.Cut(talk[strings.Index(talk+"espalier: ", "espalier: "):], "\n")
		if key := calls[failed].String() + line; !told[key] {
			told[key] = true
			b.t.Logf("%s: exit %d: %s", where, code, line)
		}
		b.judge(s, where, code, talk, rule.Errno)
	}
	b.t.Logf("%d of %d calls failed in turn; exits %v", n, len(all), exits)
}

// judge checks what a disturbed run said and left, and that the same command
// goes on from there.
func (b *faultBed) judge(s faultScene, where string, code int, talk string, errno syscall.Errno) {
	b.t.Helper()
	switch {
	case strings.Contains(talk, "goroutine ") || strings.Contains(talk, "panic"):
		b.t.Errorf("%s: a panic\n%s", where, talk)
	case code == exitFailed && !strings.Contains(talk, "espalier: "):
		b.t.Errorf("%s: exit 1 without a word\n%s", where, talk)
	case code == exitFailed && !strings.Contains(talk, errno.Error()): // the cause, in the system's words
		b.t.Errorf("%s: the message does not say %q\n%s", where, errno, talk)
	case code == exitFailed && recordedSome(talk) && !strings.Contains(talk, "go on with: "):
		b.t.Errorf("%s: no way to go on is told\n%s", where, talk)
	case code != exitFailed && code != exitDone && code != exitBudget:
		b.t.Errorf("%s: exit %d\n%s", where, code, talk)
	}
	recorded := b.recorded()
	if len(recorded) > 0 {
		board := b.bench.board("--store", "work/s.db")
		for trial, folds := range recorded {
			for fold, accuracy := range folds {
				if have := b.score(board, trial, fold); have != accuracy {
					b.t.Errorf("%s: trial %s fold %d was reported as recorded with %v, and is %v", where, trial, fold, accuracy, have)
				}
			}
		}
	}
	if s.name == "stopped in a job" {
		// Another of its kind, so that what was left is met again; then the short sweep over it.
		cmd, _, again := b.command(s.args...)
		if code := codeOf(b.t, cmd.Run()); code != exitBudget && code != exitDone {
			b.t.Errorf("%s: afterwards exit %d\n%s", where, code, again)
		}
	}
	b.run(exitDone, "run", "sweep.toml", "--workers", "1", "--store", "work/s.db")
	if board := b.bench.board("--store", "work/s.db"); board != b.board {
		b.t.Errorf("%s: afterwards another board\nhave %s\nwant %s", where, board, b.board)
	}
	if !bytes.Equal(b.read("work/faulty.espalier"), b.model) {
		b.t.Errorf("%s: afterwards another model", where)
	}
	b.run(exitDone, "check", "--store", "work/s.db")
	for _, pattern := range []string{"*.tmp-*", "s.db.d/*/*.tmp-*", "s.db.run", "s.db.sock"} {
		if left, _ := filepath.Glob(filepath.Join(b.folder, "work", pattern)); len(left) > 0 {
			b.t.Errorf("%s: left %v", where, left)
		}
	}
}

// recordedSome tells whether a run got as far as training.
func recordedSome(talk string) bool { return strings.Contains(talk, "best accuracy") }

// recorded are the outcomes that a run's log reports as on disk: accuracy by trial and fold.
func (b *faultBed) recorded() map[string]map[int]float64 {
	b.t.Helper()
	all := map[string]map[int]float64{}
	data, err := os.ReadFile(filepath.Join(b.folder, "log.json"))
	if err != nil {
		return all
	}
	for line := range bytes.Lines(data) {
		var entry struct {
			Message, Trial string
			Fold           int
			Accuracy       float64
		}
		if err := json.Unmarshal(line, &entry); err != nil {
			b.t.Fatal(err)
		}
		if entry.Message == "outcome" {
			if all[entry.Trial] == nil {
				all[entry.Trial] = map[int]float64{}
			}
			all[entry.Trial][entry.Fold] = entry.Accuracy
		}
	}
	return all
}

// score reads a fold's score from a board; -1 where there is none.
func (b *faultBed) score(board, trial string, fold int) float64 {
	b.t.Helper()
	var parsed struct {
		Rows []struct {
			Trial string
			Folds []*float64
		}
	}
	if err := json.Unmarshal([]byte(board), &parsed); err != nil {
		b.t.Fatal(err)
	}
	for _, row := range parsed.Rows {
		if strings.HasPrefix(row.Trial, trial) && row.Folds[fold] != nil {
			return *row.Folds[fold]
		}
	}
	return -1
}
