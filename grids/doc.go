// Package grids reads sweep files and expands their grids; the sweeps that ship
// with the program are in it too. It imports no other package of the program, and
// no other package reads TOML.
//
// # Reading
//
// Parse turns text and overrides into a File, or into an *Error that lists every
// problem with its place. It goes in four steps:
//
//	tree.go      text → tree of nodes, each with its line and column
//	override.go  --set key=value → changes to the tree
//	sections.go  tree → File, one method a section
//	union.go     [grid] → Grid: axes, then conditions, then lengths and counts
//
// The package knows what the file's own words mean: sections, ranges, conditions.
// What an optimizer, a layer, a metric or a scale may be is for others to say.
// They report by key path, such as "model.layers[2].rate", and File.Errors finds
// the place: the path is walked down the tree as far as it goes, so that what is
// missing is reported at what lacks it. No table of places is kept beside the
// tree, and no table of names stands twice.
//
// go-toml's decoder comes first, because it knows all rules of the language; the
// tree is built from its syntax tree, because the decoder keeps no places.
//
// # Points
//
// A Grid is arithmetic. A product of axes is a number with mixed radix: axes sorted
// by name, the last varying fastest, which is scikit-learn's order. A union lays
// its products end to end. So a raw index is a point and At computes it, with no
// list anywhere; a grid of 10^12 points takes as much memory as its axes.
//
// Not every raw index is a point that runs:
//
//   - An axis with a condition (`when`) does not multiply where it is inactive:
//     there only its first value stands for it. A condition holds where all axes it
//     names are active with a value given; an inactive axis has none, even if a
//     fixed value holds in its place.
//   - `exclude` takes points out, by the same kind of test. It looks at axes alone.
//   - A point that an earlier product of a union runs already is a repeat. Here
//     fixed values count: [[grid]] momentum = [0.0] and another [[grid]] without
//     momentum, under [params] momentum = 0.0, have a point in common. Whether
//     one is there is arithmetic: each value is looked up on the earlier axis.
//
// The conditions of all products of a union together must not go round in a
// circle, so that one order of names serves them all.
//
// Count says how many points run without visiting them: see diagram.
//
// # Draws
//
// Draw is the order of a random search. A finite grid is permuted, see permutation;
// what is permuted are the numbers of the points that run, not raw indices, since a
// grid of many conditions may have one point in 10^12 raw indices. The diagram finds
// the n-th point. Distributions are drawn from counter-based streams keyed by seed,
// number of the draw and name of the axis, so that adding an axis leaves the draws
// of the others alone, and more trials leave the first ones alone.
//
// A linear distribution of integers is drawn like the list of them. Where that makes
// the whole grid finite it is one: then draws are without replacement. Only small
// logarithmic distributions of integers can repeat a draw.
//
// # Keys
//
// KeyOf hashes the canonical encoding of effective parameters. Its format is part
// of every store and never changes: a test holds an example of it.
//
// # Bounds
//
// A hostile file costs bounded memory and time: 1 MB of text, 20,000 keys, nesting of
// 100, two million values, 256 products, ten thousand exclusions, a hundred problems
// printed. Counting gives up after a fixed number of steps and
// says so (Exact); a file is never refused for it.
package grids
