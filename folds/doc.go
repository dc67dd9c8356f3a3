// Package folds cuts row numbers into pairs of training and validation rows. It knows integers
// only: how many rows there are, the class of each, the group of each.
//
// Four schemes, each a function: KFold cuts the rows into k blocks, Stratified keeps the share of
// every class, Grouped keeps the rows of a group together, Holdout takes a part once. All give
// their folds in order of repeat, then fold; rows within a fold ascend.
//
// # The same as scikit-learn
//
// Without shuffling, KFold, Stratified and Grouped are scikit-learn's KFold, StratifiedKFold and
// GroupKFold, row for row; testdata/folds.json was made by scikit-learn 1.2.1 and is compared in
// the tests. This reaches into details that a reader might take for accidents:
//
//   - Stratified numbers classes in order of first appearance and deals the sorted labels out
//     round-robin; a class's share of a fold follows from where its run starts (stratified.go).
//   - Grouped puts the largest group left into the lightest fold. Groups of one size come in the
//     order that NumPy's argsort leaves them in, which is no stable sort: argsort.go sorts the same
//     way. (NumPy 1.25 and later sort differently on processors with AVX-512.)
//
// # Shuffling
//
// A shuffle is a function of (seed, repeat) through a generator of our own (permutation.go), so
// that the folds of a sweep are the same for every version of Go. Shuffled folds are not
// scikit-learn's: its generator is another.
//
// # Limits
//
// Fewer than two rows to train or to validate on is an error, and so is a request whose folds
// would hold more than MaxIndices row numbers together: k folds of n rows hold k·n.
package folds
