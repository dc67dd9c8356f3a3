package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"espalier/search"
	"espalier/search/report"
	"espalier/search/report/page"
	"espalier/store"
)

// pageInput gathers what a page of a sweep shows, with what its runner says where
// one runs it.
func (p *program) pageInput(ctx context.Context, l *store.Reader, e search.Enrolment, s *search.Sweep) (*page.Input, error) {
	in, err := page.Gather(ctx, l, e, s, runnerStatus(ctx, l, s.ID))
	if err != nil {
		return nil, err
	}
	in.Version, in.Made = programVersion(), time.Now()
	return in, nil
}

// runnerStatus is what the runner of a sweep says; nil where nobody runs it.
func runnerStatus(ctx context.Context, l *store.Reader, id search.SweepID) *search.Status {
	raw, err := l.Status(ctx)
	if err != nil {
		return nil
	}
	var s search.Status
	if json.Unmarshal(raw, &s) != nil || s.ID != id {
		return nil
	}
	return &s
}

// stdoutPath as a file to write to means stdout.
const stdoutPath = "-"

// writePage writes the page of a sweep to a file.
func (p *program) writePage(ctx context.Context, l *store.Reader, e search.Enrolment, s *search.Sweep, figures []*report.Figure, left []report.Omission, path string) error {
	in, err := p.pageInput(ctx, l, e, s)
	if err != nil {
		return err
	}
	if in.Figures, in.Missing, err = pageDrawings(figures, left); err != nil {
		return err
	}
	text, err := page.Render(in, nil)
	if err != nil {
		return err
	}
	if path == stdoutPath {
		_, err := p.out.Write(text)
		return err
	}
	if err := store.WriteFileAtomic(path, text); err != nil {
		return err
	}
	p.say("wrote %s (%s)", printable(path), bytesText(int64(len(text))))
	return nil
}

// pageDrawings makes figures part of a page.
func pageDrawings(figures []*report.Figure, left []report.Omission) ([]page.Figure, []page.Missing, error) {
	drawn, err := page.Draw(figures)
	if err != nil {
		return nil, nil, err
	}
	var missing []page.Missing
	for _, o := range left {
		missing = append(missing, page.Missing{Title: o.Title, Reason: o.Reason})
	}
	return drawn, missing, nil
}

// checkPagePath refuses to write a page over anything but a page, before the work.
func (p *program) checkPagePath(path string) error {
	if path == stdoutPath {
		return nil
	}
	if p.isStoreFile(path) {
		return usage(fmt.Errorf("write report %q: that is the store's own file", path), "-o FILE writes it elsewhere")
	}
	folder := filepath.Dir(path)
	if info, err := os.Stat(folder); err != nil {
		return usagef("write report %q: folder %q: %w", path, folder, pathless(err))
	} else if !info.IsDir() {
		return usagef("write report %q: %q is no folder", path, folder)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return usagef("write report %q: %w", path, pathless(err))
	case info.Mode()&os.ModeCharDevice != 0:
		return nil // written to as it is
	case special(info) != "":
		return usagef("write report %q: it is %s, want a file", path, special(info))
	case info.Size() == 0:
		return nil
	}
	head, err := fileHead(path, pageHead)
	if err != nil {
		return usagef("write report %q: %w", path, err)
	}
	if !page.Is(head) {
		return usage(fmt.Errorf("write report %q: a file that is no report is there", path), "-o FILE writes it elsewhere")
	}
	return nil
}

// pageHead is how much of a file tells whether it is a page of ours.
const pageHead = 256
