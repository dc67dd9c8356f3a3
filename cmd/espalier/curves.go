package main

import (
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/guptarohit/asciigraph"

	"espalier/search"
	"espalier/trainer"
)

// showCurves draws loss and accuracy over epochs, training and validation, the
// mean over folds. Without colour two curves in one plot cannot be told apart,
// so they then stand one below the other.
func showCurves(w io.Writer, _ *search.Sweep, histories [][]trainer.Epoch) {
	n := longest(histories)
	if n < 2 {
		return
	}
	colour := colourful(w)
	for _, pair := range []struct {
		name              string
		train, validation curveReader
	}{{"loss", curveReaders[0], curveReaders[1]}, {"accuracy", curveReaders[2], curveReaders[3]}} {
		train, validation := make([]float64, n), make([]float64, n)
		validated := false
		for e := range n {
			train[e] = meanAt(histories, e, pair.train.value)
			validation[e] = meanAt(histories, e, pair.validation.value)
			validated = validated || !math.IsNaN(validation[e])
		}
		options := []asciigraph.Option{asciigraph.Height(8), asciigraph.Width(curveWidth(w, n)), asciigraph.Precision(3),
			asciigraph.XAxisRange(1, float64(n)), asciigraph.XAxisTickCount(epochTicks(n)), asciigraph.XAxisValueFormatter(epochTick)}
		if colour && validated {
			fmt.Fprintf(w, "\n%s by epoch, mean over folds\n", pair.name)
			fmt.Fprintln(w, letters(w, asciigraph.PlotMany([][]float64{train, validation}, append(options,
				asciigraph.SeriesColors(asciigraph.Blue, asciigraph.Red), asciigraph.SeriesLegends("training", "validation"))...)))
			continue
		}
		fmt.Fprintf(w, "\ntraining %s by epoch, mean over folds\n%s\n", pair.name, letters(w, asciigraph.Plot(train, options...)))
		if validated {
			fmt.Fprintf(w, "\nvalidation %s by epoch, mean over folds\n%s\n", pair.name, letters(w, asciigraph.Plot(validation, options...)))
		}
	}
}

// epochTicks is how many ticks fall on whole epochs: eight at most, at least both ends.
func epochTicks(epochs int) int {
	for ticks := 8; ticks > 2; ticks-- {
		if (epochs-1)%(ticks-1) == 0 {
			return ticks
		}
	}
	return 2
}

// epochTick writes an epoch under a plot.
func epochTick(v float64) string { return strconv.Itoa(int(math.Round(v))) }

// curveWidth is how many columns a plot takes: what the terminal has, but no
// more than the epochs can use.
func curveWidth(w io.Writer, epochs int) int {
	width := 70
	if have := terminalWidth(w); have > 0 {
		width = min(have-12, 100)
	}
	return max(10, min(width, epochs*8))
}
