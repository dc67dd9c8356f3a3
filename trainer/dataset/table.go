package dataset

import (
	"errors"
	"fmt"
	"slices"
)

// table is a set in the making: the sheets it comes from and what each column is for.
type table struct {
	train, test *sheet // test: nil, or the same as train with test_fraction
	target      int    // columns of train
	group       int    // -1: none
	features    []int
	place       []int // columns of test for those of train; -1: the group, which test rows need not have
	classes     *classes
}

// loadTable reads a .csv or .arff file, and the file of test rows where there is one.
func loadTable(path string, o Options) (*Set, error) {
	t := &table{group: -1}
	memory := newRoom(o.Memory)
	var err error
	if t.train, err = readSheet(path, sheetSpec{group: o.Group, room: memory}); err != nil {
		return nil, err
	}
	if err := t.assignColumns(o); err != nil {
		return nil, fmt.Errorf("%s: %w", t.train.file, err)
	}
	if t.classes, err = newClasses(t.train, t.target); err != nil {
		return nil, fmt.Errorf("%s: %w", t.train.file, err)
	}
	rows := ascending(t.train.rows)
	labels, err := t.classes.number(t.train, t.target)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.train.file, err)
	}
	testLabels := labels
	var testRows []int
	switch {
	case o.Test != "":
		if err := t.readTest(o.resolve(o.Test), memory); err != nil {
			return nil, fmt.Errorf("test rows: %w", err)
		}
		testRows = ascending(t.test.rows)
		if testLabels, err = t.classes.number(t.test, t.place[t.target]); err != nil {
			return nil, fmt.Errorf("test rows: %s: %w", t.test.file, err)
		}
	case o.TestFraction > 0:
		t.test, t.place = t.train, ascending(len(t.train.columns))
		if rows, testRows, err = holdApart(labels, len(t.classes.names), o.TestFraction, o.Seed); err != nil {
			return nil, fmt.Errorf("%s: %w", t.train.file, err)
		}
	}
	if o.Limit > 0 && o.Limit < len(rows) {
		rows = rows[:o.Limit]
	}
	return t.assemble(rows, testRows, labels, testLabels), nil
}

// assignColumns finds out which column is the target, which the group, and that something is left.
func (t *table) assignColumns(o Options) error {
	var err error
	if t.target, err = t.findTarget(o.Target); err != nil {
		return err
	}
	if o.Group != "" {
		if t.group = t.train.find(o.Group); t.group < 0 {
			return &FieldError{"group", fmt.Sprintf("no column %q to group by", o.Group), t.columnNames()}
		}
		if t.group == t.target {
			return fieldError("group", "column %q cannot be both target and group", o.Group)
		}
	}
	for c, column := range t.train.columns {
		if c == t.target || c == t.group {
			continue
		}
		if column.categorical && len(column.levels) > maxLevels {
			return fmt.Errorf("column %q has more than %d different values, too many for a category", column.name, maxLevels)
		}
		t.features = append(t.features, c)
	}
	if len(t.features) == 0 {
		return errors.New("no column is left to learn from")
	}
	return nil
}

func (t *table) findTarget(target any) (int, error) {
	columns := len(t.train.columns)
	index := columns - 1
	switch v := target.(type) {
	case nil:
	case string:
		if index = t.train.find(v); index < 0 {
			return 0, &FieldError{"target", fmt.Sprintf("no column %q to be the target", v), t.columnNames()}
		}
	case int64:
		index = int(v)
	case int:
		index = v
	default:
		return 0, fieldError("target", "target must be a column's name or index, have %v", target)
	}
	if index < 0 {
		index += columns
	}
	if index < 0 || index >= columns {
		return 0, fieldError("target", "target %v is out of range: there are %d columns, the first is 0", target, columns)
	}
	return index, nil
}

// columnNames lists the columns for a message.
func (t *table) columnNames() []string {
	var names []string
	for _, c := range t.train.columns {
		names = append(names, c.name)
	}
	return names
}

// readTest reads the file of test rows: the same columns, in any order, of the kinds that the
// training file settled. A group is not needed.
func (t *table) readTest(path string, memory *room) error {
	spec := sheetSpec{kinds: make(map[string]bool), room: memory}
	for c, column := range t.train.columns {
		if c != t.group {
			spec.kinds[column.name] = column.categorical
		} else {
			spec.group = column.name
		}
	}
	var err error
	if t.test, err = readSheet(path, spec); err != nil {
		return err
	}
	for _, column := range t.test.columns {
		if t.train.find(column.name) < 0 {
			return fmt.Errorf("%s: column %q is not in %s", t.test.file, column.name, t.train.file)
		}
	}
	for c, column := range t.train.columns {
		at := t.test.find(column.name)
		if at < 0 && c != t.group {
			return fmt.Errorf("%s: column %q of %s is missing", t.test.file, column.name, t.train.file)
		}
		t.place = append(t.place, at)
	}
	return nil
}

