// Package searchtest is what tests of package search and of its adapters share.
//
// TestLedger is the conformance suite that every search.Ledger passes: the one in
// memory here, and the store's. Ledger, Failing and Checkpoints stand in for a disk,
// Scripted for the trainer: it plays curves from a table, so that tests of the pool,
// of families and of resume are exact and take no time.
package searchtest
