// Package store keeps the facts of sweeps in a bbolt file: it is search.Ledger on
// a disk, and search.Checkpoints beside it.
//
// # Which type to use
//
// A runner opens the store with Open and gets a *Store, the only one that
// writes. It calls Serve, so that others can read while it runs. Who only reads
// takes OpenReader: a *Reader asks the runner where there is one and the file
// where there is none, and does not care which. Check, Salvage and Compact look
// after a file that nobody runs.
//
// # Who may have the file
//
// bbolt locks its file: one writer, or many readers. That alone would make
// `leaderboard` hang while a sweep runs for days, and make a sweep fail to start
// because somebody looks at a table. So there are three things beside each other:
//
//   - PATH.run, the claim: a file that the runner locks as long as it lives and in
//     which it writes who it is. The lock is the truth, and the kernel takes it
//     back from a killed process; the text is for messages and for finding the
//     socket. A second runner learns at once whom it would disturb (*HeldError).
//   - PATH.sock, the socket: the runner answers GET requests about facts,
//     histories, sweeps and its status. Where the path is too long for a socket
//     it lies in the user's runtime folder; PATH.run says where. A socket that a
//     killed runner left does not answer, which is how readers know.
//   - bbolt's own lock. Readers of the file take it for one question, copy the
//     answer out and let go; a runner that starts waits for them (Options.Wait).
//     Between questions a Reader holds nothing, so it can never be in the way.
//
// Who only wants to say that it looked at test rows leaves a file for the runner
// (look.go): nothing that comes through the socket writes.
//
// Records travel as they lie in the file, with their checksums, and are checked
// and decoded by the reader, so both ways of reading are one.
//
// # What is trusted
//
// Nothing that is read. bbolt maps its file and follows page numbers wherever
// they lead; a flipped bit makes it panic, loop or touch memory that is not
// there. Every opening therefore walks over the file first with plain reads
// (pageFile, walker): is it as long as it says, does each page exist, is it
// reached once, is no free page in use. What bbolt does afterwards runs under
// guard, which turns panics and memory faults into errors. And each record has a
// checksum over what it says and where it belongs, so that a changed score is
// found and not ranked.
//
// # What a commit is
//
// Record is one bbolt transaction: when it returns the pages, and then the meta
// page that makes them count, have been synced. After a commit that failed the
// store takes no more: once fsync has failed, nobody knows what the disk has.
// Reading goes on. The store is also gone when its file is: a commit into a file
// that was removed succeeds and saves nothing, so each one looks.
//
// # Rejected
//
// A read-only connection held open (keeps runners out, and pages from being used
// again). The index in the runner's memory (cheaper to write, but readers want
// it, and memory would grow with the sweep). Checkpoints in bbolt (its files
// never shrink). Protocol buffers for records (outcomes have few fields, all
// present; a fixed order is smaller and quicker, and the version of the file
// says which).
//
// FORMAT.md beside this file lays down every byte, RELIABILITY.md what is promised
// after which call, and the test of each promise.
//
// # Reading the source
//
// ledger.go says what is written; view.go what is read; store.go and runner.go how
// the file is opened and by whom; reader.go, client.go and server.go the way
// through the socket; format.go and record.go, history.go, enrolment.go, wire.go
// the bytes; page.go, tree.go, inventory.go, check.go and salvage.go everything
// that does without bbolt; checkpoint.go, look.go and files.go what lies beside.
package store
