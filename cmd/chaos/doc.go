// Command chaos kills sweeps, starts them again until they are done, and compares what
// came of it with a run that nobody disturbed.
//
//	go run ./cmd/chaos                       # 30 kills, as CI does
//	go run ./cmd/chaos -kills 1000 -time 1h  # whichever comes first
//	go run ./cmd/chaos -seed 7 -round 3      # one round again, as a failure says
//
// A round is one sweep in a store of its own (sweep.go): grid and random, hold-out and
// k-fold, families shared or not, dense and convolutional networks, one to four
// workers. It is killed with SIGKILL, SIGTERM and SIGINT, at a random time, soon after its
// start, or where it says it is (cmd/espalier's pause.go): within a commit, within the
// writing of a checkpoint, within the refit. There it is killed while it waits, or it is let go on
// and killed some microseconds later. Everything but the clock follows from the seed.
//
// What must hold after each kill: reading verbs answer, and every score they show is the
// undisturbed run's; the exit code is the signal's; an outcome that was reported is never
// trained again; work trained again is at most one epoch or two seconds per worker. At
// the end of a round: the JSON leaderboard and the model have the undisturbed run's
// bytes, the test rows were looked at once, check finds no problem, and nothing is left
// beside the store.
//
// With -readers it kills nothing and measures readers beside a run (readers.go):
//
//	go run ./cmd/chaos -readers 10 -for 1m
//
//	main.go     flags, rounds, the report        sweep.go   what is killed
//	round.go    one round                        plan.go    where and how a kill falls
//	process.go  one process and its end          trail.go   what its log says was trained
package main
