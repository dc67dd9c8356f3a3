package grids

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

type kind int

const (
	scalarKind kind = iota
	listKind
	tableKind
)

// date is a TOML date or time: read so that it can be refused with its place.
type date string

// node is one value of the file, with the place it was written at. The decoder
// of go-toml keeps no places, so the tree is built from its syntax tree.
type node struct {
	kind   kind
	value  any // scalar: string int64 float64 bool date
	items  []*node
	names  []string // of a table, as written
	fields map[string]*node

	at     Position // where the value starts; for a [table] its header's name
	name   Position // where its name starts; zero within a list
	origin int      // number of the override that wrote it, from 1; 0: the file
}

// maxSource bounds a sweep file: 100,000 values fit. The decoder takes time in the
// square of the keys of a table, so these are bounded too: the parts of all keys and
// headers outside of braces together, and the keys of any one pair of braces.
const (
	maxSource = 1 << 20
	maxKeys   = 20_000
	maxInline = 5_000
)

// parseTree reads TOML. The strict decoder comes first: it knows every rule of
// the language (repeated keys, redefined tables), so that building the tree
// needs to know none.
func parseTree(src []byte) (*node, *Placed) {
	if len(src) > maxSource {
		return nil, &Placed{Position: Position{1, 1}, Problem: Problem{
			Message: fmt.Sprintf("a sweep file of %d bytes, the limit is %d", len(src), maxSource)}}
	}
	// Editors on some systems put a byte-order mark in front of UTF-8.
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	b := builder{src: src, root: newTable(Position{1, 1})}
	for i, c := range src {
		if c == '\n' {
			b.lines = append(b.lines, i)
		}
	}
	if problem := b.countKeys(); problem != nil {
		return nil, problem
	}
	var whole map[string]any
	if err := toml.Unmarshal(src, &whole); err != nil {
		return nil, placeSyntax(err)
	}
	if err := b.build(); err != nil {
		return nil, placeSyntax(err)
	}
	return b.root, nil
}

// syntaxText is the decoder's message, where it only passes on strconv's in words of ours.
func syntaxText(err error) string {
	text := strings.TrimPrefix(err.Error(), "toml: ")
	_, rest, found := strings.Cut(text, "strconv.")
	if !found {
		return text
	}
	quoted := ""
	if _, after, ok := strings.Cut(rest, "parsing "); ok {
		if q, err := strconv.QuotedPrefix(after); err == nil {
			quoted = " " + q
		}
	}
	if strings.Contains(rest, strconv.ErrRange.Error()) {
		return "the number" + quoted + " is too large"
	}
	return quoted[min(1, len(quoted)):] + " is no number"
}

// placeSyntax gives an error of the decoder its place.
func placeSyntax(err error) *Placed {
	p := &Placed{Position: Position{1, 1}, Problem: Problem{Message: "not TOML: " + syntaxText(err)}}
	var decode *toml.DecodeError
	if errors.As(err, &decode) {
		p.Position.Line, p.Position.Column = decode.Position()
	}
	var deep *depthError
	if errors.As(err, &deep) {
		p.Position, p.Message = deep.at, deep.Error()
	}
	return p
}

// depthError is returned for nesting beyond maxDepth.
type depthError struct{ at Position }

func (e *depthError) Error() string {
	return fmt.Sprintf("nested more than %d levels deep", maxDepth)
}

func newTable(at Position) *node {
	return &node{kind: tableKind, fields: map[string]*node{}, at: at}
}

// set puts a value under a name, replacing what was there.
func (n *node) set(name string, value *node) {
	if n.fields[name] == nil {
		n.names = append(n.names, name)
	}
	n.fields[name] = value
}

// builder turns go-toml's syntax tree into nodes.
type builder struct {
	src   []byte
	lines []int // offsets of the line ends, so that a place costs a binary search
	root  *node
}

func (b *builder) position(offset int) Position {
	line := sort.SearchInts(b.lines, offset)
	start := 0
	if line > 0 {
		start = b.lines[line-1] + 1
	}
	return Position{Line: line + 1, Column: offset - start + 1}
}

// countKeys refuses what the decoder would take too long over. What is no TOML it
// leaves to the decoder, which says why.
func (b *builder) countKeys() *Placed {
	var p unstable.Parser
	p.Reset(b.src)
	for keys := 0; p.NextExpression(); {
		e := p.Expression()
		at := Position{1, 1}
		for key := e.Key(); key.Next(); keys++ {
			at = b.position(int(key.Node().Raw.Offset))
		}
		if keys > maxKeys {
			return &Placed{Position: at, Problem: Problem{Message: fmt.Sprintf("more than %d keys", maxKeys)}}
		}
		if e.Kind == unstable.KeyValue && !fewInline(e.Value()) {
			return &Placed{Position: at, Problem: Problem{Message: fmt.Sprintf("more than %d keys in one pair of braces", maxInline)}}
		}
	}
	return nil
}

// fewInline tells whether no inline table within a value has too many keys.
func fewInline(v *unstable.Node) bool {
	keys := 0
	for c := v.Children(); c.Next(); {
		inner := c.Node()
		if inner.Kind == unstable.KeyValue {
			for key := inner.Key(); key.Next(); {
				keys++
			}
			inner = inner.Value()
		}
		if keys > maxInline || (inner.Kind == unstable.Array || inner.Kind == unstable.InlineTable) && !fewInline(inner) {
			return false
		}
	}
	return true
}

func (b *builder) build() error {
	var p unstable.Parser
	p.Reset(b.src)
	current := b.root
	for p.NextExpression() {
		e := p.Expression()
		switch e.Kind {
		case unstable.Table, unstable.ArrayTable:
			table, err := b.descend(b.root, e.Key(), e.Kind == unstable.ArrayTable)
			if err != nil {
				return err
			}
			current = table
		case unstable.KeyValue:
			if err := b.assign(current, e, 0); err != nil {
				return err
			}
		}
	}
	return p.Error()
}

