package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"

	"espalier/grids"
)

// verdict is what run says of plan's forecast.
var verdict = regexp.MustCompile(`took (.+), plan said (.+?): (?:(\d+) % too (long|short)|right)`)

// forecasts plans and then runs shipped sweeps, and prints by how much each forecast
// was off. It needs the machine for itself, and hours for all sweeps in full; settings
// are --set of both.
func (s *stage) forecasts(ctx context.Context, sweeps, settings []string) error {
	results := table.NewWriter()
	results.AppendHeader(table.Row{"sweep", "forecast", "took", "error"})
	defer func() { printTable(os.Stdout, results) }()
	for _, name := range sweeps {
		if _, shipped := grids.Example(name); !shipped {
			return fmt.Errorf("forecast %q: no such shipped sweep; there are %v", name, grids.Shipped())
		}
		row, err := s.forecast(ctx, name, settings)
		if err != nil {
			return fmt.Errorf("forecast %s: %w", name, err)
		}
		results.AppendRow(row)
		fmt.Fprintln(os.Stderr, row...)
	}
	return nil
}

func (s *stage) forecast(ctx context.Context, name string, settings []string) (table.Row, error) {
	folder, err := os.MkdirTemp(s.folder, "forecast")
	if err != nil {
		return nil, err
	}
	args := []string{"--set", "data.source=" + strconv.Quote(s.data)}
	if name == "quickstart" || name == "iris" { // they bring their own data
		args = nil
	}
	for _, set := range settings {
		args = append(args, "--set", set)
	}
	call := func(args []string) (string, error) {
		cmd := exec.CommandContext(ctx, s.espalier, args...)
		cmd.Env = append(os.Environ(), "HOME="+folder, "XDG_CACHE_HOME="+folder) // plan leaves its forecast there
		var said bytes.Buffer
		cmd.Stderr = &said
		err := cmd.Run()
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, said.Bytes())
		}
		return said.String(), err
	}
	if _, err := call(append([]string{"plan", name}, args...)); err != nil {
		return nil, err
	}
	said, err := call(append([]string{"run", name, "--no-refit", "--store", filepath.Join(folder, "espalier.db")}, args...))
	if err != nil {
		return nil, err
	}
	found := verdict.FindStringSubmatch(said)
	if found == nil {
		return nil, fmt.Errorf("run said nothing of the forecast:\n%s", said)
	}
	off := "0 %"
	if found[3] != "" {
		off = map[string]string{"long": "+", "short": "−"}[found[4]] + found[3] + " %"
	}
	return table.Row{name, found[2], found[1], off}, nil
}
