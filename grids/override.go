package grids

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxOverride bounds one --set, well above what a command line carries.
const maxOverride = 1 << 20

// override applies one "key=value" to the tree: the key a path as in messages
// (`model.layers[0].units`), the value TOML, or a bare string where it is no
// TOML at all. Tables on the way are made; lists must be long enough. number
// counts overrides from 1 and marks what was written.
func (n *node) override(text string, number int) error {
	if len(text) > maxOverride {
		return fmt.Errorf("an override of %d bytes, the limit is %d", len(text), maxOverride)
	}
	if !utf8.ValidString(text) {
		return fmt.Errorf("not UTF-8")
	}
	steps, rest, err := parsePath(text)
	if err != nil {
		return err
	}
	if rest == "" {
		return fmt.Errorf("expected key=value")
	}
	value, err := parseValue(strings.TrimSpace(rest[1:]))
	if err != nil {
		return err
	}
	value.mark(number)
	return n.put(steps, value, number)
}

// parseValue reads an override's value.
func parseValue(text string) (*node, error) {
	tree, problem := parseTree([]byte("v = " + text))
	if problem == nil && len(tree.names) == 1 && tree.fields["v"].kind != tableKind ||
		problem == nil && len(tree.names) == 1 && strings.HasPrefix(text, "{") {
		return tree.fields["v"], nil
	}
	// What opens like a value of TOML was meant as one; anything else is a word
	// whose quotes the shell has eaten.
	if text != "" && strings.ContainsRune(`[{"'`, rune(text[0])) {
		return nil, fmt.Errorf("%s is no TOML value; strings in it need quotes, and the whole needs quotes for the shell", quote(text))
	}
	return &node{value: text}, nil
}

// mark notes the override on a value and all within it.
func (n *node) mark(number int) {
	n.origin = number
	for _, v := range n.items {
		v.mark(number)
	}
	for _, v := range n.fields {
		v.mark(number)
	}
}

// put stores a value at a path.
func (n *node) put(steps []step, value *node, number int) error {
	path := ""
	for i, s := range steps {
		last := i == len(steps)-1
		here := path
		if s.index >= 0 {
			path = item(path, s.index)
			if n.kind != listKind {
				return fmt.Errorf("%s is %s, not a list", here, n.describe())
			}
			if s.index >= len(n.items) {
				return fmt.Errorf("%s has %d elements, so there is no %s", here, len(n.items), path)
			}
			if last {
				n.items[s.index] = value
				return nil
			}
			n = n.items[s.index]
			continue
		}
		path = join(path, s.name)
		if n.kind == listKind {
			return fmt.Errorf("%s is a list of %d; say which, as in %s", here, len(n.items), join(item(here, 0), s.name))
		}
		if n.kind != tableKind {
			return fmt.Errorf("%s is %s, not a table", here, n.describe())
		}
		if last {
			n.set(s.name, value)
			return nil
		}
		if n.fields[s.name] == nil {
			table := newTable(Position{})
			table.origin = number
			n.set(s.name, table)
		}
		n = n.fields[s.name]
	}
	return nil
}
