// Espalier trains models on a grid and keeps the best: the command line.
//
// This package wires the others together and holds no knowledge of its own
// about sweeps. Everything a user meets is here and nowhere else: flags are
// read, lines are printed and the process exits in this package only. What a
// verb does stands in the file of its name (run.go, plan.go, leaderboard.go);
// beside those there are
//
//   - main.go and program.go: the root command, global flags, exit codes;
//   - failure.go: how an error ends the process, and its hint lines;
//   - session.go: from a sweep file, or from the store, to a sweep ready to run;
//   - source.go: which sweep and which trial a user means by a prefix;
//   - column.go, condition.go, board.go: the leaderboard's columns, --where, formats;
//   - progress.go, live.go, plain.go: what a run says while it goes on;
//   - pause.go: where a test may kill the process; inert for everybody else;
//   - export.go, exportmodel.go, exportsweep.go: which formats there are, and where they may go;
//   - picture.go: images for predict; text.go, table.go: how things are written.
//
// Two rules hold throughout. Results go to stdout and talk goes to stderr, so
// that every verb can be piped. And exit codes mean one thing each: 0 done,
// 1 failed, 2 bad usage or sweep file, 3 finished with failed jobs, 4 budget
// reached, 130 interrupted, 143 terminated.
package main
