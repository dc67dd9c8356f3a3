package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"espalier/search"
	"espalier/store"
)

// train runs a sweep in an open store to its end: the search, the ranking, the
// refit. It is what run and resume share.
func (p *program) train(cmd *cobra.Command, st *store.Store, s *session, f *runFlags) error {
	ctx := cmd.Context()
	p.graceful.Store(true)
	boundHeap(machineMemory())
	p.warnOfProcessor()
	monitor := &search.Monitor{}
	workers := f.workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	if err := st.Serve(func() any { return monitor.Status() }); err != nil {
		p.warn(err.Error()) // the run goes on; only readers have to wait
	}
	show := p.newProgress(monitor, workers)
	guess := p.newExpectation(s, workers, f.noShare)
	result, err := search.Run(ctx, s.sweep, p.pauses.ledger(st), search.NewTrainer(s.sweep, s.set, s.folds, st.Checkpoints()), search.Options{
		Workers: workers, Budget: f.budget, JobTimeout: f.jobTimeout, NoShare: f.noShare, Mix: f.mix,
		Version: programVersion(), Command: p.commandPrefix() + " verify", Monitor: monitor,
		Checkpoints: st.Checkpoints(), MaxFailures: f.failures, Breaker: f.breaker, FreeMemory: freeMemory, Folds: s.folds,
		Events: func(e search.Event) {
			show.event(e)
			guess.see(e)
		},
	})
	show.end()
	if err != nil {
		return p.stopped(ctx, err, result, s.sweep, f)
	}
	if verdict := guess.verdict(); verdict != "" {
		p.say("%s", verdict)
	}
	ranking, err := p.ranking(ctx, st, s.sweep)
	if err != nil {
		return err
	}
	if err := p.writeTop(s.sweep, ranking, f.top); err != nil {
		return err
	}
	if s.sweep.File.Refit.Enabled && !f.noRefit {
		if err := p.refitWinner(ctx, st, s, ranking, f); err != nil {
			return err
		}
	}
	if result.Failed > 0 {
		return &failure{err: fmt.Errorf("%d of %s failed", result.Failed, plural(result.Total, "fit")), code: exitJobsFailed,
			hints: []string{p.commandPrefix() + " why TRIAL tells the reason", p.commandPrefix() + " retry makes them due again"}}
	}
	return nil
}

// refitWinner trains the leader on all training rows and saves the model.
func (p *program) refitWinner(ctx context.Context, st *store.Store, s *session, r *search.Ranking, f *runFlags) error {
	if r.Len() == 0 || r.At(0).Rank != 1 {
		p.warn("nothing to refit: no trial has a result on every fold")
		return nil
	}
	rule, err := parseSelection(f.choose)
	if err != nil {
		return err
	}
	standings := make([]search.Standing, r.Len())
	if rule == search.SelectBest || rule == "" && s.sweep.File.Refit.Select == string(search.SelectBest) {
		standings = standings[:1] // no others are looked at
	}
	for i := range standings {
		standings[i] = r.At(i)
	}
	row, err := p.choose(s.sweep, standings, rule)
	if err != nil {
		return err
	}
	err = p.refitTrial(ctx, st, s, row.Trial, p.outputPath(f.output, s.sweep))
	if i := interruptionOf(ctx); i != nil && err != nil {
		return &failure{err: i, code: i.code(), hints: []string{"go on with: " + p.resumeLine(s.sweep, f)}}
	}
	if _, disk := errors.AsType[syscall.Errno](err); disk {
		return hint(err, "when the cause is gone, go on with: "+p.resumeLine(s.sweep, f))
	}
	return err
}

// stopped turns the end of an unfinished run into its exit code and the command that goes on.
func (p *program) stopped(ctx context.Context, err error, r search.Result, s *search.Sweep, f *runFlags) error {
	goOn := "go on with: " + p.resumeLine(s, f)
	done := fmt.Sprintf("%d of %d fits are done", r.Done, r.Total)
	if i := interruptionOf(ctx); i != nil {
		return &failure{err: fmt.Errorf("%s: %s, the rest is kept as far as it is trained", i, done), code: i.code(), hints: []string{goOn}}
	}
	if errors.Is(err, search.ErrBudget) {
		return &failure{err: fmt.Errorf("budget of %s reached: %s", f.budget, done), code: exitBudget, hints: []string{goOn}}
	}
	if errors.Is(err, search.ErrFailures) {
		return hint(fmt.Errorf("%w; %s", err, done), p.commandPrefix()+" why TRIAL tells the reason", "go on without them: "+p.resumeLine(s, f), p.commandPrefix()+" retry makes them due again")
	}
	if errors.Is(err, search.ErrMemory) {
		return hint(fmt.Errorf("%w; %s", err, done), "a smaller model or batch_size; when there is more, "+goOn)
	}
	if err = p.storeFailure(err); errors.Is(err, search.ErrOrigin) || errors.Is(err, store.ErrDamaged) {
		return err
	}
	// The disk's: full, failing, read-only, gone.
	return hint(err, done+"; what is recorded is kept", "when the cause is gone, "+goOn)
}

// commandPrefix is "espalier" with the store where it is not the default one.
func (p *program) commandPrefix() string {
	if p.store == "" {
		return "espalier"
	}
	return "espalier --store " + shellQuote(p.store)
}

// resumeLine is the command that goes on with a sweep, with the flags that matter to it.
func (p *program) resumeLine(s *search.Sweep, f *runFlags) string {
	parts := []string{p.commandPrefix(), "resume", shellQuote(s.File.Name)}
	if f.workers > 0 {
		parts = append(parts, fmt.Sprintf("--workers %d", f.workers))
	}
	if f.budget > 0 {
		parts = append(parts, "--budget "+f.budget.String())
	}
	if f.jobTimeout > 0 {
		parts = append(parts, "--job-timeout "+f.jobTimeout.String())
	}
	if f.failures > 0 {
		parts = append(parts, fmt.Sprintf("--max-failures %d", f.failures))
	}
	if f.breaker != defaultBreaker {
		parts = append(parts, fmt.Sprintf("--breaker %d", f.breaker))
	}
	for _, flag := range []struct {
		set  bool
		name string
	}{{f.noRefit, "--no-refit"}, {f.noShare, "--no-share"}, {f.mix, "--mix"}} {
		if flag.set {
			parts = append(parts, flag.name)
		}
	}
	if f.choose != "" {
		parts = append(parts, "--select "+f.choose)
	}
	if f.output != "" {
		parts = append(parts, "-o "+shellQuote(f.output))
	}
	return strings.Join(parts, " ")
}
