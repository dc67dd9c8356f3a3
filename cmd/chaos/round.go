//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// perRound is how many processes of a round are killed at most, so that it ends.
const perRound = 14

// A reference is what an undisturbed run makes.
type reference struct {
	board  string
	model  []byte
	scores map[string]json.Number // by trial and fold
}

// A round is one sweep that is killed until it is done.
type round struct {
	*chaos
	number int
	random *rand.Rand
	sweep  sweep
	folder string
	flags  []string
	want   *reference
	trail  *trail
}

// newRound draws the sweep and how it is run.
func (c *chaos) newRound(number int) (*round, error) {
	r := &round{chaos: c, number: number, random: rand.New(rand.NewPCG(c.seed, uint64(number)<<16))}
	all := sweeps()
	r.sweep = all[r.random.IntN(len(all))]
	r.flags = []string{"--workers", strconv.Itoa(1 + r.random.IntN(4))}
	if r.random.IntN(3) == 0 {
		r.flags = append(r.flags, "--no-share")
	}
	r.folder = filepath.Join(c.folder, "round"+strconv.Itoa(number))
	var err error
	if r.want, err = c.reference(r.sweep); err != nil {
		return nil, err
	}
	r.trail = newTrail(filepath.Join(r.folder, "log.json"))
	return r, r.place(r.folder)
}

// place makes a folder with the sweep file.
func (r *round) place(folder string) error { return placeSweep(folder, r.sweep) }

func placeSweep(folder string, s sweep) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "sweep.toml"), []byte(s.text), 0o600)
}

// reference runs a sweep undisturbed, once.
func (c *chaos) reference(s sweep) (*reference, error) {
	if known := c.references[s.name]; known != nil {
		return known, nil
	}
	folder := filepath.Join(c.folder, s.name)
	if err := placeSweep(folder, s); err != nil {
		return nil, err
	}
	if _, err := c.call(folder, "-q", "run", "sweep.toml", "--workers", "2"); err != nil {
		return nil, fmt.Errorf("the undisturbed run of %s: %w", s.name, err)
	}
	ref, err := c.result(folder, s)
	if err != nil {
		return nil, fmt.Errorf("the undisturbed run of %s: %w", s.name, err)
	}
	c.references[s.name] = ref
	return ref, nil
}

// call runs espalier to an end that must be good.
func (c *chaos) call(folder string, args ...string) (string, error) {
	cmd := exec.Command(c.espalier, args...)
	cmd.Dir, cmd.Env = folder, environment(folder)
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("espalier %s: %w\n%s%s", strings.Join(args, " "), err, out.String(), talk.String())
	}
	return out.String(), nil
}

// result reads what a finished sweep made.
func (c *chaos) result(folder string, s sweep) (*reference, error) {
	board, err := c.call(folder, "leaderboard", "--format", "json")
	if err != nil {
		return nil, err
	}
	ref := &reference{board: board}
	if ref.scores, err = scoresOf(board); err != nil {
		return nil, err
	}
	ref.model, err = os.ReadFile(filepath.Join(folder, s.name+".espalier"))
	return ref, err
}

// scoresOf is what a board says of each trial and fold, to the last digit.
func scoresOf(board string) (map[string]json.Number, error) {
	var b struct {
		Rows []struct {
			Trial string         `json:"trial"`
			Folds []*json.Number `json:"folds"`
		} `json:"rows"`
	}
	if err := json.Unmarshal([]byte(board), &b); err != nil {
		return nil, fmt.Errorf("read the board: %w", err)
	}
	scores := map[string]json.Number{}
	for _, row := range b.Rows {
		for fold, score := range row.Folds {
			if score != nil {
				scores[fmt.Sprintf("%s-%d", row.Trial, fold)] = *score
			}
		}
	}
	return scores, nil
}

// play kills the sweep until it is done, or so many times, and then lets it end.
func (r *round) play() error {
	r.say("round %d: %s, %s", r.number, r.sweep.name, strings.Join(r.flags, " "))
	refitting := false
	for n := range perRound {
		// Numbers of its own for each kill: what was drawn before depends on how far the clock let it come.
		r.random = rand.New(rand.NewPCG(r.seed, uint64(r.number)<<16+uint64(n)+1))
		p := draw(r.random, r.sweep, refitting)
		e, err := r.process(p)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		refitting = refitting || e.refits
		r.report.add(r.trail, e)
		if e.code == 0 {
			return r.finish(e)
		}
		r.say("  kill %d: %s: in %s", n, p, e.inside)
		if r.random.IntN(4) == 0 {
			if err := r.glance(); err != nil {
				return fmt.Errorf("%s: after it: %w", p, err)
			}
		}
	}
	e, err := r.process(plan{place: "nowhere", nth: 1})
	if err != nil {
		return err
	}
	if e.code != 0 {
		return fmt.Errorf("undisturbed at last, and exit %d\n%s", e.code, e.talk)
	}
	r.report.add(r.trail, e)
	return r.finish(e)
}

