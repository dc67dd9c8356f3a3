package report

import (
	"fmt"
	"strconv"
	"strings"

	"espalier/trainer"
)

// Block is one layer of a network as a drawing shows it.
type Block struct {
	Name   string // of the layer table: "dense_1"
	Kind   string // of the sweep file: "dense", "conv2d"; "input" for the first
	Detail string // "3×3, relu", "rate 0.2"
	Output []int  // without the batch dimension
	Params int64
}

// Blocks are a network's layers in order, its input first.
func Blocks(c *trainer.Config) []Block {
	out := []Block{{Name: "input", Kind: "input", Output: c.Shape}}
	tables := c.Spec().Layers
	for i, l := range c.Summary().Layers {
		b := Block{Name: l.Name, Kind: strings.ToLower(l.Type), Output: l.Output, Params: l.Params}
		if i < len(tables) {
			b.Kind, b.Detail = fmt.Sprint(tables[i]["type"]), detail(tables[i])
		}
		out = append(out, b)
	}
	return out
}

// detail is what tells a layer from others of its kind, in few words.
func detail(table map[string]any) string {
	var parts []string
	for _, name := range []string{"kernel_size", "pool_size"} {
		if v, ok := table[name]; ok {
			parts = append(parts, pairText(v))
		}
	}
	if v, ok := table["strides"]; ok && table["kernel_size"] != nil && pairText(v) != "1×1" {
		parts = append(parts, "/"+pairText(v))
	}
	if v, ok := toFloat(table["rate"]); ok {
		parts = append(parts, short(v, 3))
	}
	if a, ok := table["activation"].(string); ok && a != "linear" {
		parts = append(parts, a)
	}
	if inner := tablesOf(table["layers"]); len(inner) > 0 {
		parts = append([]string{count(len(inner), "layer")}, parts...)
	}
	return strings.Join(parts, ", ")
}

func tablesOf(v any) []any {
	list, _ := v.([]any)
	return list
}

// pairText writes a size: 3 and [3, 3] are 3×3.
func pairText(v any) string {
	switch v := v.(type) {
	case []any:
		var parts []string
		for _, x := range v {
			parts = append(parts, fmt.Sprint(x))
		}
		return strings.Join(parts, "×")
	case []int64:
		var parts []string
		for _, x := range v {
			parts = append(parts, strconv.FormatInt(x, 10))
		}
		return strings.Join(parts, "×")
	}
	return fmt.Sprintf("%v×%v", v, v)
}

// shapeText writes a shape: 28×28×1, 128.
func shapeText(shape []int) string {
	parts := make([]string, len(shape))
	for i, n := range shape {
		parts[i] = strconv.Itoa(n)
	}
	return strings.Join(parts, "×")
}

// thousands writes a count with its thousands apart: 109,386.
func thousands(n int64) string {
	text := strconv.FormatInt(n, 10)
	var out []string
	for len(text) > 3 {
		out = append([]string{text[len(text)-3:]}, out...)
		text = text[:len(text)-3]
	}
	return strings.Join(append([]string{text}, out...), ",")
}

// grouped is a count in a sentence: thousands are apart from 10,000 on, as on the page.
func grouped(n int) string {
	if n < 10_000 {
		return strconv.Itoa(n)
	}
	return thousands(int64(n))
}
