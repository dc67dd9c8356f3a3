package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"espalier/store"
)

// compactCommand is compact. bbolt files never shrink by themselves; the new file
// takes the old one's place in one step, so a kill leaves one of the two.
func (p *program) compactCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "compact",
		Short:   "rewrite the store without dead space",
		Example: "  espalier rm old-sweep --yes && espalier compact",
		Args:    arguments,
		RunE: func(*cobra.Command, []string) error {
			before, after, err := store.Compact(p.storePath(), store.Options{Version: programVersion(), Notice: p.notice})
			if err != nil {
				return p.storeFailure(err)
			}
			_, err = fmt.Fprintf(p.out, "%s: %s before, %s now\n", printable(p.storePath()), bytesText(before), bytesText(after))
			return err
		},
	}
}
