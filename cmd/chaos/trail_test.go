//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestTrail reads logs of processes that were killed one after the other.
func TestTrail(t *testing.T) {
	const first = `{"trial":"a","fold":1,"epoch":1,"seconds":0.5,"message":"epoch"}
{"trial":"a","fold":1,"epoch":2,"seconds":0.5,"message":"epoch"}
{"trial":"a","fold":1,"epoch":3,"seconds":3,"message":"epoch"}
{"trial":"b","fold":0,"message":"outcome"}
`
	for _, row := range []struct {
		name, next string
		wrong      string
		lost       loss
	}{
		{"on from a checkpoint", `{"trial":"a","fold":1,"epochs":2,"message":"goes on from a checkpoint"}
{"trial":"a","fold":1,"epoch":3,"seconds":0.5,"message":"epoch"}
`, "", loss{1, 3 * time.Second}},
		{"from the start, within two seconds and an epoch", `{"trial":"a","fold":1,"epoch":1,"seconds":0.5,"message":"epoch"}
`, "", loss{3, 4 * time.Second}},
		{"another job", `{"trial":"c","fold":1,"epoch":1,"seconds":0.5,"message":"epoch"}
`, "", loss{}},
		{"an outcome again", `{"trial":"b","fold":0,"message":"outcome"}
`, "trained again", loss{}},
		{"a gap", `{"trial":"a","fold":1,"epochs":1,"message":"goes on from a checkpoint"}
{"trial":"a","fold":1,"epoch":3,"seconds":0.5,"message":"epoch"}
`, "went on from epoch 1 with epoch 3", loss{2, 3500 * time.Millisecond}},
		{"a line that the kill cut", `{"trial":"b","fold":0,"mess`, "", loss{}},
	} {
		t.Run(row.name, func(t *testing.T) {
			tr := newTrail(filepath.Join(t.TempDir(), "log.json"))
			follow := func(text string) []string {
				t.Helper()
				f, err := os.OpenFile(tr.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				if _, err := f.WriteString(text); err != nil {
					t.Fatal(err)
				}
				wrong, err := tr.follow()
				if err != nil {
					t.Fatal(err)
				}
				return wrong
			}
			if wrong := follow(first); len(wrong) > 0 {
				t.Fatal(wrong)
			}
			wrong := strings.Join(follow(row.next), "\n")
			if row.wrong == "" && wrong != "" || !strings.Contains(wrong, row.wrong) {
				t.Errorf("wrong: %q, want %q", wrong, row.wrong)
			}
			var lost loss
			for _, l := range tr.lost {
				lost.epochs, lost.took = lost.epochs+l.epochs, lost.took+l.took
			}
			if lost != row.lost {
				t.Errorf("lost %v, want %v", lost, row.lost)
			}
		})
	}
	t.Run("beyond the law", func(t *testing.T) {
		tr := newTrail("")
		attempt := &jobTrail{epochs: []epochTrail{{1, time.Second}, {2, 1100 * time.Millisecond}, {3, time.Second}}}
		tr.jobs["a-1"] = attempt
		if wrong := tr.compare("a-1", 0); len(wrong) != 1 {
			t.Errorf("wrong: %q", wrong)
		}
		if wrong := tr.compare("a-1", 1); len(wrong) != 0 {
			t.Errorf("wrong: %q", wrong)
		}
	})
}
