package main

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"espalier/trainer"
)

// demandingSweep has all that makes equal numbers hard: dropout, batch
// normalisation, momentum, early stopping, and families of three points.
const demandingSweep = `name = "demanding"
seed = 11
[data]
source = "fashion-mnist-mini"
limit = 900
[folds]
k = 2
shuffle = true
[grid]
dropout = [0.1, 0.4]
momentum = [0.0, 0.9]
epochs = [2, 5, 9]
[params]
optimizer = "sgd"
batch_size = 8
learning_rate = 0.03
early_stopping = { patience = 2, monitor = "loss" }
[model]
layers = [
  { type = "dense", units = 48, activation = "relu" },
  { type = "batchnorm" },
  { type = "dropout", rate = "$dropout" },
  { type = "dense", units = "$classes", activation = "softmax" },
]
`

// bench is a folder with a sweep file, in which espalier runs as a process of its own.
type bench struct {
	t      *testing.T
	folder string
}

func newBench(t *testing.T, sweep string) *bench {
	b := &bench{t: t, folder: t.TempDir()}
	if err := os.WriteFile(filepath.Join(b.folder, "sweep.toml"), []byte(sweep), 0o644); err != nil {
		t.Fatal(err)
	}
	return b
}

// command prepares a process; TestMain has put espalier into the path.
func (b *bench) command(args ...string) (cmd *exec.Cmd, out, talk *bytes.Buffer) {
	cmd = exec.Command("espalier", args...)
	cmd.Dir = b.folder
	cmd.Env = append(os.Environ(), "HOME="+b.folder, "XDG_RUNTIME_DIR="+b.folder, "XDG_CACHE_HOME="+b.folder, "ESPALIER_STORE=")
	out, talk = new(bytes.Buffer), new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = out, talk
	return cmd, out, talk
}

// run runs espalier to its end, which must be with the code.
func (b *bench) run(code int, args ...string) (out, talk string) {
	b.t.Helper()
	cmd, o, e := b.command(args...)
	err := cmd.Run()
	if have := codeOf(b.t, err); have != code {
		b.t.Fatalf("espalier %s: exit %d, want %d\n%s%s", strings.Join(args, " "), have, code, o, e)
	}
	return o.String(), e.String()
}

func codeOf(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	t.Fatal(err)
	return -1
}

// board is the JSON leaderboard of a store.
func (b *bench) board(args ...string) string {
	b.t.Helper()
	out, _ := b.run(0, append([]string{"leaderboard", "--format", "json"}, args...)...)
	return out
}

// start starts a run that goes on in the background.
func (b *bench) start(args ...string) (cmd *exec.Cmd, out, talk *bytes.Buffer) {
	b.t.Helper()
	cmd, out, talk = b.command(args...)
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		if cmd.ProcessState == nil {
			cmd.Process.Kill()
			cmd.Wait()
		}
	})
	return cmd, out, talk
}

// waitForOutcome waits until a run under way has something done, and not all.
func (b *bench) waitForOutcome(cmd *exec.Cmd) {
	b.t.Helper()
	some := regexp.MustCompile(`fits    [1-9][0-9]* of [0-9]+ done, [1-9]`)
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		status, out, _ := b.command("status")
		if status.Run() == nil && some.MatchString(out.String()) {
			return
		}
	}
	b.t.Fatal("no outcome within a minute")
}

// wanted is the board and the model of an undisturbed run.
func wanted(t *testing.T) (board string, model []byte) {
	t.Helper()
	b := newBench(t, demandingSweep)
	b.run(0, "-q", "run", "sweep.toml", "--workers", "2")
	model, err := os.ReadFile(filepath.Join(b.folder, "demanding.espalier"))
	if err != nil {
		t.Fatal(err)
	}
	return b.board(), model
}

func (b *bench) expect(name, board string, model []byte) {
	b.t.Helper()
	if have := b.board(); have != board {
		b.t.Errorf("%s: the board differs\nhave %s\nwant %s", name, have, board)
	}
	have, err := os.ReadFile(filepath.Join(b.folder, "demanding.espalier"))
	if err != nil || !bytes.Equal(have, model) {
		b.t.Errorf("%s: the model differs (%v)", name, err)
	}
}

