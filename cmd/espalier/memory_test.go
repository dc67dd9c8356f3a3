package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckMemory(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	path := filepath.Join(t.TempDir(), "sweep.toml")
	if err := os.WriteFile(path, []byte(demandingSweep), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &program{out: io.Discard, err: io.Discard}
	file, folder, err := p.parseFile(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.prepare(file, folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	largest, _, err := largestFit(s.sweep, mostRows(s, true), 1)
	if err != nil {
		t.Fatal(err)
	}
	s.sweep.File.Params["batch_size"] = int64(100_000) // cut to the rows of a fold
	if cut, _, err := largestFit(s.sweep, mostRows(s, true), 1); err != nil || cut > 10*largest {
		t.Errorf("%d bytes with a batch of all rows, %d with one of 8; %v", cut, largest, err)
	}
	s.sweep.File.Params["batch_size"] = int64(8)
	two := runMemory(s, largest, 2)
	for _, row := range []struct {
		name    string
		workers int
		have    int64
		fails   string // "": goes
		says    string
	}{
		{"not known", 64, 0, "", ""},
		{"just enough", 2, two, "", ""},
		{"one too many", 3, two, "", "memory for 2 fits of the largest point at a time: other workers wait"},
		{"no worker fits", 1, runMemory(s, largest, 1) - 1, "a smaller model", ""},
		{"fewer jobs than workers", 1000, runMemory(s, largest, 24), "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			var talk strings.Builder
			p.err = &talk
			err := p.checkMemory(s, &runFlags{workers: row.workers}, row.have)
			if said := talk.String(); row.says == "" && said != "" || !strings.Contains(said, row.says) {
				t.Errorf("it says %q, want %q", said, row.says)
			}
			if row.fails == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if exitCode(err) != exitUsage {
				t.Fatalf("exit code %d of %v, want %d", exitCode(err), err, exitUsage)
			}
			var b strings.Builder
			printFailure(&b, err)
			if !strings.Contains(b.String(), row.fails) || !strings.Contains(b.String(), "of memory, this machine has") {
				t.Errorf("%s lacks %q", b.String(), row.fails)
			}
		})
	}
}
