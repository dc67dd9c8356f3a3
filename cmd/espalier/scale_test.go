package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"espalier/grids"
	"espalier/search"
	"espalier/store"
	"espalier/trainer"
	"espalier/trainer/dataset"
)

// TestHundredThousand puts 100,000 trials through the pool with an evaluator that does
// nothing but record, stops short of the end, and looks and goes on as a user would. The
// figures are in the log; what is asserted leaves room for a busy machine.
func TestHundredThousand(t *testing.T) {
	if !*long {
		t.Skip("takes a minute; -long runs it")
	}
	folder := t.TempDir()
	path := filepath.Join(folder, "large.db")
	file, err := grids.Parse("large.toml", []byte(largeSweep))
	if err != nil {
		t.Fatal(err)
	}
	set, err := dataset.Load(dataset.Options{Source: file.Data.Source})
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := search.New(file, folder, set.Info, nil)
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const total, left, first = 100_000, 300, 10_000 // some hundred jobs are under way at a time
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var done atomic.Int64
	var early memoryUse
	nothing := func(ctx context.Context, j search.Job, record func(search.Outcome) error, watch func(search.Watch)) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		score := float64(j.Trials[0].Order%977) / 977
		err := record(search.Outcome{
			Trial: j.Trials[0].Key, Slot: j.Slot, State: search.Complete, Epochs: 1, Best: 1,
			Scores: trainer.Scores{Loss: 1 - score, Accuracy: score, F1: score, Precision: score, Recall: score},
		})
		switch done.Add(1) {
		case first:
			early = memoryNow(t)
		case total - left:
			stop()
		}
		return err
	}
	before := open()
	began := time.Now()
	result, err := search.Run(ctx, s, st, nothing, search.Options{Workers: 8, NoShare: true})
	took := time.Since(began)
	if !errors.Is(err, context.Canceled) || result.Done < total-left || result.Remaining < 1 {
		t.Fatalf("%+v, %v", result, err)
	}
	late := memoryNow(t)
	after := open() // one in a thousand jobs that leaked would be seen
	t.Logf("goroutines and open files: %v before, %v after", before, after)
	if after.goroutines > before.goroutines+20 || after.files > before.files+20 {
		t.Errorf("goroutines or files stay: %v before, %v after", before, after)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d outcomes in %s: %.0f a second; the store has %.0f bytes for each", result.Done, took, float64(result.Done)/took.Seconds(), float64(info.Size())/float64(result.Done))
	t.Logf("resident after %d: %d kB, of it the program's own %d; after all: %d, own %d", first, early.resident, early.own, late.resident, late.own)
	if early.own > 0 && float64(late.own) > 1.1*float64(early.own) {
		t.Errorf("memory grows from %d to %d kB", early.own, late.own)
	}

	verb := func(limit time.Duration, args ...string) {
		t.Helper()
		began := time.Now()
		out, err := exec.Command("espalier", append(args, "--store", path)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		took := time.Since(began)
		t.Logf("%s: %s", strings.Join(args, " "), took.Round(time.Millisecond))
		if took > limit {
			t.Errorf("%v takes %s", args, took)
		}
	}
	verb(3*time.Second, "status", "--once")
	verb(3*time.Second, "leaderboard")
	verb(10*time.Second, "leaderboard", "--format", "json")

	log := filepath.Join(folder, "log.json")
	began = time.Now()
	out, err := exec.Command("espalier", "resume", "--store", path, "--workers", "1", "--no-share", "--no-refit", "--log-file", log, "-q").CombinedOutput()
	if err != nil {
		t.Fatalf("resume: %v\n%s", err, out)
	}
	at := firstJob(t, log).Sub(began)
	t.Logf("from the start of resume to its first job: %s", at.Round(time.Millisecond))
	if at > 3*time.Second {
		t.Errorf("the first job begins after %s", at)
	}
}

// firstJob is when the log says that a worker took a job.
func firstJob(t *testing.T, path string) time.Time {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var e struct {
			Message string    `json:"message"`
			Time    time.Time `json:"time"`
		}
		if json.Unmarshal(line, &e) == nil && e.Message == "job" {
			return e.Time
		}
	}
	t.Fatal("no job in the log")
	return time.Time{}
}

// open counts goroutines and open files.
func open() (n struct{ goroutines, files int }) {
	n.goroutines = runtime.NumGoroutine()
	if files, err := os.ReadDir("/proc/self/fd"); err == nil {
		n.files = len(files)
	}
	return n
}

// memoryUse is in kB: all that is resident, and of it what is no page of a mapped file
// (the store's, which the kernel takes back as it likes). 0: not known here.
type memoryUse struct{ resident, own int64 }

func memoryNow(t *testing.T) memoryUse {
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return memoryUse{}
	}
	field := func(name string) int64 {
		for line := range strings.Lines(string(text)) {
			if words := strings.Fields(line); len(words) > 1 && words[0] == name {
				n, err := strconv.ParseInt(words[1], 10, 64)
				if err != nil {
					t.Error(err)
				}
				return n
			}
		}
		return 0
	}
	return memoryUse{resident: field("VmRSS:"), own: field("RssAnon:")}
}