// process starts the sweep once more and has it meet a plan.
func (r *round) process(p plan) (ending, error) {
	verb := []string{"run", "sweep.toml"}
	if r.random.IntN(3) == 0 { // where the sweep is in the store
		if out, err := r.call(r.folder, "ls"); err == nil && strings.Contains(out, r.sweep.name) {
			verb = []string{"resume"}
		}
	}
	args := append(append(verb, "--log-file", "log.json"), r.flags...)
	w, err := begin(r.espalier, r.folder, filepath.Join(r.folder, "p"), args)
	if err != nil {
		return ending{}, err
	}
	e, err := w.meet(p)
	if err != nil {
		return e, err
	}
	wrong, err := r.trail.follow()
	if err != nil {
		return e, err
	}
	wrong = append(wrong, r.judge(e)...)
	if len(wrong) > 0 {
		return e, fmt.Errorf("%s\n%s%s", strings.Join(wrong, "\n"), e.out, e.talk)
	}
	return e, nil
}

// judge says what is wrong with how a process ended.
func (r *round) judge(e ending) (wrong []string) {
	switch {
	case e.code == 0:
	case !e.killed:
		wrong = append(wrong, fmt.Sprintf("exit %d of its own", e.code))
	case e.signal == syscall.SIGKILL:
	case e.signal != 0 && e.started > 0:
		wrong = append(wrong, fmt.Sprintf("%s ended it without a word", name(e.signal)))
	case e.signal != 0: // before it listens for signals
	case e.code != 130 && e.code != 143:
		wrong = append(wrong, fmt.Sprintf("exit %d after a signal", e.code))
	}
	if strings.Contains(e.talk, "panic") || strings.Contains(e.talk, "ignored the checkpoint") {
		wrong = append(wrong, "it says what it should never have to")
	}
	return wrong
}

// glance asks what a user would after a kill: what is shown is the undisturbed run's.
func (r *round) glance() error {
	if list, err := r.call(r.folder, "ls"); err != nil || !strings.Contains(list, r.sweep.name) {
		if err != nil && !strings.Contains(err.Error(), "no store") {
			return err
		}
		return nil // killed before there was one
	}
	board, err := r.call(r.folder, "leaderboard", "--format", "json")
	if err != nil {
		return err
	}
	scores, err := scoresOf(board)
	if err != nil {
		return err
	}
	for at, score := range scores {
		if want := r.want.scores[at]; score != want {
			return fmt.Errorf("trial and fold %s: %q, want %q", at, score, want)
		}
	}
	_, err = r.call(r.folder, "status")
	return err
}

// finish compares what the round made with the undisturbed run.
func (r *round) finish(last ending) error {
	have, err := r.result(r.folder, r.sweep)
	if err != nil {
		return err
	}
	if have.board != r.want.board {
		return fmt.Errorf("the board differs\nhave %s\nwant %s", have.board, r.want.board)
	}
	if !bytes.Equal(have.model, r.want.model) {
		return fmt.Errorf("the model differs")
	}
	if !strings.Contains(last.out, "evaluation 1 on them") {
		return fmt.Errorf("the test rows were not looked at once\n%s", last.out)
	}
	check, err := r.call(r.folder, "check")
	if err != nil {
		return err
	}
	if !strings.Contains(check, "no problems") {
		return fmt.Errorf("check: %s", check)
	}
	left, err := os.ReadDir(r.folder)
	if err != nil {
		return err
	}
	for _, e := range left {
		switch e.Name() {
		case "sweep.toml", "log.json", "espalier.db", r.sweep.name + ".espalier", ".cache", "espalier":
		default:
			return fmt.Errorf("%s is left in the folder", e.Name())
		}
	}
	r.report.rounds++
	if r.keep {
		return nil
	}
	return os.RemoveAll(r.folder)
}
