package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

var hyparquet = flag.String("hyparquet", "", "read Parquet with what `npm install --prefix FOLDER --ignore-scripts hyparquet` put there")

var eventsElsewhere = flag.Bool("events", false, "read event files with TensorFlow's messages, by the module in _events, which the Go command fetches")

// TestParquetElsewhere has a reader read the file that shares no line with its writer.
func TestParquetElsewhere(t *testing.T) {
	if *hyparquet == "" {
		t.Skip("no -hyparquet FOLDER")
	}
	s := material(t, odd, 1)
	var plain, columns bytes.Buffer
	if _, err := s.CSV(t.Context(), &plain); err != nil {
		t.Fatal(err)
	}
	names, rows := rowsOf(t, plain.Bytes())
	if _, err := s.Parquet(t.Context(), &columns); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "rows.parquet")
	if err := os.WriteFile(path, columns.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", "testdata/read.mjs", *hyparquet, path)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(out))
	var have []string
	var metadata map[string]string
	if err := d.Decode(&have); err != nil || !slices.Equal(have, names) {
		t.Fatalf("columns %q: %v", have, err)
	}
	if err := d.Decode(&metadata); err != nil || metadata["id"] != s.Sweep.ID.String() || metadata["seed"] != "9223372036854775807" {
		t.Errorf("metadata %v: %v", metadata, err)
	}
	for i, want := range rows {
		var row []any
		if err := d.Decode(&row); err != nil {
			t.Fatalf("row %d: %v", i, err)
		}
		for c, v := range row {
			if x, is := v.(float64); is {
				v = cell(x)
			}
			if textOf(v) != want[names[c]] {
				t.Errorf("row %d: %s is %v, want %q", i, names[c], v, want[names[c]])
			}
		}
	}
	if d.More() {
		t.Errorf("more than %d rows", len(rows))
	}
	t.Logf("%d rows of %d columns", len(rows), len(names))
}

// TestEventsElsewhere has messages made of TensorFlow's own definitions read the event files: each scalar is the one
// that the rows as CSV have.
func TestEventsElsewhere(t *testing.T) {
	if !*eventsElsewhere {
		t.Skip("no -events")
	}
	s := material(t, odd, 1)
	var plain bytes.Buffer
	if _, err := s.CSV(t.Context(), &plain); err != nil {
		t.Fatal(err)
	}
	_, rows := rowsOf(t, plain.Bytes())
	folder := t.TempDir()
	runs, err := s.TensorBoard(t.Context(), func(path string) (io.WriteCloser, error) {
		path = filepath.Join(folder, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
		return os.Create(path)
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "-C", "_events", "run", ".", folder)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	type place struct {
		run  string // folder
		step int
		tag  string
	}
	scalars, heads, tensors := map[place]float32{}, 0, 0
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var l struct {
			File, Version, Tag, Tensor string
			Step                       int
			Value                      float32
		}
		if err := d.Decode(&l); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		at := place{filepath.ToSlash(filepath.Dir(l.File)), l.Step, l.Tag}
		switch _, twice := scalars[at]; {
		case l.Version == "brain.Event:2":
			heads++
		case l.Tensor == "DT_FLOAT":
			tensors++
		case l.Version != "" || l.Tensor != "" || twice:
			t.Errorf("%+v", l)
		default:
			scalars[at] = l.Value
		}
	}
	if heads != runs+1 || tensors != 2*runs+1 {
		t.Errorf("%d heads and %d tensors for %d runs", heads, tensors, runs)
	}
	compared := 0
	for _, row := range rows {
		if row["epoch"] == "" {
			continue
		}
		step, err := strconv.Atoi(row["epoch"])
		if err != nil {
			t.Fatal(err)
		}
		columns := map[string]string{
			"accuracy/train": "train_accuracy", "loss/train": "train_loss", "accuracy/validation": "validation_accuracy",
			"loss/validation": "validation_loss", "f1_macro/validation": "validation_f1_macro", "learning_rate": "learning_rate",
		}
		if row["scored"] == "true" {
			columns["score"] = "validation_f1_macro"
		}
		for tag, column := range columns {
			at := place{fmt.Sprintf("%s/repeat%s-fold%s", row["trial"][:8], row["repeat"], row["fold"]), step, tag}
			have, there := scalars[at]
			delete(scalars, at)
			if row[column] == "" {
				if there {
					t.Errorf("%+v is %v, the row has none", at, have)
				}
				continue
			}
			want, err := strconv.ParseFloat(row[column], 64)
			if err != nil || !there || have != float32(want) {
				t.Errorf("%+v is %v (there: %t), the row has %q", at, have, there, row[column])
			}
			compared++
		}
	}
	if len(scalars) > 0 || compared == 0 {
		t.Errorf("%d compared; not in the rows: %v", compared, scalars)
	}
	t.Logf("%d scalars of %d runs", compared, runs)
}
