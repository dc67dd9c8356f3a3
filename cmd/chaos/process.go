//go:build unix

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// hang is how long a process may take to end; far more than any sweep here needs.
const hang = 3 * time.Minute

// An ending is how a process ended, and what it was at.
type ending struct {
	code    int            // −1: by the signal
	signal  syscall.Signal // that ended it
	killed  bool           // our signal was sent before it ended
	inside  string         // where the kill fell: start, search, commit, checkpoint, refit
	refits  bool           // it was seen in the refit
	started time.Duration  // to the first new step; 0: none
	out     string
	talk    string
}

// watched is a process that says where it is.
type watched struct {
	cmd       *exec.Cmd
	out, talk bytes.Buffer
	began     time.Time
	lines     chan string // of places; each waits for an answer
	answers   chan bool
	exit      chan error

	waits      string // the place at which it waits; "": it goes on
	commit     bool   // between commit and committed
	writing    int    // checkpoints begun and not saved
	end        ending
	signalled  bool
	heldInside string // where it was when the signal was sent
}

// begin starts espalier in a folder; the socket's path must be short.
func begin(espalier, folder, socket string, args []string) (*watched, error) {
	_ = os.Remove(socket)
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	w := &watched{lines: make(chan string), answers: make(chan bool), exit: make(chan error, 1)}
	w.cmd = exec.Command(espalier, args...)
	w.cmd.Dir = folder
	w.cmd.Env = environment(folder, "ESPALIER_PAUSE="+socket)
	w.cmd.Stdout, w.cmd.Stderr = &w.out, &w.talk
	w.began = time.Now()
	if err := w.cmd.Start(); err != nil {
		listener.Close()
		return nil, err
	}
	closed := make(chan struct{}) // all lines are heard
	go func() {
		defer close(closed)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		for lines := bufio.NewScanner(conn); lines.Scan(); {
			w.lines <- lines.Text()
			if <-w.answers {
				_, _ = conn.Write([]byte{1})
			}
		}
	}()
	go func() {
		err := w.cmd.Wait()
		listener.Close() // of a process that died before it came to it
		<-closed
		w.exit <- err
	}()
	return w, nil
}

// environment has all that a process may write to within a folder.
func environment(folder string, more ...string) []string {
	return append(append(os.Environ(), "HOME="+folder, "XDG_RUNTIME_DIR="+folder, "XDG_CACHE_HOME="+folder, "ESPALIER_STORE=", "NO_COLOR=1"), more...)
}

// meet sees a process to its end and kills it where the plan says.
func (w *watched) meet(p plan) (ending, error) {
	limit := time.NewTimer(hang)
	defer limit.Stop()
	clock := time.NewTimer(hang) // of the plan
	defer clock.Stop()
	timed := p.place == "" || p.rouse != 0
	if timed && p.early {
		clock.Reset(p.after)
	}
	seen := 0
	for {
		select {
		case line := <-w.lines:
			w.note(line)
			if line == "step" && timed && !p.early {
				clock.Reset(p.after)
			}
			if p.place != "" && !w.signalled && strings.Contains(line, p.place) && (p.rouse == 0 || w.end.killed) {
				if seen++; seen == p.nth {
					if p.loose > 0 {
						w.release()
						time.Sleep(p.loose)
						w.kill(p)
						continue
					}
					w.kill(p)
					if p.signal == syscall.SIGKILL {
						w.answers <- false
						continue
					}
					time.Sleep(time.Millisecond) // for the signal to arrive
				}
			}
			w.release()
		case <-clock.C:
			if p.rouse == 0 {
				w.kill(p)
				continue
			}
			w.heldInside, w.end.killed = w.inside(), true
			_ = w.cmd.Process.Signal(p.rouse)
		case err := <-w.exit:
			return w.ended(err)
		case <-limit.C:
			_ = w.cmd.Process.Signal(syscall.SIGQUIT) // its stacks go to its stderr
			_ = w.cmd.Process.Kill()
			go func() { // whoever still says a place
				for range w.lines {
					w.answers <- true
				}
			}()
			<-w.exit
			return w.end, fmt.Errorf("hangs: it did not end within %s\n%s", hang, tail(w.talk.String(), 20_000))
		}
	}
}

func (w *watched) kill(p plan) {
	w.signalled, w.end.killed, w.heldInside = true, true, w.inside()
	_ = w.cmd.Process.Signal(p.signal)
	if p.twice {
		time.Sleep(time.Millisecond)
		_ = w.cmd.Process.Signal(p.signal)
	}
}

// note keeps account of where the process is.
func (w *watched) note(line string) {
	w.waits = line
	switch bare := strings.TrimPrefix(line, "refit "); {
	case line == "step":
		w.end.started = time.Since(w.began)
	case bare == "commit":
		w.commit = true
	case bare == "committed":
		w.commit = false
	case bare == "checkpoint begun":
		w.writing++
	case bare == "checkpoint saved":
		w.writing--
	}
	w.end.refits = w.end.refits || strings.HasPrefix(line, "refit")
}

// release lets it go on.
func (w *watched) release() {
	w.waits = ""
	w.answers <- true
}

// inside is what it is at; held behind a commit that nobody knows of yet is in it.
func (w *watched) inside() string {
	switch {
	case w.writing > 0:
		return "checkpoint"
	case w.commit || strings.HasSuffix(w.waits, "committed"):
		return "commit"
	case w.end.refits:
		return "refit"
	case w.end.started == 0:
		return "start"
	}
	return "search"
}

func (w *watched) ended(err error) (ending, error) {
	e := w.end
	e.out, e.talk = w.out.String(), w.talk.String()
	e.inside = w.heldInside
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return e, err
	}
	e.code = w.cmd.ProcessState.ExitCode()
	if status, ok := w.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		e.signal = status.Signal()
		if e.signal == syscall.SIGKILL { // what was said last before it struck is where it fell
			e.inside = w.inside()
		}
	}
	return e, nil
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }
