// Package grids reads sweep files and expands their grids.
package grids
