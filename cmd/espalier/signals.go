package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// interruption is the cause a context ends with when a signal came.
type interruption struct{ signal os.Signal }

func (i *interruption) Error() string {
	if i.signal == syscall.SIGTERM {
		return "terminated"
	}
	return "interrupted"
}

// code is the exit code of the signal: 128 and its number.
func (i *interruption) code() int {
	if i.signal == syscall.SIGTERM {
		return exitTerminated
	}
	return exitInterrupted
}

// interruptionOf gives the signal that ended a context, or nil.
func interruptionOf(ctx context.Context) *interruption {
	var i *interruption
	if errors.As(context.Cause(ctx), &i) {
		return i
	}
	return nil
}

// signals ends the context at the first SIGINT or SIGTERM where the verb is one
// that is training (see graceful), so that it can stop at the end of a batch and keep
// what it has. The second signal, and the first in any other verb and while files are read, ends the
// process at once, which loses at most what a kill would.
func (p *program) signals(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	ch := make(chan os.Signal, 2)
	signal.Notify(ch, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-ch:
				i := &interruption{signal: s}
				if ctx.Err() != nil {
					os.Exit(i.code())
				}
				if !p.graceful.Load() {
					if p.trains.Load() {
						printFailure(p.err, &failure{err: i, hints: []string{"go on with: " + p.again()}})
					}
					os.Exit(i.code())
				}
				cancel(i)
			case <-done:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(ch)
		close(done)
		cancel(nil)
	}
}