// assemble copies the rows that are kept into their final place.
func (t *table) assemble(rows, testRows []int, labels, testLabels []int32) *Set {
	set := &Set{}
	set.Kind, set.Shape, set.Classes = Table, []int{len(t.features)}, t.classes.names
	for _, c := range t.features {
		column := t.train.columns[c]
		set.Columns = append(set.Columns, Column{Name: column.name, Categorical: column.categorical})
	}
	parts := []part{{t.train, t.features, rows}}
	if t.test != nil {
		place := make([]int, len(t.features))
		for i, c := range t.features {
			place[i] = t.place[c]
		}
		parts = append(parts, part{t.test, place, testRows})
	}
	levels := gatherLevels(parts)
	set.Train = parts[0].copyOut(levels, labels)
	if t.group >= 0 {
		set.Train.Groups, set.Groups = t.groups(rows)
	}
	digests := []rowDigests{set.Train.digests()}
	if t.test != nil {
		set.Test = parts[1].copyOut(levels, testLabels)
		digests = append(digests, set.Test.digests())
		set.TestDigest = digestTest(&set.Info, set.Test, digests[1])
	}
	set.Fingerprint = fingerprint(&set.Info, levels, digests)
	return set
}

// part is some rows and columns of a sheet.
type part struct {
	sheet   *sheet
	columns []int
	rows    []int
}

// gatherLevels gives, per column, the levels that occur in the rows of any part, sorted by bytes.
func gatherLevels(parts []part) [][]string {
	levels := make([][]string, len(parts[0].columns))
	for i := range levels {
		found := make(map[string]bool)
		for _, p := range parts {
			column := p.sheet.columns[p.columns[i]]
			if !column.categorical {
				continue
			}
			seen := make([]bool, len(column.levels))
			for _, row := range p.rows {
				seen[p.sheet.level(row, p.columns[i])] = true
			}
			for l, s := range seen {
				if s {
					found[column.levels[l]] = true
				}
			}
		}
		for l := range found {
			levels[i] = append(levels[i], l)
		}
		slices.Sort(levels[i])
	}
	return levels
}

// copyOut copies the part out.
func (p part) copyOut(levels [][]string, labels []int32) *Rows {
	width := len(p.columns)
	rows := &Rows{N: len(p.rows), Levels: levels, Cells: make([]float64, len(p.rows)*width), Labels: make([]int32, len(p.rows))}
	for i, row := range p.rows {
		rows.Labels[i] = labels[row]
	}
	for c, column := range p.columns {
		of := p.sheet.columns[column]
		if !of.categorical {
			for i, row := range p.rows {
				rows.Cells[i*width+c] = p.sheet.number(row, column)
			}
			continue
		}
		number := renumber(of.levels, levels[c])
		for i, row := range p.rows {
			rows.Cells[i*width+c] = float64(number[p.sheet.level(row, column)])
		}
	}
	return rows
}

// renumber maps the numbers of some levels to their numbers in others; -1 where they are not there.
func renumber(from, to []string) []int {
	known := positions(to)
	numbers := make([]int, len(from))
	for i, l := range from {
		at, ok := known[l]
		if !ok {
			at = -1
		}
		numbers[i] = at
	}
	return numbers
}

// groups numbers the groups of the rows in sorted order, numbers by value and words by bytes, as
// NumPy's unique does: the order decides ties between groups of one size (folds.Grouped).
func (t *table) groups(rows []int) (groups []int, distinct int) {
	groups = make([]int, len(rows))
	if !t.train.columns[t.group].categorical {
		values := make([]float64, len(rows))
		for i, row := range rows {
			values[i] = t.train.number(row, t.group)
		}
		number, sorted := rank(values)
		for i, v := range values {
			groups[i] = number[v]
		}
		return groups, len(sorted)
	}
	values := make([]string, len(rows))
	for i, row := range rows {
		values[i] = t.train.columns[t.group].levels[t.train.level(row, t.group)]
	}
	number, sorted := rank(values)
	for i, v := range values {
		groups[i] = number[v]
	}
	return groups, len(sorted)
}

// digests hashes the parts of a table's rows.
func (r *Rows) digests() rowDigests {
	d := rowDigests{rows: r.N, values: digestCells(r.Cells), labels: digestLabels(r.Labels)}
	if r.Groups != nil {
		d.groups, d.grouped = digestGroups(r.Groups), true
	}
	return d
}

func ascending(n int) []int {
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i
	}
	return rows
}
