package exchange

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"espalier/search"
	"espalier/search/searchtest"
	"espalier/trainer"
)

// odd is a sweep with an axis of each kind, names that no format likes, and two repeats of two folds.
const odd = `
name = "../../o,d\"d<b>"
seed = 9223372036854775807
[data]
source = "nowhere"
[folds]
k = 2
repeats = 2
shuffle = true
[search]
metric = "f1_macro"
[[grid]]
epochs = [2, 3]
"wide-ü_" = [4, 8]
learning_rate = [0.001, 1]
optimizer = ["sgd"]
nesterov = [true, false]
momentum = { values = [0.5], when = { nesterov = true } }
schedule = [{ type = "cosine" }]
[params]
early_stopping = { patience = 5, restore_best = true }
[model]
layers = [ { type = "dense", units = "$wide-ü_" }, { type = "dense", units = "$classes", activation = "softmax" } ]
`

// material records something for most trials of a sweep: complete, diverged and failed runs, in an order of its own.
func material(t testing.TB, text string, seed uint64) Source {
	t.Helper()
	s := searchtest.Sweep(t, text)
	ledger := searchtest.NewLedger()
	if err := ledger.Enroll(t.Context(), s, false); err != nil {
		t.Fatal(err)
	}
	var facts []search.Fact
	for trial := range s.Trials() {
		for slot := range s.Slots() {
			switch n := trial.Order*s.Slots() + slot; {
			case trial.Order == 3 || n == 5: // pending
			case n == 1:
				facts = append(facts, search.Fact{Failure: &search.Failure{Trial: trial.Key, Slot: slot, Reason: "panic: \"oh\", no\n", Recorded: moment(n)}})
			default:
				facts = append(facts, search.Fact{Outcome: outcome(trial, slot, n)})
			}
		}
	}
	rand.New(rand.NewPCG(seed, 1)).Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
	if err := ledger.Record(t.Context(), s.ID, facts...); err != nil {
		t.Fatal(err)
	}
	r, err := search.NewRanking(s, ledger.Facts(t.Context(), s.ID))
	if err != nil {
		t.Fatal(err)
	}
	return Source{Sweep: s, Ranking: r, Version: "v1.2.3", Histories: func(ctx context.Context, id search.SweepID, places []search.Place) ([][]trainer.Epoch, error) {
		var out [][]trainer.Epoch
		for _, p := range places {
			h, err := ledger.History(ctx, id, p.Trial, p.Slot)
			if err != nil {
				return nil, err
			}
			out = append(out, h)
		}
		return out, nil
	}}
}

func moment(n int) time.Time { return time.Unix(1_800_000_000+int64(n)*60, 500_000_000).UTC() }

// outcome is complete and best at epoch 2 of 3, or every seventh diverged with a loss that is not finite.
func outcome(trial search.Trial, slot, n int) *search.Outcome {
	o := &search.Outcome{Trial: trial.Key, Slot: slot, State: search.Complete, Epochs: 3, Best: 2, Revision: "9", Kernel: "avx2", Recorded: moment(n)}
	for e := range 3 {
		score := 0.5 + 0.1*float64(e%2) + float64(n)/1000
		o.History = append(o.History, trainer.Epoch{
			Number: e + 1, TrainLoss: 1 - score, TrainAccuracy: score / 2, LearningRate: 0.01 / float64(e+1), Seconds: 1.5,
			Validation: &trainer.Scores{Loss: 2 - score, Accuracy: score, F1: score / 3, Precision: 0.25, Recall: 1},
		})
	}
	if n%7 == 6 {
		o.State, o.Reason, o.Best = search.Diverged, "loss is not finite at epoch 3, step 2", 0
		o.History[2].TrainLoss, o.History[2].Validation = math.Inf(1), nil
		return o
	}
	o.Scores = *o.History[1].Validation
	return o
}

// rowsOf are the cells of a CSV by column.
func rowsOf(t testing.TB, data []byte) (names []string, rows []map[string]string) {
	t.Helper()
	all, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range all[1:] {
		row := map[string]string{}
		for i, cell := range record {
			row[all[0][i]] = cell
		}
		rows = append(rows, row)
	}
	return all[0], rows
}

