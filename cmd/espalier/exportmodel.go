package main

import (
	"context"
	"fmt"
	"strings"

	"espalier/store"
	"espalier/trainer"
	"espalier/trainer/onnx"
)

// exportModel writes a model file in a format of others.
func (p *program) exportModel(args []string, f exportFormat, output string) error {
	if len(args) == 0 {
		return usage(fmt.Errorf("export %s: of which model?", f.name), "espalier export MODEL: the NAME.espalier that run or refit saved")
	}
	path := args[0]
	if !isThere(path) && p.isSweep(path) {
		return usage(fmt.Errorf("export %q: it is a sweep, %s is of a model file", path, f.name),
			"a sweep's model is the NAME.espalier that run or refit saved", "of a sweep: "+strings.Join(exportNames(sweepFormat), " "))
	}
	m, err := p.readModel(path)
	if err != nil {
		return err
	}
	if err := p.checkExport(f, output, path); err != nil {
		return err
	}
	data, err := modelBytes(m, f.name)
	if err != nil {
		return fmt.Errorf("export %q: %w", path, err)
	}
	if err := store.WriteFileAtomic(output, data); err != nil {
		return err
	}
	p.say("%s  %s (%s, %s)", f.name, printable(output), bytesText(int64(len(data))), plural(len(m.Weights().Tensors()), "tensor"))
	return nil
}

func modelBytes(m *trainer.Model, format string) ([]byte, error) {
	if format == "onnx" {
		return onnx.Marshal(m)
	}
	return m.Weights().Safetensors(m.Metadata())
}

// isSweep tells whether the store, if there is one, knows a sweep under a name.
func (p *program) isSweep(name string) bool {
	l, err := store.OpenReader(p.storePath())
	if err != nil {
		return false
	}
	defer l.Close()
	_, err = p.findSweep(context.Background(), l, []string{name})
	return err == nil
}
