package trainer

import (
	"encoding/json"
	"fmt"
	"strconv"

	"espalier/trainer/dataset"
)

// Metadata says where the model comes from and what its numbers mean, as text by name: what exchange files carry
// beside the weights. Names: sweep, sweep_id, trial, data (fingerprint), seed, version, revision, kernel, epochs,
// rows, params (JSON), classes (JSON, in the order of the outputs), scale, and for a table features (JSON, in the
// order of the inputs; a categorical column is one feature a level, "colour=red", 1 or 0). What is not known is left out.
func (m *Model) Metadata() map[string]string {
	p := m.Provenance
	all := map[string]string{
		"sweep": p.Sweep, "sweep_id": p.SweepID, "trial": p.Trial, "data": p.Data, "seed": strconv.FormatUint(p.Seed, 10),
		"version": p.Version, "revision": p.Revision, "kernel": p.Kernel, "epochs": strconv.Itoa(p.Epochs), "rows": strconv.Itoa(p.Rows),
	}
	if len(p.Params) > 0 {
		all["params"] = jsonText(p.Params)
	}
	if len(m.Classes) > 0 {
		all["classes"] = jsonText(m.Classes)
	}
	if m.Prep != nil {
		all["scale"] = m.Prep.Scale
		if m.Prep.Kind == dataset.Table {
			all["features"] = jsonText(features(m.Prep))
		}
	}
	for name, text := range all {
		if text == "" {
			delete(all, name)
		}
	}
	return all
}

// features names the positions of an encoded row of a table.
func features(p *dataset.Preprocessing) (names []string) {
	for _, c := range p.Columns {
		if c.Levels == nil {
			names = append(names, c.Name)
		}
		for _, level := range c.Levels {
			names = append(names, c.Name+"="+level)
		}
	}
	return names
}

// jsonText is a value as JSON: text, numbers and lists of them, which always have one.
func jsonText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}