func TestCSV(t *testing.T) {
	s := material(t, odd, 1)
	var out bytes.Buffer
	n, err := s.CSV(t.Context(), &out)
	if err != nil {
		t.Fatal(err)
	}
	names, rows := rowsOf(t, out.Bytes())
	want := "trial repeat fold epoch state scored params.epochs params.learning_rate params.momentum params.nesterov params.optimizer params.schedule " +
		"params.wide-ü_ train_loss train_accuracy validation_loss validation_accuracy validation_f1_macro validation_precision_macro " +
		"validation_recall_macro learning_rate seconds reason revision kernel sweep id data metric seed version"
	if have := strings.Join(names, " "); have != want {
		t.Errorf("columns %s\nwant    %s", have, want)
	}
	runs := map[string]int{}
	for r, err := range s.Runs(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		runs[string(r.State)]++
	}
	if trials := s.Ranking.Len(); n != len(rows) || n != 3*(runs["complete"]+runs["diverged"])+1 || runs["failed"] != 1 || runs["diverged"] < 2 || runs["complete"]+runs["diverged"] != 4*(trials-1)-2 {
		t.Errorf("%d rows counted, %d written, of %v", n, len(rows), runs)
	}
	check := func(at int, want map[string]string) {
		t.Helper()
		for name, text := range want {
			if have, known := rows[at][name]; have != text || !known {
				t.Errorf("row %d: %s is %q, want %q", at, name, have, text)
			}
		}
	}
	check(0, map[string]string{"repeat": "0", "fold": "0", "epoch": "1", "state": "complete", "scored": "false", "params.learning_rate": "0.001",
		"params.wide-ü_": "4", "params.schedule": `{"type":"cosine"}`, "train_loss": "0.5", "validation_f1_macro": "0.16666666666666666",
		"learning_rate": "0.01", "seconds": "1.5", "reason": "", "revision": "9", "kernel": "avx2", "sweep": "../../o,d\"d<b>", "metric": "f1_macro",
		"seed": "9223372036854775807", "version": "v1.2.3", "id": s.Sweep.ID.String(), "data": searchtest.Info().Fingerprint})
	check(1, map[string]string{"epoch": "2", "scored": "true"})
	check(3, map[string]string{"repeat": "0", "fold": "1", "epoch": "", "state": "failed", "scored": "false", "train_loss": "", "reason": "panic: \"oh\", no\n", "revision": ""})
	check(4, map[string]string{"repeat": "1", "fold": "0", "epoch": "1"})
	diverged := slices.IndexFunc(rows, func(r map[string]string) bool { return r["state"] == "diverged" && r["epoch"] == "3" })
	check(diverged, map[string]string{"train_loss": "", "validation_loss": "", "train_accuracy": rows[diverged]["train_accuracy"], "scored": "false", "reason": "loss is not finite at epoch 3, step 2"})
	inactive := slices.IndexFunc(rows, func(r map[string]string) bool { return r["params.nesterov"] == "false" })
	check(inactive, map[string]string{"params.momentum": ""})
}

