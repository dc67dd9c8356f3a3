package main

import (
	"bytes"
	"fmt"
	"os"

	"espalier/trainer"
)

// readModel reads a model file.
func (p *program) readModel(path string) (*trainer.Model, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	m, err := trainer.LoadModel(data)
	if err != nil {
		return nil, fmt.Errorf("read model %q: %w", path, err)
	}
	return m, nil
}

// isModelFile tells a model file from a sweep file: a sweep file is text and
// has no zero byte, a model file's header has.
func isModelFile(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 64)
	n, _ := f.Read(head)
	return bytes.IndexByte(head[:n], 0) >= 0
}
