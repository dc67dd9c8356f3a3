package main

import (
	"bufio"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// rmCommand is rm. It asks on the terminal and takes anything but yes, also an
// empty input, for no.
func (p *program) rmCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:               "rm SWEEP",
		Short:             "remove a sweep and all its results",
		Example:           "  espalier rm fashion-mlp\n  espalier rm 3f2a91 --yes && espalier compact",
		Args:              arguments,
		ValidArgsFunction: p.completeSweeps,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			st, err := p.openExisting()
			if err != nil {
				return err
			}
			defer st.Close()
			e, err := p.findSweep(ctx, st, args)
			if err != nil {
				return err
			}
			n := 0
			for f, err := range st.Facts(ctx, e.ID) {
				if err != nil {
					return err
				}
				if f.Outcome != nil {
					n++
				}
			}
			if !yes {
				fmt.Fprintf(p.err, "remove sweep %s (%.12s) and its %s? [y/N] ", printable(e.Name), e.ID, plural(n, "outcome"))
				answer, err := bufio.NewReader(p.in).ReadString('\n')
				answer = strings.ToLower(strings.TrimSpace(answer))
				if answer != "y" && answer != "yes" {
					if err != nil {
						fmt.Fprintln(p.err)
					}
					return hint(errors.New("nothing was removed"), "--yes removes without asking")
				}
			}
			if err := st.RemoveSweep(ctx, e.ID); err != nil {
				return err
			}
			p.say("removed %s; %s compact gives the space back", printable(e.Name), p.commandPrefix())
			return nil
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}