// TestFormatsAgree reads JSON and Parquet back and holds both to the CSV.
func TestFormatsAgree(t *testing.T) {
	s := material(t, odd, 1)
	var plain, object, columns bytes.Buffer
	n, err := s.CSV(t.Context(), &plain)
	if err != nil {
		t.Fatal(err)
	}
	names, rows := rowsOf(t, plain.Bytes())
	if m, err := s.JSON(t.Context(), &object); err != nil || m != n {
		t.Fatalf("%d rows, want %d: %v", m, n, err)
	}
	var read struct {
		Sweep, ID, Data, Metric, Version string
		Seed                             uint64
		Rows                             []map[string]any
	}
	if err := json.Unmarshal(object.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	if read.Sweep != s.Sweep.File.Name || read.ID != s.Sweep.ID.String() || read.Seed != math.MaxInt64 || read.Version != "v1.2.3" || len(read.Rows) != n {
		t.Errorf("%+v", read)
	}
	for i, row := range read.Rows {
		params := row["params"].(map[string]any)
		for _, name := range names[:slices.Index(names, "sweep")] {
			v, known := row[name]
			if axis, is := strings.CutPrefix(name, "params."); is {
				v = params[axis]
			} else if !known {
				t.Fatalf("row %d lacks %s", i, name)
			}
			if have := textOf(v); have != rows[i][name] {
				t.Fatalf("JSON row %d: %s is %q, want %q", i, name, have, rows[i][name])
			}
		}
	}

	if m, err := s.Parquet(t.Context(), &columns); err != nil || m != n {
		t.Fatalf("%d rows, want %d: %v", m, n, err)
	}
	file, err := parquet.OpenFile(bytes.NewReader(columns.Bytes()), int64(columns.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, c := range file.Schema().Fields() {
		have = append(have, c.Name())
	}
	if !slices.Equal(have, names) || file.NumRows() != int64(n) {
		t.Errorf("%d rows of %q", file.NumRows(), have)
	}
	if id, _ := file.Lookup("id"); id != s.Sweep.ID.String() {
		t.Errorf("the file's metadata says id %q", id)
	}
	reader := parquet.NewReader(file)
	buffer := make([]parquet.Row, 1)
	for i := range rows {
		if k, err := reader.ReadRows(buffer); k != 1 {
			t.Fatalf("row %d: %v", i, err)
		}
		for c, v := range buffer[0] {
			if have := textOfParquet(v); have != rows[i][names[c]] {
				t.Fatalf("Parquet row %d: %s is %q, want %q", i, names[c], have, rows[i][names[c]])
			}
		}
	}
	kinds := map[string]parquet.Kind{"params.epochs": parquet.Int64, "params.learning_rate": parquet.Double, "params.nesterov": parquet.Boolean,
		"params.schedule": parquet.ByteArray, "params.momentum": parquet.Double, "epoch": parquet.Int64, "scored": parquet.Boolean}
	for _, f := range file.Schema().Fields() {
		if want, listed := kinds[f.Name()]; listed && f.Type().Kind() != want {
			t.Errorf("%s is of kind %v, want %v", f.Name(), f.Type().Kind(), want)
		}
	}
}

func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case map[string]any:
		text, _ := json.Marshal(v)
		return string(text)
	}
	return fmt.Sprint(v)
}

func textOfParquet(v parquet.Value) string {
	switch {
	case v.IsNull():
		return ""
	case v.Kind() == parquet.ByteArray:
		return string(v.ByteArray())
	case v.Kind() == parquet.Double:
		return cell(v.Double())
	}
	return v.String()
}

// TestSameFactsSameBytes records the facts in other orders.
func TestSameFactsSameBytes(t *testing.T) {
	var first [][]byte
	for seed := range uint64(3) {
		s := material(t, odd, seed)
		var all [][]byte
		for _, write := range s.writers() {
			var out bytes.Buffer
			if _, err := write(t.Context(), &out); err != nil {
				t.Fatal(err)
			}
			all = append(all, out.Bytes())
		}
		events, _ := eventsOf(t, s)
		all = append(all, []byte(fmt.Sprint(events)))
		if first == nil {
			first = all
		}
		for i := range all {
			if !bytes.Equal(all[i], first[i]) {
				t.Errorf("order %d: format %d has other bytes", seed, i)
			}
		}
	}
}

// TestNothingRecorded exports a sweep that nobody has begun.
func TestNothingRecorded(t *testing.T) {
	s := material(t, searchtest.Small, 1)
	s.Ranking = empty(t, s.Sweep)
	s.Histories = func(_ context.Context, _ search.SweepID, places []search.Place) ([][]trainer.Epoch, error) {
		return make([][]trainer.Epoch, len(places)), nil
	}
	var out bytes.Buffer
	if n, err := s.CSV(t.Context(), &out); n != 0 || err != nil || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("%d rows, %v: %q", n, err, out.String())
	}
	out.Reset()
	if n, err := s.JSON(t.Context(), &out); n != 0 || err != nil || !json.Valid(out.Bytes()) || !strings.HasSuffix(out.String(), "\"rows\":[\n]}\n") {
		t.Errorf("%d rows, %v: %q", n, err, out.String())
	}
	out.Reset()
	if n, err := s.Parquet(t.Context(), &out); n != 0 || err != nil {
		t.Errorf("%d rows, %v", n, err)
	} else if f, err := parquet.OpenFile(bytes.NewReader(out.Bytes()), int64(out.Len())); err != nil || f.NumRows() != 0 {
		t.Errorf("%v", err)
	}
	if events, n := eventsOf(t, s); n != 0 || len(events) != 1 {
		t.Errorf("%d runs in %d files", n, len(events))
	}
}