// descend walks a header's names from a table, making what is missing; the last
// name of an array of tables gets a new element.
func (b *builder) descend(t *node, key unstable.Iterator, array bool) (*node, error) {
	for depth := 0; key.Next(); depth++ {
		at := b.position(int(key.Node().Raw.Offset))
		if depth > maxDepth {
			return nil, &depthError{at}
		}
		name := string(key.Node().Data)
		next := t.fields[name]
		if key.IsLast() && array {
			if next == nil {
				next = &node{kind: listKind, at: at, name: at}
				t.set(name, next)
			}
			next.items = append(next.items, newTable(at))
		} else if next == nil {
			next = newTable(at)
			next.name = at
			t.set(name, next)
		} else if key.IsLast() {
			// The table was made on the way to one inside it; its own header is its place.
			next.at, next.name = at, at
		}
		if next.kind == listKind && len(next.items) > 0 {
			next = next.items[len(next.items)-1]
		}
		if next.kind != tableKind {
			return nil, fmt.Errorf("%s is no table", quote(name))
		}
		t = next
	}
	return t, nil
}

// assign stores one key = value, the key dotted or not, in a table.
func (b *builder) assign(t *node, e *unstable.Node, depth int) error {
	key := e.Key()
	for key.Next() {
		k := key.Node()
		at := b.position(int(k.Raw.Offset))
		if depth++; depth > maxDepth {
			return &depthError{at}
		}
		name := string(k.Data)
		if key.IsLast() {
			v, err := b.value(e.Value(), b.afterKey(int(k.Raw.Offset+k.Raw.Length)), depth)
			if err != nil {
				return err
			}
			v.name = at
			t.set(name, v)
			return nil
		}
		next := t.fields[name]
		if next == nil {
			next = newTable(at)
			next.name = at
			t.set(name, next)
		}
		if next.kind != tableKind {
			return fmt.Errorf("%s is no table", quote(name))
		}
		t = next
	}
	return nil
}

// afterKey is the offset of the value that follows a key ending at offset.
func (b *builder) afterKey(offset int) int {
	for offset < len(b.src)-1 && (b.src[offset] == ' ' || b.src[offset] == '\t' || b.src[offset] == '=') {
		offset++
	}
	return offset
}

// value makes a node of a value. offset is its place where the syntax tree keeps
// none, which is so for lists.
func (b *builder) value(v *unstable.Node, offset, depth int) (*node, error) {
	if v.Raw.Length > 0 {
		offset = int(v.Raw.Offset)
	}
	n := &node{at: b.position(offset)}
	if depth > maxDepth {
		return nil, &depthError{n.at}
	}
	switch v.Kind {
	case unstable.Array:
		n.kind = listKind
		for c := v.Children(); c.Next(); {
			inner, err := b.value(c.Node(), b.listOffset(c.Node(), offset), depth+1)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, inner)
		}
	case unstable.InlineTable:
		n.kind, n.fields = tableKind, map[string]*node{}
		for c := v.Children(); c.Next(); {
			if err := b.assign(n, c.Node(), depth); err != nil {
				return nil, err
			}
		}
	default:
		n.value = scalar(v)
	}
	return n, nil
}

// listOffset guesses where a list within a list starts: at the bracket before
// its first value, else at that value, else where the outer list starts.
func (b *builder) listOffset(v *unstable.Node, outer int) int {
	brackets := 0
	for v.Kind == unstable.Array {
		c := v.Children()
		if !c.Next() {
			return outer
		}
		v = c.Node()
		brackets++
	}
	if v.Raw.Length == 0 {
		return outer
	}
	offset := int(v.Raw.Offset)
	for i := offset - 1; i > outer && brackets > 0; i-- {
		if b.src[i] == '[' {
			offset = i
			brackets--
		} else if !slices.Contains([]byte(" \t\r\n"), b.src[i]) {
			break
		}
	}
	return offset
}

// scalar converts a value that the decoder has accepted.
func scalar(v *unstable.Node) any {
	text := string(v.Data)
	switch v.Kind {
	case unstable.String:
		return text
	case unstable.Bool:
		return text == "true"
	case unstable.Integer:
		if i, err := strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 0, 64); err == nil {
			return i
		}
	case unstable.Float:
		f, err := strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return math.NaN() // "+nan", which Go does not read
		}
		return f
	}
	return date(text)
}

// plain gives the Go value of a node: string int64 float64 bool []any map[string]any.
func (n *node) plain() any {
	switch n.kind {
	case listKind:
		list := make([]any, len(n.items))
		for i, v := range n.items {
			list[i] = v.plain()
		}
		return list
	case tableKind:
		table := make(map[string]any, len(n.fields))
		for name, v := range n.fields {
			table[name] = v.plain()
		}
		return table
	}
	if d, ok := n.value.(date); ok {
		return string(d)
	}
	return n.value
}

// describe says what a node is, quoting it where it is short.
func (n *node) describe() string {
	switch n.kind {
	case listKind:
		if len(n.items) == 0 {
			return "an empty list"
		}
		return "a list"
	case tableKind:
		return "a table"
	}
	switch v := n.value.(type) {
	case string:
		return quote(v)
	case date:
		return "the date " + shorten(string(v))
	case float64:
		return formatFloat(v)
	default:
		return fmt.Sprint(v)
	}
}

// formatFloat prints a float as TOML spells it, but 3.0 as 3.
func formatFloat(v float64) string {
	return strings.TrimPrefix(strings.ToLower(strconv.FormatFloat(v, 'g', -1, 64)), "+")
}
