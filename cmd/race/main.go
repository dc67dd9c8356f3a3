// Command race runs the same work in Espalier and in what a user would pick
// instead (PyTorch, scikit-learn), alternately, and prints the ratios.
//
//	go run ./cmd/race                 # all contests, three rounds
//	go run ./cmd/race -only mlp,grid  # some: mlp cnn grid workers threads
//	go run ./cmd/race -only forecast -sweeps mlp-grid-1,cnn-4 -set data.limit=12000  # plan's forecast and what run took
//
// A figure is the median of the rounds with the least and the greatest behind it;
// a ratio is the median of the rounds' ratios, so that a round in which the
// machine was slow counts no more than another. The groups workers and threads
// compare Espalier with itself, and with what the processors allow.
//
// Without a Python that has the libraries it measures Espalier alone and says
// so. On Debian: apt-get install python3-torch python3-sklearn.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
)

//go:embed peers.py
var peers []byte

// contest is one piece of work and who does it beside us.
type contest struct {
	name   string
	group  string // what -only selects
	ours   side
	others []side
}

// side is one way to do a contest's work.
type side struct {
	name    string
	library string // of Python, that it needs; "": none
	run     func(ctx context.Context) (seconds float64, err error)
}

// groups are what -only selects.
var groups = []string{"mlp", "cnn", "grid", "workers", "threads"}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "race:", err)
		os.Exit(1)
	}
}

func run() error {
	rounds := flag.Int("rounds", 3, "how often each side runs, alternately")
	only := flag.String("only", "", "groups to run, comma separated: "+strings.Join(groups, " ")+" (default all), or forecast")
	sweeps := flag.String("sweeps", "mlp-baseline-1,mlp-baseline-2,mlp-grid-1,mlp-grid-2,mlp-random,cnn-1,cnn-2,cnn-3,cnn-4", "what to forecast")
	var settings []string
	flag.Func("set", "of the sweeps forecast: `KEY=VALUE`; may be repeated", func(text string) error {
		settings = append(settings, text)
		return nil
	})
	python := flag.String("python", "/usr/bin/python3", "the Python that has the libraries")
	data := flag.String("data", "/usr/share/datasets/fashion-mnist", "folder of Fashion-MNIST, for both sides")
	flag.Parse()
	if *rounds < 1 {
		return fmt.Errorf("-rounds: must be at least 1, have %d", *rounds)
	}
	chosen := groups
	if *only != "" && *only != "forecast" {
		chosen = strings.Split(*only, ",")
	}
	for _, g := range chosen {
		if !slices.Contains(groups, g) {
			return fmt.Errorf("-only: no group %q, there are %s, and forecast by itself", g, strings.Join(groups, " "))
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	folder, err := os.MkdirTemp("", "race")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	s := &stage{folder: folder, python: *python, data: *data}
	if err := s.open(ctx); err != nil {
		return err
	}

	if *only == "forecast" {
		return s.forecasts(ctx, strings.Split(*sweeps, ","), settings)
	}
	contests, err := s.contests(ctx)
	if err != nil {
		return err
	}
	return s.compete(ctx, slices.DeleteFunc(contests, func(c contest) bool { return !slices.Contains(chosen, c.group) }), *rounds, os.Stdout)
}

// compete holds contests and prints the table; after a failure that of the contests before it.
func (s *stage) compete(ctx context.Context, contests []contest, rounds int, out io.Writer) error {
	results := table.NewWriter()
	results.AppendHeader(table.Row{"work", "espalier", "against", "theirs", "ratio"})
	defer func() { printTable(out, results) }()
	for _, c := range contests {
		rows, err := s.hold(ctx, c, rounds)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		results.AppendRows(rows)
	}
	return nil
}

// printTable prints a table that has rows.
func printTable(out io.Writer, t table.Writer) {
	if t.Length() > 0 {
		fmt.Fprintln(out, t.RenderMarkdown())
	}
}

// stage is where contests are held: the peers that are there and a built program of ours.
type stage struct {
	folder, python, data string
	script, espalier     string
	have                 map[string]string // library to version
}

// open writes the peers' script, asks which libraries there are, and builds the program.
func (s *stage) open(ctx context.Context) error {
	s.script = filepath.Join(s.folder, "peers.py")
	if err := os.WriteFile(s.script, peers, 0o600); err != nil {
		return err
	}
	s.have = map[string]string{}
	if out, err := s.call(ctx, "have"); err == nil {
		for line := range strings.Lines(out) {
			if name, version, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
				s.have[name] = version
			}
		}
	}
	if len(s.have) == 0 {
		fmt.Fprintf(os.Stderr, "no peers: %s has none of torch and sklearn; measuring Espalier alone\n", s.python)
	}
	s.espalier = filepath.Join(s.folder, "espalier")
	build := exec.CommandContext(ctx, "go", "build", "-o", s.espalier, "espalier/cmd/espalier")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build espalier: %w", err)
	}
	return nil
}

// call runs peers.py and returns what it printed.
func (s *stage) call(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.python, append([]string{s.script}, args...)...)
	cmd.Env = append(os.Environ(), "FASHION_MNIST="+s.data)
	// Interrupted it ends its workers; killed it would leave them, and they hold the pipe that Output reads.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, exit.Stderr)
	}
	return string(out), err
}

// hold runs all sides in turn and gives a row for each of the others.
func (s *stage) hold(ctx context.Context, c contest, rounds int) ([]table.Row, error) {
	present := slices.DeleteFunc(slices.Clone(c.others), func(o side) bool { return o.library != "" && s.have[o.library] == "" })
	ours := make([]float64, rounds)
	theirs := make([][]float64, len(present))
	ratios := make([][]float64, len(present))
	for round := range rounds {
		var err error
		if ours[round], err = c.ours.run(ctx); err != nil {
			return nil, err
		}
		for i, o := range present {
			seconds, err := o.run(ctx)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", o.name, err)
			}
			theirs[i] = append(theirs[i], seconds)
			ratios[i] = append(ratios[i], seconds/ours[round])
		}
		fmt.Fprintf(os.Stderr, "%s: round %d of %d: %s", c.name, round+1, rounds, duration(ours[round]))
		for i, o := range present {
			fmt.Fprintf(os.Stderr, ", %s %s (%s)", o.name, duration(theirs[i][round]), times(ratios[i][round]))
		}
		fmt.Fprintln(os.Stderr)
	}
	work := c.name
	if c.ours.name != "" {
		work += ": " + c.ours.name
	}
	if len(present) == 0 {
		return []table.Row{{work, spread(ours, duration), "none here", "", ""}}, nil
	}
	var rows []table.Row
	for i, o := range present {
		name := o.name
		if o.library != "" {
			name += " " + s.have[o.library]
		}
		rows = append(rows, table.Row{work, spread(ours, duration), name, spread(theirs[i], duration), spread(ratios[i], times)})
	}
	return rows, nil
}

// spread prints the median of some figures, and behind it the least and the greatest.
func spread(v []float64, text func(float64) string) string {
	middle := text(median(v))
	if len(v) < 2 {
		return middle
	}
	return fmt.Sprintf("%s (%s – %s)", middle, text(slices.Min(v)), text(slices.Max(v)))
}

func times(ratio float64) string { return fmt.Sprintf("%.2f×", ratio) }

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// duration prints seconds in the unit that reads best.
func duration(seconds float64) string {
	switch {
	case seconds < 1e-3:
		return fmt.Sprintf("%.0f µs", seconds*1e6)
	case seconds < 1:
		return fmt.Sprintf("%.1f ms", seconds*1e3)
	}
	return fmt.Sprintf("%.2f s", seconds)
}