func empty(t *testing.T, s *search.Sweep) *search.Ranking {
	r, err := search.NewRanking(s, func(func(search.Fact, error) bool) {})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestErrorsEnd has histories that cannot be read, writers that fail, and a context that ends.
func TestErrorsEnd(t *testing.T) {
	broken := errors.New("the disk is gone")
	s := material(t, searchtest.Small, 1)
	good := s.Histories
	for i, write := range s.writers() {
		if _, err := write(t.Context(), failing{broken}); !errors.Is(err, broken) {
			t.Errorf("format %d to a disk that is gone: %v", i, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		s.Histories = func(ctx context.Context, id search.SweepID, places []search.Place) ([][]trainer.Epoch, error) {
			cancel()
			return nil, ctx.Err()
		}
		if _, err := s.writers()[i](ctx, &bytes.Buffer{}); !errors.Is(err, context.Canceled) {
			t.Errorf("format %d interrupted: %v", i, err)
		}
		s.Histories = func(context.Context, search.SweepID, []search.Place) ([][]trainer.Epoch, error) { return nil, nil }
		if _, err := s.writers()[i](t.Context(), &bytes.Buffer{}); err == nil {
			t.Errorf("format %d without histories: no error", i)
		}
		s.Histories = good
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestParquetInGroups writes more rows than a group has.
func TestParquetInGroups(t *testing.T) {
	s := material(t, searchtest.Small, 1)
	long := make([]trainer.Epoch, 2500)
	for i := range long {
		long[i] = trainer.Epoch{Number: i + 1, TrainLoss: 1 / float64(i+1)}
	}
	s.Histories = func(_ context.Context, _ search.SweepID, places []search.Place) ([][]trainer.Epoch, error) {
		out := make([][]trainer.Epoch, len(places))
		for i := range out {
			out[i] = long
		}
		return out, nil
	}
	var out bytes.Buffer
	n, err := s.Parquet(t.Context(), &out)
	if err != nil {
		t.Fatal(err)
	}
	file, err := parquet.OpenFile(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	groups := file.RowGroups()
	if n <= groupRows || file.NumRows() != int64(n) || len(groups) != (n+groupRows-1)/groupRows || groups[0].NumRows() != groupRows {
		t.Errorf("%d rows, of which the file has %d in %d groups", n, file.NumRows(), len(groups))
	}
}

// TestAxisKinds tells what columns axes become.
func TestAxisKinds(t *testing.T) {
	for _, row := range []struct {
		values []any
		want   kind
	}{
		{[]any{int64(1), int64(2)}, integer}, {[]any{int64(1), 0.5}, real}, {[]any{0.5, int64(1)}, real}, {[]any{true, false}, truth},
		{[]any{"a", "b"}, text}, {[]any{int64(1), "b"}, text}, {[]any{[]any{int64(1)}}, text}, {[]any{true, int64(1)}, text},
	} {
		k := kindOf(row.values[0])
		for _, v := range row.values[1:] {
			k = wider(k, kindOf(v))
		}
		if k != row.want {
			t.Errorf("%v is of kind %d, want %d", row.values, k, row.want)
		}
		for _, v := range row.values {
			if asKind(v, k) == nil {
				t.Errorf("%v is nothing as kind %d", v, k)
			}
		}
	}
	if have := asKind([]any{int64(1), "x"}, text); !reflect.DeepEqual(have, `[1,"x"]`) {
		t.Errorf("a list is %v", have)
	}
}

// writers are the table formats.
func (s Source) writers() []func(context.Context, io.Writer) (int, error) {
	return []func(context.Context, io.Writer) (int, error){s.CSV, s.JSON, s.Parquet}
}
