package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
)

// The fingerprint is the SHA-256 of a text of lines, so that it can be told without our code what went in:
//
//	espalier data 1
//	kind "images"
//	shape [28 28 1]
//	class "T-shirt/top"            one line a class, in label order
//	column "sepal length" numeric  tables: one line a feature; a categorical one is followed by
//	level "red"                    its levels, in order
//	split 60000                    the training rows, then the test rows where there are any
//	values HEX                     SHA-256 of the pixels, or of the cells as little-endian float64s
//	labels HEX                     SHA-256 of the labels as little-endian uint32s
//	groups HEX                     the same of the group numbers; only where there are groups
//
// Digests of parts, not one long hash: parts are hashed side by side while they load.
// Where the data came from is not in it, and neither is the name of the source.
const fingerprintVersion = "espalier data 1"

// rowDigests are the SHA-256 sums of the parts of one split.
type rowDigests struct {
	rows                   int
	values, labels, groups [sha256.Size]byte
	grouped                bool
}

func fingerprint(info *Info, levels [][]string, splits []rowDigests) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nkind %q\nshape %d\n", fingerprintVersion, info.Kind, info.Shape)
	for _, c := range info.Classes {
		fmt.Fprintf(&b, "class %q\n", c)
	}
	for i, c := range info.Columns {
		kind := "numeric"
		if c.Categorical {
			kind = "categorical"
		}
		fmt.Fprintf(&b, "column %q %s\n", c.Name, kind)
		for _, l := range levels[i] {
			fmt.Fprintf(&b, "level %q\n", l)
		}
	}
	for _, s := range splits {
		fmt.Fprintf(&b, "split %d\nvalues %x\nlabels %x\n", s.rows, s.values, s.labels)
		if s.grouped {
			fmt.Fprintf(&b, "groups %x\n", s.groups)
		}
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:])
}

// digestTest names the test rows whatever the training rows are, so that a look at them
// can be counted: a limit, or a level that only training has, does not change it. Where
// numbers depend on the training rows, names are hashed:
//
//	espalier test 1
//	rows 10000
//	values HEX       images: as in the fingerprint
//	labels HEX
//	column HEX       tables: one line a feature, of its cells as little-endian float64s, or of
//	classes HEX      its levels or classes as quoted words, a line each
func digestTest(info *Info, rows *Rows, d rowDigests) string {
	var b strings.Builder
	fmt.Fprintf(&b, "espalier test 1\nrows %d\n", rows.N)
	if info.Kind == Images {
		fmt.Fprintf(&b, "values %x\nlabels %x\n", d.values, d.labels)
	} else {
		for c := range info.Columns {
			fmt.Fprintf(&b, "column %x\n", digestColumn(rows, c, len(info.Columns)))
		}
		h := sha256.New()
		for _, l := range rows.Labels {
			fmt.Fprintf(h, "%q\n", info.Classes[l])
		}
		fmt.Fprintf(&b, "classes %x\n", h.Sum(nil))
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:])
}

func digestColumn(rows *Rows, column, columns int) [sha256.Size]byte {
	h := sha256.New()
	var buf [8]byte
	for i := range rows.N {
		cell := rows.Cells[i*columns+column]
		if levels := rows.Levels[column]; levels != nil {
			fmt.Fprintf(h, "%q\n", levels[int(cell)])
			continue
		}
		binary.LittleEndian.PutUint64(buf[:], math.Float64bits(cell))
		h.Write(buf[:])
	}
	return [sha256.Size]byte(h.Sum(nil))
}

func digestLabels(labels []int32) [sha256.Size]byte {
	buf := make([]byte, 4*len(labels))
	for i, l := range labels {
		binary.LittleEndian.PutUint32(buf[4*i:], uint32(l))
	}
	return sha256.Sum256(buf)
}

func digestGroups(groups []int) [sha256.Size]byte {
	buf := make([]byte, 4*len(groups))
	for i, g := range groups {
		binary.LittleEndian.PutUint32(buf[4*i:], uint32(g))
	}
	return sha256.Sum256(buf)
}

func digestCells(cells []float64) [sha256.Size]byte {
	h := sha256.New()
	var buf [8 * 512]byte
	for len(cells) > 0 {
		n := min(len(cells), 512)
		for i, c := range cells[:n] {
			binary.LittleEndian.PutUint64(buf[8*i:], math.Float64bits(c))
		}
		h.Write(buf[:8*n])
		cells = cells[n:]
	}
	return [sha256.Size]byte(h.Sum(nil))
}
