package main

import (
	"io"
	"os"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole program: what it is given, where it writes, how it exits.
func run(args []string, in io.Reader, out, errors io.Writer) int {
	p := &program{in: in, out: out, err: errors, pauses: openPauses()}
	defer p.close()
	err := p.execute(args)
	if err != nil {
		printFailure(errors, err)
	}
	return exitCode(err)
}
