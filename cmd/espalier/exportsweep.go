package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"espalier/search"
	"espalier/search/exchange"
	"espalier/store"
)

// exportSweep writes what a sweep recorded.
func (p *program) exportSweep(ctx context.Context, args []string, f exportFormat, output string) error {
	if len(args) > 0 && isModelFile(args[0]) && !p.isSweep(args[0]) {
		return usage(fmt.Errorf("export %q: it is a model file, %s is of a sweep", args[0], f.name),
			"of a model: "+strings.Join(exportNames(modelFormat), " "))
	}
	if !f.text || output != "" && output != "-" {
		if err := p.checkExport(f, output, ""); err != nil {
			return err
		}
	}
	return p.withSweep(ctx, args, func(l *store.Reader, s *search.Sweep) error {
		debug.SetGCPercent(100) // an export may take minutes, and what it has written is garbage
		ranking, err := p.ranking(ctx, l, s)
		if err != nil {
			return err
		}
		source := exchange.Source{Sweep: s, Ranking: ranking, Histories: l.Histories, Version: programVersion()}
		count, noun, err := p.writeRows(ctx, source, f, output)
		if err != nil {
			return err
		}
		if pending := ranking.Head(programVersion()).Pending; pending > 0 {
			p.say("without %s that nothing is known of yet", plural(pending, "trial"))
		}
		if output != "" && output != "-" {
			p.say("%s  %s (%s)", f.name, printable(output), plural(count, noun))
		}
		return nil
	})
}

// writeRows writes a sweep in a format, and tells how much of what.
func (p *program) writeRows(ctx context.Context, s exchange.Source, f exportFormat, output string) (count int, noun string, err error) {
	write := map[string]func(context.Context, io.Writer) (int, error){"csv": s.CSV, "json": s.JSON, "parquet": s.Parquet}[f.name]
	switch {
	case write == nil:
		p.graceful.Store(true) // a signal ends it with what is half written taken away
		err = inNewFolder(output, func(folder string) (err error) {
			count, err = s.TensorBoard(ctx, func(path string) (io.WriteCloser, error) { return createWithin(folder, path) })
			return err
		})
		return count, "run", err
	case output == "" || output == "-":
		count, err = write(ctx, p.out)
		return count, "row", err
	}
	p.graceful.Store(true)
	err = store.WriteStreamAtomic(output, func(w io.Writer) (err error) {
		count, err = write(ctx, w)
		return err
	})
	return count, "row", err
}

// inNewFolder fills a folder that is afterwards there as a whole or not at all.
func inNewFolder(path string, fill func(folder string) error) (err error) {
	path = filepath.Clean(path)
	temp := fmt.Sprintf("%s.tmp-%d", path, os.Getpid())
	if err := os.Mkdir(temp, 0o777); err != nil {
		return fmt.Errorf("write folder %q: %w", path, pathless(err))
	}
	defer func() {
		if err != nil {
			os.RemoveAll(temp)
			err = fmt.Errorf("write folder %q: %w", path, pathless(err))
		}
	}()
	if err := fill(temp); err != nil {
		return err
	}
	_ = os.Remove(path) // an empty one, or it stays and the rename fails
	return os.Rename(temp, path)
}

// createWithin makes a file of a path with slashes below a folder, and the folders it needs. A path that leads out of
// it is refused.
func createWithin(folder, path string) (io.WriteCloser, error) {
	if !filepath.IsLocal(filepath.FromSlash(path)) {
		return nil, fmt.Errorf("file name %q leads elsewhere", path)
	}
	full := filepath.Join(folder, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(full), 0o777); err != nil {
		return nil, err
	}
	return os.OpenFile(full, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
}
