// Package exchange writes what a sweep recorded for other programs: a row for every trial, fold and epoch, as CSV,
// JSON or Parquet, and as TensorBoard's event files.
//
// # The way in
//
//	source := exchange.Source{Sweep: s, Ranking: r, Histories: reader.Histories, Version: v}
//	rows, err := source.CSV(ctx, w)
//	rows, err := source.TensorBoard(ctx, create)
//
// A Source yields runs, one for each trial and fold of which anything is known, in the order of the sweep, and reads
// their epochs some hundred at a time: memory does not grow with the epochs (run.go). Equal facts give equal bytes,
// whatever the order they were recorded in; wall times are those recorded. Columns stand once, in column.go, for the
// three table formats.
//
// # What a row says
//
// trial, repeat, fold, epoch (from 1) and the state of that fold: complete, diverged, failed. A fold without epochs (a failed
// one) has one row without an epoch. scored is true at the epoch whose scores count. Axes of the grid are params.NAME, so
// that they cannot be taken for what was measured: params.learning_rate was asked for, learning_rate was used. A
// number that is not finite, as the loss of a diverged fold, is left out: null, or an empty cell.
//
// Every table says where its numbers come from: sweep ID, data fingerprint, metric, seed and version once or in
// columns, trainer revision and kernel in each row, since with --mix they may differ.
//
// # Formats
//
// Parquet is parquet-go's (github.com/parquet-go/parquet-go), flat, Snappy, repeated text in dictionaries. Event files are
// few enough messages to be written with protowire, as trainer/onnx says of its own: records framed as TFRecord,
// scalars, and what the hparams plugin reads (event.go, hparams.go). _events, a module of its own, reads them with
// messages that protoc made of TensorFlow's definitions; `go test . -args -events` compares every scalar.
package exchange
