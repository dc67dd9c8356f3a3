package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"espalier/search"
	"espalier/search/report/page"
)

// A feed follows one sweep while somebody watches it.
type feed struct {
	library *library
	id      search.SweepID

	mu      sync.Mutex
	items   map[string]item
	order   []string // of items, as they came first
	version int
	changed chan struct{} // closed at the next change
	readers int
	stop    context.CancelFunc
}

// item is the newest state of a piece.
type item struct {
	kind    string // of the event: "part", "trouble"
	data    []byte
	version int
}

// redrawing is how much time passes between drawings of the figures of a sweep that runs.
const redrawing = 30 * time.Second

// put takes a new state of a piece; the same state again is no change.
func (f *feed) put(kind, name string, value any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // a piece is mostly angle brackets, and nobody reads this as HTML
	if err := e.Encode(value); err != nil {
		return // strings of ours
	}
	data := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	f.mu.Lock()
	defer f.mu.Unlock()
	old, known := f.items[name]
	if known && old.kind == kind && string(old.data) == string(data) {
		return
	}
	if !known {
		f.order = append(f.order, name)
	}
	f.version++
	f.items[name] = item{kind, data, f.version}
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *feed) parts(list []page.Part, err error) error {
	for _, p := range list {
		f.put("part", p.ID, p)
	}
	return err
}

// trouble tells those who watch why nothing moves; nil: all is well.
func (f *feed) trouble(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	f.put("trouble", "trouble", text)
}

// since gives what changed after a version, and how to wait for more.
func (f *feed) since(version int) (news []item, now int, changed <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, name := range f.order {
		if i := f.items[name]; i.version > version {
			news = append(news, i)
		}
	}
	return news, f.version, f.changed
}

// sight is what a look found; another one is a reason to read the facts.
type sight struct {
	stamp, text  string
	running      bool
	done, failed int
	round        int64 // where the stamp of a file says little, every half minute is one
}

// follow looks until ctx ends.
func (f *feed) follow(ctx context.Context) {
	every := f.library.options.Every
	if every <= 0 {
		every = 500 * time.Millisecond
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	var last sight
	var rest, redraw time.Time // no reading, no drawing before
	for {
		now, err := f.look(ctx, &last, &rest, &redraw, every)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			last = sight{}
		} else if now != nil {
			last = *now
		}
		f.trouble(err)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look brings the pieces up to date; the sight is nil where the facts were not read.
func (f *feed) look(ctx context.Context, last *sight, rest, redraw *time.Time, every time.Duration) (*sight, error) {
	e, s, err := f.library.find(ctx, f.id)
	if err != nil {
		return nil, err
	}
	status := f.library.status(ctx, f.id)
	if status != nil {
		if err := f.parts(page.Working(&page.Input{Sweep: s, Status: *status})); err != nil {
			return nil, err
		}
	}
	now := sight{stamp: f.library.source.Stamp(), text: string(e.Source), round: time.Now().Unix() / 30}
	for _, o := range e.Overrides {
		now.text += "\x00" + o
	}
	if status != nil {
		now.running, now.done, now.failed = status.Running, status.Done, status.Failed
	}
	started := time.Now()
	if now == *last || started.Before(*rest) {
		return nil, nil
	}
	draw := status == nil && (last.running || last.stamp != now.stamp) || started.After(*redraw)
	in, err := f.library.gather(ctx, f.id, draw)
	if err != nil {
		return nil, err
	}
	if status != nil { // one moment for both halves of the page
		in.Status = *status
	}
	if err := errors.Join(f.parts(page.Parts(in)), f.parts(page.Working(in))); err != nil {
		return nil, err
	}
	if draw {
		*redraw = time.Now().Add(redrawing)
	}
	// Never more than a sixth of the time is spent on reading.
	*rest = time.Now().Add(max(2*every, 5*time.Since(started)))
	return &now, nil
}
