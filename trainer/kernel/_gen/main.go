// Command gen writes the amd64 assembly of package kernel, one unit (a .s file and its Go
// declarations) a run. See ../KERNELS.md; go generate in the package's folder runs it for every unit.
package main

import (
	"flag"
	"fmt"
	"os"
	"sort"

	"github.com/mmcloughlin/avo/build"
)

var units = map[string]func(){
	"strip":       strips,
	"strip512":    strips512,
	"vector":      vectors,
	"optimizer":   optimizers,
	"random":      randoms,
	"activation":  activations,
	"norm":        norms,
	"pool":        pools,
	"pool512":     pools512,
	"winograd":    winograds,
	"winograd4":   winograds4,
	"winograd512": winograds512,
}

func main() {
	unit := flag.String("unit", "", "which unit to write")
	flag.Parse()
	write, ok := units[*unit]
	if !ok {
		var names []string
		for name := range units {
			names = append(names, name)
		}
		sort.Strings(names)
		fmt.Fprintf(os.Stderr, "unit %q: want one of %v\n", *unit, names)
		os.Exit(2)
	}
	build.ConstraintExpr("amd64")
	write()
	build.Generate()
}
