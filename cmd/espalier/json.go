package main

import (
	"encoding/json"
	"fmt"
)

// writeJSON prints a value on one line, names and signs as they are.
func (p *program) writeJSON(v any) error {
	e := json.NewEncoder(p.out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}
