// Package report draws what a sweep found: every figure a paper on it would have, as SVG
// and PNG from the same drawing.
//
// # The way in
//
//	figures, left, err := report.Figures(ctx, report.Material{Sweep: s, Standings: …})
//	svg, err := figures[0].SVG()      // a file
//	element, err := figures[0].Inline() // for a page: follows its colours
//	png, err := figures[0].PNG(300)
//
// A Material may lack parts (no rows, no model, no finished trial): figures that need them
// are in the list of what was left out, with the reason.
//
// # Numbers first
//
// What is computed is apart from what is drawn, and others may use it:
//
//   - landscape.go: the ranked trials as levels on axes, NewLandscape;
//   - anova.go, forest.go: effects and importance of the axes (functional ANOVA), exact on a
//     full grid, by a random forest elsewhere;
//   - curves.go, confusion.go, distribution.go, mistakes.go, network.go.
//
// The files that end in plot draw, each its figures. style.go and ramp.go say what they have in
// common: Okabe and Ito's colours for series, always with another marker or dash; viridis for
// scores, the darker the better; blues for shares. figures.go decides which there are.
//
// # Canvases
//
// gonum's plots draw on a vg.Canvas. Ours for SVG (vector.go) writes a third of the bytes of
// gonum's and keeps text as text: held where it is aligned and pressed into the width that the
// drawing left it, since a reader's font is seldom ours. It knows two things a page wants: colours
// by variables, so that a figure follows light and dark, and marks with titles, which browsers
// show without a script. The one for PNG (raster.go) is gonum's, with images enlarged to sharp
// squares and title and origin in the file. Every figure says where its numbers come from (Origin).
package report
