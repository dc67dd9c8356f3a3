// Package page draws a sweep as one HTML page: leaderboard, winner and what is tied
// with it, curves, failures, refit, provenance, the sweep file. `espalier report`
// writes it as a file that needs nothing else; `espalier serve` shows the same page
// and replaces its parts as the sweep goes on.
//
// Gather reads a ledger into an Input; Render makes the page of it; Parts makes those
// pieces of the page that change while a sweep runs, by name. Nothing here opens a
// file or a connection, and the page holds no address to load anything from.
//
// # Scripts, and without them
//
// Everything stands in the page as HTML and SVG. The script adds sorting, filtering
// and hovering, and in the live page it puts a new piece where an old one was. It
// draws nothing itself, so there is one place that knows how a curve looks (chart.go),
// and the page reads the same from a mail attachment that is not allowed to run any.
//
// # Content security
//
// A style sheet and a script stand in the page, each allowed by its hash and nothing
// else is: no style attribute, no handler in an attribute, no address. The policy
// stands in the page itself; serve sends it as a header too. Names come from sweep
// files and data sets of others: html/template escapes them in page.html, esc in SVG.
//
// # How much
//
// The board has the first rows only (RowLimit), and says how many are left out. Curves
// are drawn of the first few trials. A page of 500 points has about half a megabyte.
package page
