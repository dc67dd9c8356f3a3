package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// exportFormat is one thing that export writes.
type exportFormat struct {
	name  string
	model bool                   // of a model file; else of a sweep's rows
	text  bool                   // may go to stdout
	same  func(head []byte) bool // tells a file of the format, which may be replaced
}

// exportFormats are those of models, then those of sweeps.
var exportFormats = []exportFormat{
	{"onnx", true, false, begins("\x08\x08\x12\x08espalier")},
	{"safetensors", true, false, func(head []byte) bool { return len(head) > 9 && head[8] == '{' && head[7] == 0 }},
	{"csv", false, true, begins("trial,repeat,fold,epoch,")},
	{"json", false, true, begins(`{"sweep":`)},
	{"parquet", false, false, begins("PAR1")},
	{"tensorboard", false, false, nil}, // a folder
}

func begins(magic string) func([]byte) bool {
	return func(head []byte) bool { return bytes.HasPrefix(head, []byte(magic)) }
}

// exportNames are the names of formats, of models, of sweeps or of both.
func exportNames(want func(exportFormat) bool) (names []string) {
	for _, f := range exportFormats {
		if want(f) {
			names = append(names, f.name)
		}
	}
	return names
}

func anyFormat(exportFormat) bool     { return true }
func modelFormat(f exportFormat) bool { return f.model }
func sweepFormat(f exportFormat) bool { return !f.model }

func (p *program) exportCommand() *cobra.Command {
	var format, output string
	cmd := &cobra.Command{
		Use:   "export [MODEL|SWEEP]",
		Short: "a model as ONNX or safetensors, a sweep's rows as tables",
		Long: `Writes a model file for other programs: as ONNX (opset 17; raw rows in, probabilities out, scaling included) or
its weights as safetensors, which model.init of a sweep file reads back. Or writes what a sweep recorded, a row for
every trial, fold and epoch with parameters, scores, seconds and state: csv and json also to stdout, parquet, and
tensorboard's event files into a new folder, a run for each trial and fold.
Where the numbers come from goes with every export. A file is replaced only if it is an export of the same format.`,
		Example: `  espalier export quickstart.espalier --format onnx -o quickstart.onnx
  espalier export quickstart.espalier -o quickstart.safetensors
  espalier export quickstart --format csv > rows.csv
  espalier export -o rows.parquet
  espalier export mlp-grid-1 --format tensorboard -o runs && tensorboard --logdir runs`,
		Args:              arguments,
		ValidArgsFunction: p.completeExport,
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := chooseFormat(format, output)
			if err != nil {
				return err
			}
			if f.model {
				return p.exportModel(args, f, output)
			}
			return p.exportSweep(cmd.Context(), args, f, output)
		},
	}
	cmd.Flags().StringVar(&format, "format", "", strings.Join(exportNames(anyFormat), ", ")+" (default: what -o ends in)")
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to `FILE`, or of tensorboard to a new folder; - is stdout")
	p.completeFlag(cmd, "format", fixed(exportNames(anyFormat)...))
	return cmd
}

// chooseFormat is the format asked for, or the one that the output's name ends in.
func chooseFormat(name, output string) (exportFormat, error) {
	known := exportNames(anyFormat)
	if name == "" {
		ending := filepath.Ext(output)
		name = strings.ToLower(strings.TrimPrefix(ending, "."))
		if !slices.Contains(known, name) {
			err := errors.New("export: in which format?")
			if ending != "" {
				err = fmt.Errorf("export: in which format? %q is the ending of none", ending)
			}
			return exportFormat{}, usage(err, "--format NAME, one of: "+strings.Join(known, " "))
		}
	}
	for _, f := range exportFormats {
		if f.name == name {
			return f, nil
		}
	}
	return exportFormat{}, usage(fmt.Errorf("--format %q: no such format", name), suggestion(name, known))
}

// checkExport refuses an output that cannot or should not be written; from is the file exported, "" for a sweep.
func (p *program) checkExport(f exportFormat, output, from string) error {
	const what = "export to"
	switch {
	case output == "":
		return usage(fmt.Errorf("export %s: where to?", f.name), "-o FILE")
	case output == "-":
		return usage(fmt.Errorf("%s %q: %s is no text", what, output, f.name), "-o FILE writes it to a file")
	case from != "" && (realPath(output) == realPath(from) || sameFile(output, from)):
		return usagef("%s %q: that is the model itself", what, output)
	case f.same == nil:
		return p.checkFolder(what, output)
	}
	return p.checkFile(what, output, f.name+" export", f.same)
}

// checkFolder refuses a place for a new folder. One that is there must be empty.
func (p *program) checkFolder(what, path string) error {
	parent := filepath.Dir(filepath.Clean(path))
	if info, err := os.Stat(parent); err != nil {
		return usagef("%s %q: folder %q: %w", what, path, parent, pathless(err))
	} else if !info.IsDir() {
		return usagef("%s %q: %q is no folder", what, path, parent)
	}
	if p.isStoreFile(path) {
		return usage(fmt.Errorf("%s %q: that is the store's own", what, path), "-o DIR writes it elsewhere")
	}
	if info, err := os.Stat(path); err == nil {
		if !info.IsDir() {
			return usage(fmt.Errorf("%s %q: a file is there, tensorboard wants a folder", what, path), "-o DIR writes it elsewhere")
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			return usagef("%s %q: %w", what, path, pathless(err))
		}
		if len(entries) > 0 {
			return usage(fmt.Errorf("%s %q: the folder is there and not empty", what, path), "-o DIR writes it elsewhere")
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return usagef("%s %q: %w", what, path, pathless(err))
	}
	return writable(what, path, parent)
}

// isThere tells whether a path leads to something.
func isThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// completeExport completes model files and sweeps.
func (p *program) completeExport(cmd *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names, _ := p.completeSweeps(cmd, args, word)
	return names, cobra.ShellCompDirectiveDefault
}