// TestSameNumbers runs the demanding sweep in every way that must not matter.
func TestSameNumbers(t *testing.T) {
	board, model := wanted(t)
	for _, row := range []struct {
		name string
		args []string
	}{
		{"one worker", []string{"--workers", "1"}},
		{"four workers", []string{"--workers", "4"}},
		{"nothing shared", []string{"--no-share", "--workers", "2"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := newBench(t, demandingSweep)
			b.run(0, append([]string{"-q", "run", "sweep.toml"}, row.args...)...)
			b.expect(row.name, board, model)
		})
	}
	t.Run("grown from a smaller grid", func(t *testing.T) {
		b := newBench(t, strings.Replace(demandingSweep, "epochs = [2, 5, 9]", "epochs = [2, 5]", 1))
		b.run(0, "-q", "run", "sweep.toml", "--no-refit")
		if err := os.WriteFile(filepath.Join(b.folder, "sweep.toml"), []byte(demandingSweep), 0o644); err != nil {
			t.Fatal(err)
		}
		b.run(0, "-q", "run", "sweep.toml")
		b.expect("grown", board, model)
	})
	t.Run("killed", func(t *testing.T) { killed(t, board, model) })
}

// killed runs the sweep, kills it with SIGKILL at random moments, and starts it
// again until it is done.
func killed(t *testing.T, board string, model []byte) {
	if runtime.GOOS == "windows" {
		t.Skip("no SIGKILL here")
	}
	kills := 4
	if *long {
		kills = 20
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	b := newBench(t, demandingSweep)
	for done := 0; done < kills; {
		cmd, _, talk := b.start("run", "sweep.toml", "--workers", "2")
		time.Sleep(time.Duration(50+random.IntN(600)) * time.Millisecond)
		cmd.Process.Kill()
		err := cmd.Wait()
		if err == nil { // it was done before: start over, there is more to kill
			b.expect("killed", board, model)
			os.RemoveAll(filepath.Join(b.folder, "espalier.db"))
			os.RemoveAll(filepath.Join(b.folder, "espalier.db.d"))
			os.Remove(filepath.Join(b.folder, "demanding.espalier"))
			continue
		}
		if cmd.ProcessState.Exited() {
			t.Fatalf("exit %d after %d kills\n%s", cmd.ProcessState.ExitCode(), done, talk)
		}
		done++
	}
	b.run(0, "run", "sweep.toml", "--workers", "2")
	b.expect("killed", board, model)
	if out, _ := b.run(0, "check"); !strings.Contains(out, "no problems") {
		t.Errorf("check: %s", out)
	}
}

// TestKilledBehindACheckpoint kills a run whose only jobs are longer than the time between
// checkpoints, each time a new one is on disk; the resumed runs go on from what they find there.
func TestKilledBehindACheckpoint(t *testing.T) {
	if !*long {
		t.Skip("takes half a minute; -long runs it, as CI does")
	}
	if runtime.GOOS == "windows" {
		t.Skip("no SIGKILL here")
	}
	sweep := strings.NewReplacer("limit = 900", "limit = 6000", "dropout = [0.1, 0.4]", "dropout = [0.1]", "momentum = [0.0, 0.9]", "momentum = [0.9]",
		"epochs = [2, 5, 9]", "epochs = [100, 250]", "early_stopping = { patience = 2, monitor = \"loss\" }\n", "").Replace(demandingSweep)
	undisturbed := newBench(t, sweep)
	undisturbed.run(0, "-q", "run", "sweep.toml")
	model, err := os.ReadFile(filepath.Join(undisturbed.folder, "demanding.espalier"))
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, sweep)
	seen := make(map[string]time.Time)
	for range 2 {
		cmd, _, talk := b.start("run", "sweep.toml", "--log-file", "log.json", "-v")
		for fresh := false; !fresh; time.Sleep(20 * time.Millisecond) {
			files, err := filepath.Glob(filepath.Join(b.folder, "espalier.db.d", "*", "*.ckpt"))
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range files {
				if info, err := os.Stat(file); err == nil && info.ModTime() != seen[file] {
					seen[file], fresh = info.ModTime(), true
				}
			}
			if b.finished() {
				t.Fatalf("the run ended without a checkpoint\n%s", talk)
			}
		}
		cmd.Process.Kill()
		cmd.Wait()
	}
	b.run(0, "run", "sweep.toml", "--log-file", "log.json", "-v")
	log, err := os.ReadFile(filepath.Join(b.folder, "log.json"))
	if err != nil || !bytes.Contains(log, []byte("goes on from a checkpoint")) {
		t.Errorf("no job went on from a checkpoint (%v)", err)
	}
	b.expect("killed behind a checkpoint", undisturbed.board(), model)
	if left, _ := filepath.Glob(filepath.Join(b.folder, "espalier.db.d", "*", "*.ckpt")); len(left) > 0 {
		t.Errorf("checkpoints stay: %v", left)
	}
}

