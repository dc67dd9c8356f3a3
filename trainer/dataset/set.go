package dataset

// Set is one loaded source, read-only and shared by every worker and fold.
type Set struct {
	Info
	Train *Rows
	Test  *Rows // nil: the source has no test rows
}

// Info is what a sweep must know of a data set without its rows; it is kept in the store.
type Info struct {
	Source      string   // as in the sweep file
	Kind        string   // Images or Table
	Fingerprint string   // hex SHA-256 of all that was loaded, see fingerprint.go
	Shape       []int    // images [H W C]; tables: [number of feature columns before encoding]
	Classes     []string // names, in label order
	Rows        int      // training rows
	TestRows    int
	TestDigest  string   // hex SHA-256 of the test rows alone, "" without; see fingerprint.go
	Columns     []Column // tables: the features; nil for images
	Bytes       int64    // memory the rows take
	Groups      int      // number of distinct groups where a group column was asked for
}

// The kinds of data.
const (
	Images = "images"
	Table  = "table"
)

// Column is a feature of a table.
type Column struct {
	Name        string
	Categorical bool
}

// Rows are training or test rows in one flat copy.
type Rows struct {
	N      int
	Pixels []byte     // images: N×H×W×C; nil for tables
	Cells  []float64  // tables: N×columns; categorical cells hold the number of the level in Levels
	Levels [][]string // tables: per column, sorted levels over all rows of the set (nil: numeric)
	Labels []int32    // N class numbers; nil where rows are only to be predicted
	Groups []int      // N group numbers, in the sorted order of the groups, or nil
}

// Counts is the number of rows of each class.
func (r *Rows) Counts(classes int) []int {
	counts := make([]int, classes)
	for _, l := range r.Labels {
		counts[l]++
	}
	return counts
}

// bytes is the memory the rows take.
func (r *Rows) bytes() int64 {
	if r == nil {
		return 0
	}
	return int64(len(r.Pixels)) + 8*int64(len(r.Cells)) + 4*int64(len(r.Labels)) + 8*int64(len(r.Groups))
}
