// Package search is the hub of Espalier and the owner of its nouns: sweep, trial,
// job, outcome, ledger, standing. It decides what there is to do, has it done in a
// pool, and says what came of it. How a network is trained is package trainer's;
// where facts are kept is an adapter's, behind Ledger.
//
// # The flow
//
// New makes a Sweep of a parsed file and a description of its data, or reports all
// that is wrong with it. The sweep's Trials are its points in order; each has a
// content key, the hash of its effective parameters. Trials that differ only in
// epochs are a family; a Job is one family on one fold.
//
// Run subtracts the recorded facts from families × folds and hands what is left to a
// pool, longest first. An Evaluator (NewTrainer, or a script in tests) trains a job
// and records an Outcome for each trial as its last epoch ends; one goroutine writes
// them to the Ledger, as many in a commit as have gathered. NewRanking orders the
// trials by the facts, Rank makes a Standing of each, and Board is what
// `leaderboard --format json` prints. Compare and Ties tell which trials are no worse
// than the leader for all one knows, Choose picks the one to refit, Optimism says how
// much of the leader's score is luck; Makespan plays the pool, for forecasts. Refit
// trains the winner on all rows and evaluates it once on the test rows; Verify trains
// one fold again and compares every number.
//
// # What holds
//
// Facts are only ever appended and states are derived (tally, Rank): nothing is
// marked as running, so that a crash leaves nothing to heal. Resume is the
// subtraction above and has no state of its own.
//
// The same sweep gives the same numbers whatever the number of workers, the order of
// jobs, sharing or interruptions: no number depends on anything but the sweep's seed,
// repeat, fold and the trial's parameters. Two things need care for that. Under
// validate = "final" a trial's history is cut down to what it would be if trained by
// itself (bench.own). And a checkpoint that has run past an epoch whose score
// somebody needs is thrown away (bench.prepare).
//
// A job that stops because the run does leaves a checkpoint and no fact. One that
// panics, exceeds its limit or cannot be set up leaves a Failure for each trial without
// outcome. An error of the ledger or of the disk ends the run and leaves no fact either.
//
// # What was decided on the way
//
// The contract lists what a sweep's ID hashes; `validate` is added to it, since it
// decides which epoch counts as the best, and the board of an edited file has to be
// that of a fresh run. A trial that has both failed and diverged folds stands as
// failed: that is what one can do something about.
//
// A worker is free as soon as it hands in the last outcome of its job, before that is
// on disk. Otherwise a pool of eight would put at most eight outcomes in a commit.
// It lets go of its network first, so that what waits is small.
//
// A job starts where the memory that its config needs is free, beside what jobs that
// have just started will take; meanwhile its worker waits (memory.go). Were each started
// at once, the system would kill all of them for the one too many.
//
// The processors are shared out among the jobs that can run side by side as each
// starts: a job that is alone uses all of them. A checkpoint whose job went with an
// edit of the file is removed by the run that finds nothing left to do.
//
// Points are arithmetic until somebody runs them. Run and Rank list the trials' keys,
// up to TrialLimit; New and Plan visit a sample or a count.
package search