// finished tells whether nothing is left to do.
func (b *bench) finished() bool {
	status, out, _ := b.command("status", "--once")
	return status.Run() == nil && strings.Contains(out.String(), "finished")
}

// longSweep is the demanding one on more rows and epochs: seconds in which other processes meet it running,
// also where the race detector makes them slow to start.
var longSweep = strings.NewReplacer("limit = 900", "limit = 5000", "epochs = [2, 5, 9]", "epochs = [2, 5, 30]",
	"early_stopping = { patience = 2, monitor = \"loss\" }\n", "").Replace(demandingSweep)

// TestSignals interrupts a run and does what it says to go on.
func TestSignals(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no signals here")
	}
	for _, row := range []struct {
		name    string
		signals []os.Signal
		code    int
		says    string // "" where the second signal may come before anything is said
	}{
		{"interrupted", []os.Signal{os.Interrupt}, exitInterrupted, "espalier: interrupted: "},
		{"terminated", []os.Signal{syscall.SIGTERM}, exitTerminated, "espalier: terminated: "},
		{"interrupted twice", []os.Signal{os.Interrupt, os.Interrupt}, exitInterrupted, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := newBench(t, longSweep)
			cmd, _, talk := b.start("run", "sweep.toml", "--workers", "1", "--no-refit")
			b.waitForOutcome(cmd)
			for _, s := range row.signals {
				if err := cmd.Process.Signal(s); err != nil {
					t.Fatal(err)
				}
			}
			if code := codeOf(t, cmd.Wait()); code != row.code {
				t.Fatalf("exit %d, want %d\n%s", code, row.code, talk)
			}
			resume := "resume demanding --workers 1 --no-refit"
			if row.says != "" && (!strings.Contains(talk.String(), row.says) || !strings.Contains(talk.String(), "go on with: espalier "+resume)) {
				t.Errorf("no resume command in\n%s", talk)
			}
			_, again := b.run(0, strings.Fields(resume)...)
			if !regexp.MustCompile(`[1-9][0-9]* fits? done before`).MatchString(again) {
				t.Errorf("the resumed run does not say what was done\n%s", again)
			}
			if status, _ := b.run(0, "status"); !strings.Contains(status, "finished") {
				t.Errorf("status %s", status)
			}
		})
	}
}

// TestInterruptedRefit interrupts the refit of a finished search; going on trains
// it to the same model.
func TestInterruptedRefit(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no signals here")
	}
	// One short point, and a refit that takes much longer.
	sweep := strings.NewReplacer("epochs = [2, 5, 9]", "epochs = [1]", "early_stopping = { patience = 2, monitor = \"loss\" }\n", "").
		Replace(demandingSweep) + "[refit]\nepochs = 150\n"
	want := newBench(t, sweep)
	want.run(0, "-q", "run", "sweep.toml")
	model, err := os.ReadFile(filepath.Join(want.folder, "demanding.espalier"))
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, sweep)
	cmd, out, talk := b.start("run", "sweep.toml", "--workers", "2")
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if status, o, _ := b.command("status"); status.Run() == nil && strings.Contains(o.String(), "finished") {
			break
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	code := codeOf(t, cmd.Wait())
	if code == 0 || strings.Contains(out.String(), "test      accuracy") {
		t.Skip("the refit was done before the signal came")
	}
	if code != exitInterrupted || !strings.Contains(talk.String(), "go on with: espalier resume demanding --workers 2") {
		t.Fatalf("exit %d\n%s%s", code, out, talk)
	}
	b.run(0, "resume", "demanding", "--workers", "2")
	b.expect("refit", want.board(), model)
}

