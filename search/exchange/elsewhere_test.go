package exchange

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

var hyparquet = flag.String("hyparquet", "", "read Parquet with what `npm install --prefix FOLDER --ignore-scripts hyparquet` put there")

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
