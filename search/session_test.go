package search

import (
	"testing"
	"time"
)

// The law: a kill costs at most one epoch or two seconds, whichever is longer. Epochs
// of one length are played, with a kill just before each of their ends.
func TestOverdue(t *testing.T) {
	for _, epoch := range []time.Duration{
		time.Millisecond, 30 * time.Millisecond, 700 * time.Millisecond, time.Second, 1500 * time.Millisecond,
		2 * time.Second, 2001 * time.Millisecond, time.Minute,
	} {
		allowed := max(epoch, 2*time.Second)
		var since time.Duration
		saves, epochs := 0, int(time.Minute/epoch)+10
		for range epochs {
			since += epoch // a kill at this moment loses what was trained since
			if since > allowed {
				t.Fatalf("epochs of %v: %v lost, allowed %v", epoch, since, allowed)
			}
			if overdue(since, epoch) {
				since = 0
				saves++
			}
		}
		if least := epochs * int(epoch/time.Millisecond) / 4000; saves < min(least, epochs) || epoch < 100*time.Millisecond && saves > 2*least+1 {
			t.Errorf("epochs of %v: %d checkpoints in %d epochs", epoch, saves, epochs)
		}
	}
}
