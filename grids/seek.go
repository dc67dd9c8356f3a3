package grids

import "slices"

// pick writes the digits of the n-th point, in the diagram's own order: by level,
// then by class. Inactive axes are at their first value. It only reads.
func (d *diagram) pick(n int, digits []int) {
	reader := *d
	reader.on, reader.dead = make([]int, len(d.on)), make([]int, len(d.dead))
	reader.stamp = 1
	state := d.start
	known := func(at int, state []int32) int {
		if at == len(d.levels) {
			return d.end(state)
		}
		return d.memo[stateKey(at, state)]
	}
	for at := range d.levels {
		l := &d.levels[at]
		if !d.activates(l, state) {
			state, _ = reader.step(at, state, false, d.grid.base[l.name])
			if l.axis >= 0 {
				digits[l.axis] = 0
			}
			continue
		}
		for _, class := range l.classes {
			next, ok := reader.step(at, state, true, d.product.axes[l.axis].id(class[0]))
			if !ok {
				continue
			}
			each := known(at+1, next)
			if n >= each*len(class) {
				n -= each * len(class)
				continue
			}
			digits[l.axis] = class[n/each]
			n, state = n%each, next
			break
		}
	}
}

// next is the smallest raw index of a point at or after i; false: none. It
// searches by prefixes: is there any point that starts with these digits?
func (d *diagram) next(i int) (int, bool) {
	p := d.product
	digits := make([]int, len(p.axes))
	p.decode(i, digits)
	if d.feasible(digits, len(digits)) {
		return i, true
	}
	for q := len(digits) - 1; q >= 0; q-- {
		for _, v := range d.candidates(q, digits[q]+1) {
			digits[q] = v
			if !d.feasible(digits, q+1) {
				continue
			}
			for rest := q + 1; rest < len(digits); rest++ {
				for _, v := range d.candidates(rest, 0) {
					digits[rest] = v
					if d.feasible(digits, rest+1) {
						break
					}
				}
			}
			return p.encode(digits), true
		}
	}
	return 0, false
}

// candidates are the smallest digits of an axis from low on, one of each class,
// and 0, which is where an inactive axis is.
func (d *diagram) candidates(k, low int) []int {
	var list []int
	if low == 0 {
		list = append(list, 0)
	}
	for i := range d.levels {
		if d.levels[i].axis != k {
			continue
		}
		for _, class := range d.levels[i].classes {
			if j, _ := slices.BinarySearch(class, low); j < len(class) {
				list = append(list, class[j])
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// feasible tells whether some point starts with the first n digits; true where
// that would take too long to say, which costs time but no point.
func (d *diagram) feasible(digits []int, n int) bool {
	pinned := diagram{
		grid: d.grid, product: d.product, levels: d.levels, claims: d.claims, start: d.start,
		memo: map[string]int{}, limit: maxWork, on: make([]int, len(d.on)), dead: make([]int, len(d.dead)),
		pins: slices.Repeat([]int{-1}, len(digits)),
	}
	copy(pinned.pins, digits[:n])
	found, ok := pinned.total()
	return found > 0 || !ok
}
