package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"espalier/search"
)

func TestLiveLinesFit(t *testing.T) {
	worker := search.WorkerStatus{Worker: 1, Trial: strings.Repeat("3f2a91c0", 4), Slot: 2, Epoch: 7, Epochs: 20, Step: 150, Steps: 313, Loss: 0.4312, Accuracy: 0.8451}
	whole := search.Status{Running: true, Total: 96, Done: 12, Failed: 1, Rate: 4.25, Left: 750, Best: &search.BestStatus{Trial: strings.Repeat("3f2a91c0", 4), Mean: 0.8804}}
	for _, width := range []int{1, 10, 20, 40, 60, 80, 120, 200} {
		for name, line := range map[string]string{"worker": workerLine(worker, width, false), "whole": totalLine(whole, width, false),
			"idle": workerLine(search.WorkerStatus{}, width, false)} {
			if n := utf8.RuneCountInString(line); n > width {
				t.Errorf("%s line at %d columns takes %d: %q", name, width, n, line)
			}
		}
	}
	if have, want := workerLine(worker, 100, false), "  2  3f2a91c0 fold 2  epoch  7/20  █████████▊····················  loss 0.4312  accuracy 0.8451"; have != want {
		t.Errorf("worker\nhave %q\nwant %q", have, want)
	}
	if have, want := totalLine(whole, 80, false), "12/96 fits  1 failed  ███▍························  4.2/min  12m30s left  best 0.8804 3f2a91c0"; !strings.HasPrefix(have, "12/96 fits  1 failed  ") || !strings.HasSuffix(have, "  4.2/min  12m30s left  best 0.8804 3f2a91c0") {
		t.Errorf("whole\nhave %q\nwant %q", have, want)
	}
}

func TestBar(t *testing.T) {
	for _, row := range []struct {
		share float64
		want  string
	}{{0, "····"}, {1, "████"}, {0.5, "██··"}, {0.53, "██▏·"}, {2, "████"}, {-1, "····"}} {
		if have := bar(row.share, 4, false); have != row.want {
			t.Errorf("bar(%v) = %q, want %q", row.share, have, row.want)
		}
	}
}