// TestBudget stops a run by time: exit 4, and the command that goes on.
func TestBudget(t *testing.T) {
	b := newBench(t, longSweep)
	_, talk := b.run(exitBudget, "run", "sweep.toml", "--budget", "100ms", "--workers", "1")
	if !strings.Contains(talk, "espalier: budget of 100ms reached: ") || !strings.Contains(talk, "go on with: espalier resume demanding --workers 1 --budget 100ms") {
		t.Errorf("have\n%s", talk)
	}
	b.run(0, "-q", "resume", "--no-refit")
}

// TestTwoAtOnce has a second run on a store in use, and readers meanwhile.
func TestTwoAtOnce(t *testing.T) {
	b := newBench(t, longSweep)
	cmd, _, _ := b.start("run", "sweep.toml", "--workers", "1", "--no-refit")
	b.waitForOutcome(cmd)
	b.run(0, "-q", "run", "sweep.toml", "--store", "other.db", "-o", "small.espalier", // another store is free, and gives a model of the same sweep
		"--set", "grid.dropout=[0.1]", "--set", "grid.momentum=[0.9]", "--set", "grid.epochs=[1]")
	_, talk := b.run(exitFailed, "run", "sweep.toml")
	for _, want := range []string{"espalier: ", "espalier.db", "process ", "status and leaderboard answer meanwhile"} {
		if !strings.Contains(talk, want) {
			t.Errorf("the second run does not say %q:\n%s", want, talk)
		}
	}
	out, _ := b.run(0, "leaderboard")
	if !strings.Contains(out, "demanding  id ") || !strings.Contains(out, "state") {
		t.Errorf("leaderboard while it runs:\n%s", out)
	}
	out, _ = b.run(0, "status")
	if !strings.Contains(out, "running for ") && !strings.Contains(out, "finished") {
		t.Errorf("status while it runs:\n%s", out)
	}
	b.run(exitFailed, "retry")
	// A look at the test rows counts also while the store is held, and once.
	look := func(when string, left int) {
		t.Helper()
		if out, talk := b.run(0, "evaluate", "small.espalier", "--data", "fashion-mnist-mini"); !strings.Contains(out, "looks     1 model of the sweep") {
			t.Errorf("evaluate %s:\n%s%s", when, out, talk)
		}
		if files, _ := filepath.Glob(filepath.Join(b.folder, "espalier.db.look-*")); len(files) != left {
			t.Errorf("%s: looks left beside the store: %v", when, files)
		}
	}
	look("while it runs", 1)
	look("while it runs, again", 1)
	if err := cmd.Wait(); err != nil {
		t.Errorf("the first run: %v", err)
	}
	look("after it", 0)
}

// TestOtherKernel goes on with a sweep on another instruction set: refused with
// both named, and done beside each other only on request, which the board says.
func TestOtherKernel(t *testing.T) {
	if trainer.Kernel() == "generic" {
		t.Skip("there is only one kernel path here")
	}
	b := newBench(t, demandingSweep)
	b.run(0, "run", "sweep.toml", "--no-refit", "--set", "grid.momentum=[0.0]")
	t.Setenv("ESPALIER_SIMD", "generic")
	_, talk := b.run(exitFailed, "run", "sweep.toml")
	for _, want := range []string{"espalier: resume sweep", "kernel " + trainer.Kernel(), "kernel generic", "--mix"} {
		if !strings.Contains(talk, want) {
			t.Errorf("no %q in\n%s", want, talk)
		}
	}
	out, _ := b.run(0, "run", "sweep.toml", "--mix", "--no-refit")
	if !strings.Contains(out, "mixed: outcomes of revision") {
		t.Errorf("the board does not say that it is mixed\n%s", out)
	}
}
