package grids

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// step is one step of a key path: a name in a table, or an index into a list.
type step struct {
	name  string
	index int // -1: the step is a name
}

// maxDepth bounds how deep tables, lists and key paths may nest.
const maxDepth = 100

// parsePath reads a key path such as `model.layers[2].rate` or `params."odd name"`
// up to its end or to an equals sign; rest starts with that sign.
func parsePath(s string) (steps []step, rest string, err error) {
	rest = s
	for {
		if len(steps) > maxDepth {
			return nil, rest, fmt.Errorf("a key of more than %d parts", maxDepth)
		}
		var name string
		if name, rest, err = parseName(strings.TrimLeft(rest, " ")); err != nil {
			return nil, rest, err
		}
		steps = append(steps, step{name: name, index: -1})
		for rest = strings.TrimLeft(rest, " "); strings.HasPrefix(rest, "["); rest = strings.TrimLeft(rest, " ") {
			digits, after, ok := strings.Cut(rest[1:], "]")
			index, bad := strconv.ParseUint(strings.TrimSpace(digits), 10, 31)
			if !ok || bad != nil {
				return nil, rest, fmt.Errorf("%s is no index such as [0]", quote(rest))
			}
			if len(steps) > maxDepth {
				return nil, rest, fmt.Errorf("a key of more than %d parts", maxDepth)
			}
			steps = append(steps, step{index: int(index)})
			rest = after
		}
		if rest == "" || rest[0] == '=' {
			return steps, rest, nil
		}
		if rest[0] != '.' {
			return nil, rest, fmt.Errorf("unexpected %s in a key", quote(rest))
		}
		rest = rest[1:]
	}
}

// parseName reads one part of a key, bare or quoted as in TOML.
func parseName(s string) (name, rest string, err error) {
	if s != "" && (s[0] == '"' || s[0] == '\'') {
		end := 1
		for end < len(s) && s[end] != s[0] {
			if s[end] == '\\' && s[0] == '"' {
				end++
			}
			end++
		}
		if end >= len(s) {
			return "", s, fmt.Errorf("the quote in %s is not closed", quote(s))
		}
		var v struct{ V string }
		if err := toml.Unmarshal([]byte("V = "+s[:end+1]), &v); err != nil {
			return "", s, fmt.Errorf("%s is no quoted name", quote(s[:end+1]))
		}
		return v.V, s[end+1:], nil
	}
	end := 0
	for end < len(s) && isBare(s[end]) {
		end++
	}
	if end == 0 {
		return "", s, fmt.Errorf("expected a name before %s", quote(s))
	}
	return s[:end], s[end:], nil
}

// isBare tells the bytes of a TOML key that needs no quotes; bytes of other
// letters than ASCII are let through, since axis names may hold them.
func isBare(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c >= 0x80
}

// join appends a name to a path, quoted where it would not read back.
func join(path, name string) string {
	bare := name != ""
	for i := 0; i < len(name); i++ {
		bare = bare && isBare(name[i])
	}
	if !bare {
		name = strconv.Quote(name)
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// item appends an index to a path.
func item(path string, index int) string { return path + "[" + strconv.Itoa(index) + "]" }

// lastName is the last name of a path, without indices: what a misspelt key is
// compared by.
func lastName(path string) string {
	steps, _, err := parsePath(path)
	if err != nil {
		return ""
	}
	for i := len(steps) - 1; i >= 0; i-- {
		if steps[i].index < 0 {
			return steps[i].name
		}
	}
	return ""
}

// find walks a path as far as the tree goes; exact tells whether to its end. An
// index into an axis written as { values = […] } means those values.
func (n *node) find(path string) (found *node, exact bool) {
	steps, _, err := parsePath(path)
	if err != nil {
		return n, false
	}
	for _, s := range steps {
		if s.index >= 0 && n.kind == tableKind && n.fields["values"] != nil {
			n = n.fields["values"]
		}
		var next *node
		switch {
		case s.index < 0 && n.kind == tableKind:
			next = n.fields[s.name]
		case s.index >= 0 && n.kind == listKind && s.index < len(n.items):
			next = n.items[s.index]
		}
		if next == nil {
			return n, false
		}
		n = next
	}
	return n, true
}
