package grids

import (
	"fmt"
	"math"
	"strings"
)

// reader collects problems while it turns the tree into a File.
type reader struct {
	file *File
	err  Error
}

// report adds a problem at a node; key: the name is at fault, not the value.
func (r *reader) report(n *node, key bool, p Problem) {
	if len(r.err.Problems) >= maxProblems {
		r.err.More++
		return
	}
	placed := Placed{Problem: p}
	if s, ok := n.value.(string); ok && !key {
		placed.have = s
	}
	r.file.locate(&placed, n, key)
	r.err.Problems = append(r.err.Problems, placed)
}

// fault reports a wrong value.
func (r *reader) fault(n *node, path, format string, args ...any) {
	r.report(n, false, Problem{Path: path, Message: fmt.Sprintf(format, args...)})
}

// section is one table of the file being read: its getters report what is wrong
// and return the default in its stead, so that reading goes on.
type section struct {
	*reader
	node   *node // nil: not in the file
	path   string
	broken bool // in the file, but no table: reported once, by section
}

// section opens a table within this one.
func (s section) section(name string) section {
	inner := section{reader: s.reader, path: join(s.path, name)}
	n := s.get(name)
	if n == nil {
		return inner
	}
	if n.kind != tableKind {
		s.fault(n, inner.path, "must be a table, have %s", n.describe())
		inner.broken = true
		return inner
	}
	inner.node = n
	return inner
}

// get finds a field, nil where it is not written.
func (s section) get(name string) *node {
	if s.node == nil {
		return nil
	}
	return s.node.fields[name]
}

// allow reports every name that is not known; false where there was one.
func (s section) allow(known ...string) bool {
	good := true
	if s.node == nil {
		return good
	}
	for _, name := range s.node.names {
		found := false
		for _, k := range known {
			found = found || k == name
		}
		if !found {
			good = false
			s.report(s.node.fields[name], true, Problem{Path: join(s.path, name), Message: "unknown key", Known: known, Key: true})
		}
	}
	return good
}

// require reports a missing field at the table that lacks it.
func (s section) require(name, example string) {
	if s.get(name) != nil || s.broken {
		return
	}
	at := s.node
	if at == nil {
		at = s.file.root
	}
	s.report(at, true, Problem{Path: join(s.path, name), Message: fmt.Sprintf("missing; for example %s = %s", name, example), Key: true})
}

// refuse reports a field that is written where it has no meaning.
func (s section) refuse(name, why string) {
	if n := s.get(name); n != nil {
		s.report(n, true, Problem{Path: join(s.path, name), Message: why, Key: true})
	}
}

// text reads a string.
func (s section) text(name, otherwise string) string {
	n := s.get(name)
	if n == nil {
		return otherwise
	}
	v, ok := n.value.(string)
	if !ok {
		s.fault(n, join(s.path, name), "must be a string, have %s", n.describe())
		return otherwise
	}
	if strings.ContainsRune(v, 0) {
		s.fault(n, join(s.path, name), "must not hold a zero byte")
		return otherwise
	}
	return v
}

// choice reads a string that must be one of a few; the first is the default.
func (s section) choice(name string, known ...string) string {
	v := s.text(name, known[0])
	for _, k := range known {
		if v == k {
			return v
		}
	}
	s.report(s.get(name), false, Problem{Path: join(s.path, name), Message: "unknown " + name + " " + quote(v), Known: known})
	return known[0]
}

// flag reads a boolean.
func (s section) flag(name string, otherwise bool) bool {
	n := s.get(name)
	if n == nil {
		return otherwise
	}
	v, ok := n.value.(bool)
	if !ok {
		s.fault(n, join(s.path, name), "must be true or false, have %s", n.describe())
		return otherwise
	}
	return v
}

// integer reads an integer of at least low. A float without fraction is one.
func (s section) integer(name string, otherwise, low int64) int64 {
	n := s.get(name)
	if n == nil {
		return otherwise
	}
	v, ok := n.value.(int64)
	if f, float := n.value.(float64); float && f == math.Trunc(f) && math.Abs(f) <= 1<<53 {
		v, ok = int64(f), true
	}
	if !ok {
		s.fault(n, join(s.path, name), "must be an integer, have %s", n.describe())
		return otherwise
	}
	if v < low {
		s.fault(n, join(s.path, name), "must be at least %d, have %d", low, v)
		return otherwise
	}
	return v
}

// share reads a number strictly between 0 and 1.
func (s section) share(name string, otherwise float64) float64 {
	n := s.get(name)
	if n == nil {
		return otherwise
	}
	v, ok := n.number()
	if !ok {
		s.fault(n, join(s.path, name), "must be a number, have %s", n.describe())
		return otherwise
	}
	if !(v > 0 && v < 1) {
		s.fault(n, join(s.path, name), "must lie between 0 and 1, have %s", n.describe())
		return otherwise
	}
	return v
}

// number is the value of a node that is a number.
func (n *node) number() (float64, bool) {
	switch v := n.value.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// checkValue reports what no parameter and no layer may hold: dates, and
// numbers that are not finite.
func (r *reader) checkValue(n *node, path string) bool {
	good := true
	switch n.kind {
	case listKind:
		for i, v := range n.items {
			good = r.checkValue(v, item(path, i)) && good
		}
	case tableKind:
		for _, name := range n.names {
			good = r.checkValue(n.fields[name], join(path, name)) && good
		}
	default:
		switch v := n.value.(type) {
		case date:
			r.fault(n, path, "must be a string, number, boolean, list or table, have %s", n.describe())
			return false
		case float64:
			if math.IsNaN(v) || math.IsInf(v, 0) {
				r.fault(n, path, "must be a finite number, have %s", n.describe())
				return false
			}
		}
	}
	return good
}
