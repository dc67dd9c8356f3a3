//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// allowed is law 4's two seconds.
const allowed = 2 * time.Second

// A trail is what the logs of a round's processes say was trained and recorded.
type trail struct {
	path string
	read int64 // of the log, so far

	jobs     map[string]*jobTrail
	outcomes map[string]bool // reported as on disk, by trial and slot
	lost     []loss          // work that was trained again, by kill and job
}

// jobTrail is the latest attempt at a job: the epochs it trained, in order.
type jobTrail struct {
	first  int // epochs that it began with
	epochs []epochTrail
}

type epochTrail struct {
	number int
	took   time.Duration
}

// A loss is what one kill cost one worker.
type loss struct {
	epochs int
	took   time.Duration
}

func newTrail(path string) *trail {
	return &trail{path: path, jobs: map[string]*jobTrail{}, outcomes: map[string]bool{}}
}

// entry is a line of the log, of which this is what matters here.
type entry struct {
	Message string  `json:"message"`
	Trial   string  `json:"trial"`
	Fold    int     `json:"fold"`
	Epoch   int     `json:"epoch"`
	Epochs  int     `json:"epochs"`
	Seconds float64 `json:"seconds"`
}

// follow reads what a process added to the log, and says what must not be there.
func (t *trail) follow() (wrong []string, err error) {
	data, err := os.ReadFile(t.path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	fresh := data[t.read:]
	attempts := map[string]*jobTrail{} // of this process
	for line := range bytes.Lines(fresh) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // cut by the kill
		}
		var e entry
		if json.Unmarshal(line, &e) != nil {
			continue // the end of a line that was cut before
		}
		wrong = append(wrong, t.step(attempts, e)...)
	}
	t.read = int64(len(data))
	return wrong, nil
}

func (t *trail) step(attempts map[string]*jobTrail, e entry) (wrong []string) {
	key := fmt.Sprintf("%s-%d", e.Trial, e.Fold)
	switch e.Message {
	case "refit epoch", "the refit goes on from a checkpoint":
		key = "refit"
	}
	attempt := func() *jobTrail {
		a := attempts[key]
		if a == nil {
			a = &jobTrail{}
			attempts[key] = a
		}
		return a
	}
	switch e.Message {
	case "goes on from a checkpoint", "the refit goes on from a checkpoint":
		attempt().first = e.Epochs
	case "epoch", "refit epoch":
		a := attempt()
		if len(a.epochs) == 0 { // now it is known where it went on
			wrong = t.compare(key, a.first)
			t.jobs[key] = a
			if e.Epoch != a.first+1 {
				wrong = append(wrong, fmt.Sprintf("job %s went on from epoch %d with epoch %d", key, a.first, e.Epoch))
			}
		}
		a.epochs = append(a.epochs, epochTrail{e.Epoch, time.Duration(e.Seconds * float64(time.Second))})
	case "outcome":
		if t.outcomes[key] {
			wrong = append(wrong, fmt.Sprintf("the outcome %s was on disk, and is trained again", key))
		}
		t.outcomes[key] = true
	}
	return wrong
}

// compare counts the epochs of the attempt before that are trained again. All of them but
// the last must be within what the law allows: the last is the one epoch, which may be
// longer than the two seconds.
func (t *trail) compare(key string, from int) (wrong []string) {
	before := t.jobs[key]
	if before == nil {
		return nil
	}
	var l loss
	var last time.Duration
	for _, e := range before.epochs {
		if e.number > from {
			l.epochs++
			l.took += e.took
			last = e.took
		}
	}
	if l.took-last > allowed {
		wrong = append(wrong, fmt.Sprintf("job %s: %d epochs of %s in all are trained again", key, l.epochs, l.took))
	}
	t.lost = append(t.lost, l)
	return wrong
}
