package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"espalier/store"
)

// checkCommand is check. It looks at the file itself, page by page, and so needs
// it for itself: a store in use is an error that names the runner.
func (p *program) checkCommand() *cobra.Command {
	var salvage string
	cmd := &cobra.Command{
		Use:   "check",
		Short: "verify the store; --salvage copies what is readable",
		Long: `Reads every page, record and checksum of the store and changes nothing. Exit code 1 if anything is wrong.
With --salvage NEW what is readable is copied into a new store.`,
		Example: "  espalier check\n  espalier check --salvage rescued.db",
		Args:    arguments,
		RunE: func(*cobra.Command, []string) error {
			if salvage != "" {
				r, err := store.Salvage(p.storePath(), salvage)
				if err != nil {
					return p.storeFailure(err)
				}
				if err := writeReport(p.out, r); err != nil {
					return err
				}
				if len(r.Sweeps) == 0 && len(r.Problems) > 0 {
					return fmt.Errorf("salvage store %q: no sweep was readable; %q is empty", p.storePath(), salvage)
				}
				p.say("what was readable is in %s", printable(salvage))
				return nil
			}
			r, err := store.Check(p.storePath())
			if err != nil {
				return p.storeFailure(err)
			}
			if err := writeReport(p.out, r); err != nil {
				return err
			}
			if n := len(r.Problems); n > 0 {
				return hint(errors.New("check store: "+plural(n, "problem")), p.commandPrefix()+" check --salvage NEW copies what is readable")
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&salvage, "salvage", "", "copy what is readable into the new store `NEW`")
	return cmd
}

// writeReport prints what a check found.
func writeReport(w io.Writer, r store.Report) error {
	fmt.Fprintf(w, "%s: format %d, %s", printable(r.Path), r.Format, bytesText(r.Size))
	if r.Free > 0 {
		fmt.Fprintf(w, ", %s of them free", bytesText(r.Free))
	}
	fmt.Fprintln(w)
	if len(r.Sweeps) > 0 {
		t := newSheet("sweep", "id", "outcomes", "histories", "failures", "retractions", "refits", "tests", "runs").alignLeft(0, 1)
		for _, s := range r.Sweeps {
			name := printable(s.Name)
			if !s.Current {
				name += " (replaced)"
			}
			t.add(name, s.ID.String()[:12], strconv.Itoa(s.Outcomes), strconv.Itoa(s.Histories), strconv.Itoa(s.Failures),
				strconv.Itoa(s.Retractions), strconv.Itoa(s.Refits), strconv.Itoa(s.Tests), strconv.Itoa(s.Runs))
		}
		if err := t.write(w, "", 0); err != nil {
			return err
		}
	}
	for _, problem := range r.Problems {
		fmt.Fprintf(w, "problem: %s\n", printable(problem))
	}
	if len(r.Problems) == 0 {
		fmt.Fprintln(w, "no problems")
	}
	return nil
}
