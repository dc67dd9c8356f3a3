//go:build unix

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestSignalWhileReading: a first signal ends a verb that waits for a file, also
// one that would train later and then stop by itself.
func TestSignalWhileReading(t *testing.T) {
	b := newBench(t, demandingSweep)
	if err := syscall.Mkfifo(filepath.Join(b.folder, "pipe"), 0o600); err != nil {
		t.Skip("no pipes here: ", err)
	}
	for _, row := range []struct {
		verb   string
		signal os.Signal
		code   int
	}{
		{"plan", syscall.SIGTERM, exitTerminated},
		{"run", os.Interrupt, exitInterrupted},
	} {
		t.Run(row.verb, func(t *testing.T) {
			cmd, _, _ := b.command(row.verb, "pipe")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- cmd.Wait() }()
			// The signal may come before the program listens, which ends it too, or
			// while it waits for the pipe; either way it must not stay.
			time.Sleep(300 * time.Millisecond)
			if err := cmd.Process.Signal(row.signal); err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-done:
				var exit *exec.ExitError
				if !errors.As(err, &exit) || exit.Exited() && exit.ExitCode() != row.code {
					t.Fatalf("%v, want exit code %d", err, row.code)
				}
			case <-time.After(20 * time.Second):
				cmd.Process.Kill()
				t.Fatal("the signal did not end it")
			}
		})
	}
}
