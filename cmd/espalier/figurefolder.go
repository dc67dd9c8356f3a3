package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"

	"espalier/search/report"
)

// writeFigures writes figures into a folder, as SVG and PNG, with their captions. What an earlier call left there
// is replaced, and removed where there is nothing for it any more: beside the new ones it would pass for theirs.
func (p *program) writeFigures(ctx context.Context, folder string, dpi int, figures []*report.Figure, left []report.Omission) error {
	before, err := figuresOf(folder)
	if err == nil {
		err = before.check(figures)
	}
	if err == nil {
		err = before.clear(figures)
	}
	if err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	if err != nil {
		return figureFailure(folder, err)
	}
	var wait sync.WaitGroup
	failures := make([]error, len(figures))
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, f := range figures {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if ctx.Err() == nil {
				failures[i] = writeFigure(folder, dpi, f)
			}
		})
	}
	wait.Wait()
	if i := interruptionOf(ctx); i != nil {
		return &failure{err: i, code: i.code()}
	}
	if err := errors.Join(failures...); err != nil {
		return err
	}
	if err := writeOpen(filepath.Join(folder, captionsName), []byte(captions(figures, left))); err != nil {
		return err
	}
	t := newSheet("figure", "shows").alignLeft(0, 1)
	for _, f := range figures {
		t.add(printable(filepath.Join(folder, f.ID))+".svg .png", printable(f.Title))
	}
	for _, o := range left {
		p.say("no %s: %s", o.ID, printable(o.Reason))
	}
	return t.write(p.out, "", terminalWidth(p.out))
}

func writeFigure(folder string, dpi int, f *report.Figure) error {
	svg, err := f.SVG()
	if err != nil {
		return err
	}
	png, err := f.PNG(dpi)
	if err != nil {
		return err
	}
	for suffix, data := range map[string][]byte{".svg": svg, ".png": png} {
		if err := writeOpen(filepath.Join(folder, f.ID+suffix), data); err != nil {
			return err
		}
	}
	return nil
}

// writeOpen puts a file into place as a whole, for everybody whom the umask lets read it: figures are shown, where
// store.WriteFileAtomic keeps what it writes to its owner and waits for the disk.
func writeOpen(path string, data []byte) error {
	temp := fmt.Sprintf("%s.tmp-%d", path, os.Getpid())
	err := os.WriteFile(temp, data, 0o644)
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		_ = os.Remove(temp)
		return fmt.Errorf("write %q: %w", path, pathless(err))
	}
	return nil
}

// figureFolder is what a folder has of figures, by its captions: those alone are ours to replace or to remove.
type figureFolder struct {
	path   string
	listed []string // IDs
}

// figuresOf reads the captions of a folder, which need not exist.
func figuresOf(folder string) (figureFolder, error) {
	d := figureFolder{path: folder}
	text, err := os.ReadFile(filepath.Join(folder, captionsName))
	if errors.Is(err, fs.ErrNotExist) {
		return d, nil
	} else if err != nil {
		return d, err
	}
	if !strings.HasPrefix(string(text), captionsTitle) {
		return d, fmt.Errorf("a %s that is no list of figures is there", captionsName)
	}
	for _, link := range captionsLinks.FindAllStringSubmatch(string(text), -1) {
		if link[1] == link[2] {
			d.listed = append(d.listed, link[1])
		}
	}
	return d, nil
}

// check refuses figures that would take the place of a file that is not ours.
func (d figureFolder) check(figures []*report.Figure) error {
	for _, f := range figures {
		for _, suffix := range figureSuffixes {
			if _, err := os.Lstat(filepath.Join(d.path, f.ID+suffix)); err == nil && !slices.Contains(d.listed, f.ID) {
				return fmt.Errorf("a file %s is there that its %s does not list", f.ID+suffix, captionsName)
			}
		}
	}
	return nil
}

// checkOthers refuses figures that are not all that a report has, where those of a report are: their captions would go.
func (d figureFolder) checkOthers(figures []*report.Figure, left []report.Omission) error {
	for _, id := range d.listed {
		if !slices.ContainsFunc(figures, func(f *report.Figure) bool { return f.ID == id }) &&
			!slices.ContainsFunc(left, func(o report.Omission) bool { return o.ID == id }) {
			return fmt.Errorf("it has other figures, as %s, and their captions", id+figureSuffixes[0])
		}
	}
	return nil
}

// figureFailure says why figures cannot be in a folder.
func figureFailure(folder string, err error) error {
	return usage(fmt.Errorf("write figures to %q: %w", folder, pathless(err)), "--figures DIR takes a folder that is new, or has the same figures of before")
}

// clear removes the figures of before that are not among the new ones.
func (d figureFolder) clear(figures []*report.Figure) error {
	for _, id := range d.listed {
		if slices.ContainsFunc(figures, func(f *report.Figure) bool { return f.ID == id }) {
			continue
		}
		for _, suffix := range figureSuffixes {
			if err := os.Remove(filepath.Join(d.path, id+suffix)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

var figureSuffixes = []string{".svg", ".png"}

const (
	captionsName  = "captions.md"
	captionsTitle = "# Figures\n"
)

// captionsLinks finds the figures that a list of captions shows.
var captionsLinks = regexp.MustCompile(`(?m)^!\[([a-z-]+)\]\(([a-z-]+)\.svg\)$`)

// captions is the list of figures for whoever puts them into a paper.
func captions(figures []*report.Figure, left []report.Omission) string {
	var b strings.Builder
	b.WriteString(captionsTitle)
	for _, f := range figures {
		fmt.Fprintf(&b, "\n## %s\n\n**%s.** %s\n\n![%s](%s.svg)\n", f.ID, markdownText(f.Title), markdownText(f.Caption), f.ID, f.ID)
	}
	if len(left) > 0 {
		b.WriteString("\n## Left out\n\n")
		for _, o := range left {
			fmt.Fprintf(&b, "- %s: %s\n", o.Title, markdownText(o.Reason))
		}
	}
	if len(figures) > 0 {
		fmt.Fprintf(&b, "\n%s\n", markdownText(figures[0].Origin))
	}
	return b.String()
}

// markdownText takes from a text what Markdown would read as more than text.
func markdownText(text string) string {
	return strings.NewReplacer("<", "&lt;", ">", "&gt;", "&", "&amp;", "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "|", `\|`).Replace(printable(text))
}
