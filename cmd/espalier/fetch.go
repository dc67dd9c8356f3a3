package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"espalier/trainer/dataset"
)

// fetch downloads a known data set and says how far it is.
func (p *program) fetch(ctx context.Context, name, folder, from string) error {
	var names []string
	for _, k := range dataset.Known(".") {
		if k.Name == name && k.Embedded {
			_, err := fmt.Fprintf(p.out, "%s is part of the program\n", name)
			return err
		}
		if !k.Embedded {
			names = append(names, k.Name)
		}
	}
	if !slices.Contains(names, name) {
		return usage(fmt.Errorf("fetch %q: no such data set", name), suggestion(name, names))
	}
	if from != "" && !strings.HasSuffix(from, "/") {
		from += "/"
	}
	var spoke time.Time
	live, last := interactive(p.err) && !p.quiet, ""
	where, err := dataset.Fetch(ctx, name, dataset.FetchOptions{Dir: folder, BaseURL: from, Progress: func(f dataset.FetchProgress) {
		file, done, total := f.File, f.Done, f.Total
		switch {
		case p.quiet:
		case live && (time.Since(spoke) > 100*time.Millisecond || done == total):
			if file != last && last != "" {
				fmt.Fprintln(p.err)
			}
			last, spoke = file, time.Now()
			share := 0.0
			if total > 0 {
				share = float64(done) / float64(total)
			}
			line := barLine(printable(file), fmt.Sprintf("  %s of %s", bytesText(done), bytesText(total)), share, terminalWidth(p.err)-1, colourful(p.err))
			fmt.Fprintf(p.err, "\r\x1b[K%s", line)
		case !live && file != last:
			last = file
			p.say("fetching %s", printable(file))
		}
	}})
	if live && last != "" {
		fmt.Fprintln(p.err)
	}
	if i := interruptionOf(ctx); i != nil {
		return &failure{err: i, code: i.code(), hints: []string{"what came is kept; go on with: espalier data fetch " + shellQuote(name)}}
	}
	if err != nil {
		return hint(err, "run it again: what came is kept")
	}
	_, err = fmt.Fprintf(p.out, "%s is in %s\n", name, printable(where))
	return err
}
