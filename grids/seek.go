package grids

import "slices"

// seeker finds points by prefixes of their digits. It belongs to one walk; the
// diagram is shared.
type seeker struct {
	diagram *diagram
	digits  []int
	given   int     // how many of the digits count, from the first axis on
	known   []int32 // by node: twice the search it was last asked in, plus the answer
	search  int32
}

func newSeeker(d *diagram) *seeker {
	return &seeker{diagram: d, digits: make([]int, len(d.product.axes)), known: make([]int32, d.nodes)}
}

// next is the smallest raw index of a point at or after i; false: none.
func (s *seeker) next(i int) (int, bool) {
	p := s.diagram.product
	p.decode(i, s.digits)
	if s.feasible(len(s.digits)) {
		return i, true
	}
	for q := len(s.digits) - 1; q >= 0; q-- {
		if !s.raise(q, s.digits[q]+1) {
			continue
		}
		for rest := q + 1; rest < len(s.digits); rest++ {
			s.raise(rest, 0)
		}
		return p.encode(s.digits), true
	}
	return 0, false
}

// raise sets digit q to the smallest value from low on that some point has after
// the digits before it; false where there is none.
func (s *seeker) raise(q, low int) bool {
	for _, v := range s.candidates(q, low) {
		s.digits[q] = v
		if s.feasible(q + 1) {
			return true
		}
	}
	return false
}

// candidates are the smallest digits of an axis from low on, one of each class,
// and 0, which is where an inactive axis is.
func (s *seeker) candidates(axis, low int) []int {
	var list []int
	if low == 0 {
		list = append(list, 0)
	}
	for _, class := range s.diagram.classes[axis] {
		if j, _ := slices.BinarySearch(class, low); j < len(class) {
			list = append(list, class[j])
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// feasible tells whether some point starts with the first digits.
func (s *seeker) feasible(given int) bool {
	s.given = given
	if s.search++; s.search == 1<<29 {
		clear(s.known)
		s.search = 1
	}
	return s.reaches(s.diagram.root)
}

func (s *seeker) reaches(n *choice) bool {
	if n.count == 0 {
		return false
	}
	if s.known[n.id]>>1 == s.search {
		return s.known[n.id]&1 == 1
	}
	found := len(n.edges) == 0
	for _, e := range n.edges {
		if n.axis >= 0 && n.axis < s.given {
			if e.class == nil && s.digits[n.axis] != 0 {
				continue
			}
			if e.class != nil {
				if _, ok := slices.BinarySearch(e.class, s.digits[n.axis]); !ok {
					continue
				}
			}
		}
		if s.reaches(e.to) {
			found = true
			break
		}
	}
	s.known[n.id] = s.search << 1
	if found {
		s.known[n.id]++
	}
	return found
}
