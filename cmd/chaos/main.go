//go:build unix

package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// chaos is one invocation.
type chaos struct {
	espalier   string // the program that is killed
	folder     string
	seed       uint64
	keep       bool
	verbose    bool
	references map[string]*reference
	report     report
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

func run() (err error) {
	c := &chaos{references: map[string]*reference{}}
	kills := flag.Int("kills", 30, "stop after so many kills, and once the round is over")
	limit := flag.Duration("time", 0, "begin no round after this time; 0: no limit")
	only := flag.Int("round", -1, "play this round of the seed alone; -1: all")
	readers := flag.Int("readers", 0, "kill nothing: measure so many readers beside a run")
	length := flag.Duration("for", time.Minute, "how long the readers ask")
	flag.Uint64Var(&c.seed, "seed", uint64(time.Now().UnixNano()), "of everything that is drawn (default: from the clock)")
	flag.StringVar(&c.espalier, "espalier", "", "the program to kill (default: built from this module)")
	flag.BoolVar(&c.keep, "keep", false, "keep the folders of rounds that went well, too")
	flag.BoolVar(&c.verbose, "v", false, "tell each kill")
	flag.Parse()
	if flag.NArg() > 0 || *kills < 1 || *limit < 0 || *readers < 0 {
		flag.Usage()
		os.Exit(2)
	}
	if c.folder, err = os.MkdirTemp("", "chaos"); err != nil {
		return err
	}
	if c.espalier == "" {
		c.espalier = filepath.Join(c.folder, "bin", "espalier")
		if out, err := exec.Command("go", "build", "-o", c.espalier, "espalier/cmd/espalier").CombinedOutput(); err != nil {
			return fmt.Errorf("build espalier: %w\n%s", err, out)
		}
	}
	if *readers > 0 {
		if err := c.readers(*readers, *length); err != nil {
			return err
		}
		return os.RemoveAll(c.folder)
	}
	fmt.Printf("seed %d\n", c.seed)
	began := time.Now()
	first, last := 0, 1<<30
	if *only >= 0 {
		first, last = *only, *only+1
	}
	for n := first; n < last && (c.report.kills < *kills || *only >= 0); n++ {
		if *limit > 0 && time.Since(began) > *limit {
			break
		}
		r, err := c.newRound(n)
		if err != nil {
			return err
		}
		if err := r.play(); err != nil {
			return fmt.Errorf("round %d, %s: %w\nits folder: %s\nagain with: go run ./cmd/chaos -seed %d -round %d -v", n, r.sweep.name, err, r.folder, c.seed, n)
		}
	}
	c.report.write(os.Stdout, time.Since(began))
	fmt.Println("nothing lost, nothing different")
	if c.keep {
		return nil
	}
	return os.RemoveAll(c.folder)
}

// say tells what happens, under -v.
func (c *chaos) say(format string, args ...any) {
	if c.verbose {
		fmt.Printf(format+"\n", args...)
	}
}
