package report

import (
	"fmt"
	"sort"
)

// Confusion is a confusion matrix: rows of a true class, columns of what they were taken for.
type Confusion struct {
	Classes []string
	Counts  [][]int
	Left    int // classes that were put together as the last row and column; 0: none
}

// matrixClasses is up to how many classes a matrix shows each; of more, those with the most
// errors, and the rest as one.
const matrixClasses = 20

// NewConfusion reads a flat matrix of classes × classes; nil where it has another size.
func NewConfusion(classes []string, flat []int) *Confusion {
	k := len(classes)
	if k == 0 || len(flat) != k*k {
		return nil
	}
	c := &Confusion{Classes: classes}
	for i := range k {
		c.Counts = append(c.Counts, flat[i*k:(i+1)*k])
	}
	return c
}

// errors is how many rows of a class were taken for another, and the other way round.
func (c *Confusion) errors(class int) (n int) {
	for o := range c.Classes {
		if o != class {
			n += c.Counts[class][o] + c.Counts[o][class]
		}
	}
	return n
}

// Aggregate puts all but the most confused classes together, so that at most n remain; these
// stay in their order.
func (c *Confusion) Aggregate(n int) *Confusion {
	k := len(c.Classes)
	if k <= n {
		return c
	}
	order := make([]int, k)
	wrong := make([]int, k)
	for i := range order {
		order[i], wrong[i] = i, c.errors(i)
	}
	sort.SliceStable(order, func(i, j int) bool { return wrong[order[i]] > wrong[order[j]] })
	kept := order[:n-1]
	sort.Ints(kept)
	place := make([]int, k)
	for i := range place {
		place[i] = n - 1
	}
	out := &Confusion{Left: k - n + 1, Counts: make([][]int, n)}
	for at, class := range kept {
		place[class] = at
		out.Classes = append(out.Classes, c.Classes[class])
	}
	out.Classes = append(out.Classes, fmt.Sprintf("%d others", out.Left))
	for i := range out.Counts {
		out.Counts[i] = make([]int, n)
	}
	for i, row := range c.Counts {
		for j, count := range row {
			out.Counts[place[i]][place[j]] += count
		}
	}
	return out
}

// Confused is a pair of classes and how often the first was taken for the second.
type Confused struct {
	True, Taken string
	Count, Of   int // of so many rows of the true class
}

// Worst are the pairs confused most often.
func (c *Confusion) Worst(n int) []Confused {
	var all []Confused
	for i, row := range c.Counts {
		of := 0
		for _, count := range row {
			of += count
		}
		for j, count := range row {
			if i != j && count > 0 {
				all = append(all, Confused{c.Classes[i], c.Classes[j], count, of})
			}
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].Count > all[j].Count })
	return all[:min(n, len(all))]
}

// rows and right count all rows and those on the diagonal.
func (c *Confusion) rows() (rows, right int) {
	for i, row := range c.Counts {
		for j, n := range row {
			rows += n
			if i == j {
				right += n
			}
		}
	}
	return rows, right
}
