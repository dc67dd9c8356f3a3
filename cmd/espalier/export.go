package main

import (
	"bytes"
	"errors"
	"fmt"
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
		Use:   "export MODEL",
		Short: "a model as ONNX or safetensors, for others",
		Long: `Writes a model file for other programs: as ONNX (opset 17; raw rows in, probabilities out, scaling included) or
its weights as safetensors, which model.init of a sweep file reads back.
Where the numbers come from goes with every export. A file is replaced only if it is an export of the same format.`,
		Example: `  espalier export quickstart.espalier --format onnx -o quickstart.onnx
  espalier export quickstart.espalier -o quickstart.safetensors`,
		Args:              arguments,
		ValidArgsFunction: p.completeFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := chooseFormat(format, output)
			if err != nil {
				return err
			}
			return p.exportModel(args[0], f, output)
		},
	}
	cmd.Flags().StringVar(&format, "format", "", strings.Join(exportNames(anyFormat), ", ")+" (default: what -o ends in)")
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to `FILE`")
	p.completeFlag(cmd, "format", fixed(exportNames(anyFormat)...))
	return cmd
}

// chooseFormat is the format asked for, or the one that the output's name ends in.
func chooseFormat(name, output string) (exportFormat, error) {
	known := exportNames(anyFormat)
	if name == "" {
		name = strings.ToLower(strings.TrimPrefix(filepath.Ext(output), "."))
		if !slices.Contains(known, name) {
			return exportFormat{}, usage(errors.New("export: in which format?"), "--format NAME, one of: "+strings.Join(known, " "))
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
	what := "export to"
	switch {
	case output == "":
		return usage(fmt.Errorf("export %s: where to?", f.name), "-o FILE")
	case output == "-":
		return usagef("%s %q: %s is no text; -o FILE writes it to a file", what, output, f.name)
	case from != "" && (realPath(output) == realPath(from) || sameFile(output, from)):
		return usagef("%s %q: that is the model itself", what, output)
	}
	return p.checkFile(what, output, f.name+" file", f.same)
}

// isThere tells whether a path leads to something.
func isThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
