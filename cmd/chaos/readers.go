//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// endless is a sweep that outlasts any measurement, of jobs that are over in a moment.
func endless() sweep {
	values := make([]string, 600)
	for i := range values {
		values[i] = fmt.Sprint(0.001 + float64(i)*1e-6)
	}
	return sweep{name: "endless", text: "name = \"endless\"\n" + strings.Replace(head, "LIMIT", "3000", 1) + `[folds]
k = 3
[grid]
epochs = [20, 40]
learning_rate = [` + strings.Join(values, ", ") + `]
[params]
batch_size = 16
` + mlp}
}

// window is how long the readers ask, and then how long they are silent.
const window = 10 * time.Second

// A crowd is readers beside a run: processes, each of which asks once a second.
type crowd struct {
	*chaos
	bench string // folder

	mu    sync.Mutex
	took  []time.Duration
	wrong []string
}

// readers measures so many readers beside a run, in windows with and without them.
func (c *chaos) readers(n int, length time.Duration) error {
	r := &crowd{chaos: c, bench: filepath.Join(c.folder, "readers")}
	if err := placeSweep(r.bench, endless()); err != nil {
		return err
	}
	run := exec.Command(c.espalier, "run", "sweep.toml", "--workers", "1", "--no-refit", "-q", "--log-file", "log.json")
	// One processor for the run, or its one worker would borrow all the others and what the readers' own processes
	// cost would count as waiting for them.
	run.Dir, run.Env = r.bench, append(environment(r.bench), "GOMAXPROCS=1")
	var talk bytes.Buffer
	run.Stderr = &talk
	if err := run.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- run.Wait() }()
	defer func() { _ = run.Process.Kill() }()
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if _, trained := r.trained(); trained > 0 {
			break
		}
		if time.Now().After(end) {
			return errors.New("the run trains nothing within a minute")
		}
	}
	var with, without []float64 // epochs a second
	for asked := time.Duration(0); asked < length; asked += window {
		without = append(without, r.measure(0))
		with = append(with, r.measure(n))
	}
	_ = run.Process.Signal(syscall.SIGINT)
	select {
	case <-ended:
	case <-time.After(hang):
		return errors.New("the run does not end")
	}
	if run.ProcessState.ExitCode() != 130 {
		return fmt.Errorf("the run: exit %d\n%s", run.ProcessState.ExitCode(), talk.String())
	}
	if len(r.wrong) > 0 {
		return fmt.Errorf("%d answers are wrong, the first: %s", len(r.wrong), r.wrong[0])
	}
	slices.Sort(r.took)
	slices.Sort(with)
	slices.Sort(without)
	at := func(q float64) time.Duration { return r.took[int(q*float64(len(r.took)-1))].Round(time.Millisecond) }
	fmt.Printf("%d readers, each asking once a second, %d answers, all consistent: median %s, 99 in 100 within %s, at most %s\n",
		n, len(r.took), at(0.5), at(0.99), at(1))
	a, b := without[len(without)/2], with[len(with)/2]
	fmt.Printf("the run: median of %d windows of %s %.1f epochs a second without them, %.1f with them: %.1f %% slower\n", len(with), window, a, b, 100*(1-b/a))
	return nil
}

// trained counts the epochs in the log so far.
func (r *crowd) trained() (at time.Time, epochs int) {
	text, err := os.ReadFile(filepath.Join(r.bench, "log.json"))
	if err != nil {
		return time.Now(), 0
	}
	return time.Now(), bytes.Count(text, []byte(`"message":"epoch"`))
}

// measure has n readers ask for a window, and gives the epochs a second that were trained meanwhile.
func (r *crowd) measure(n int) float64 {
	from, before := r.trained()
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { r.ask(i, n, from.Add(window)) })
	}
	time.Sleep(time.Until(from.Add(window)))
	all.Wait()
	to, after := r.trained()
	return float64(after-before) / to.Sub(from).Seconds()
}

// ask asks once a second until the end: what is said once is said again, bit for bit.
func (r *crowd) ask(i, n int, end time.Time) {
	time.Sleep(time.Second * time.Duration(i) / time.Duration(n)) // not all at once
	known := map[string]json.Number{}
	for turn := i; time.Now().Before(end); turn++ {
		args := [][]string{{"status", "--once"}, {"leaderboard", "--format", "json"}, {"leaderboard", "--top", "5"}}[turn%3]
		began := time.Now()
		out, err := r.call(r.bench, args...)
		took := time.Since(began)
		var wrong string
		switch {
		case err != nil:
			wrong = err.Error()
		case turn%3 == 0:
			if !strings.Contains(out, "running for ") {
				wrong = "status: " + out
			}
		case turn%3 == 1:
			scores, err := scoresOf(out)
			if err != nil {
				wrong = err.Error()
			}
			for at, score := range known {
				if scores[at] != score {
					wrong = fmt.Sprintf("%s was %s and is %q", at, score, scores[at])
				}
			}
			known = scores
		}
		r.mu.Lock()
		r.took = append(r.took, took)
		if wrong != "" {
			r.wrong = append(r.wrong, wrong)
		}
		r.mu.Unlock()
		time.Sleep(time.Until(began.Add(time.Second)))
	}
}
