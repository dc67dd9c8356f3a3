package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"espalier/grids"
)

// initCommand is init. The file is opened so that it must be new: no question of
// overwriting arises, and two inits at once do not mix.
func (p *program) initCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init [FILE]",
		Short: "write a commented starter sweep file",
		Long: `Writes a sweep file to start from, with every section explained; FILE is sweep.toml unless given.
A file that is there already is never overwritten.`,
		Example: "  espalier init\n  espalier init shoes.toml && espalier plan shoes.toml",
		Args:    arguments,
		RunE: func(_ *cobra.Command, args []string) error {
			path := "sweep.toml"
			if len(args) == 1 {
				path = args[0]
			}
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
			if errors.Is(err, fs.ErrExist) {
				return hint(fmt.Errorf("write starter sweep %q: the file is there already", path), "give another name: espalier init FILE")
			}
			if err != nil {
				return fmt.Errorf("write starter sweep: %w", err)
			}
			if _, err = f.Write(grids.Starter()); err == nil {
				err = f.Close()
			}
			if err != nil {
				return fmt.Errorf("write starter sweep: %w", err)
			}
			p.say("wrote %s; now: espalier plan %s", printable(path), shellQuote(path))
			return nil
		},
	}
}
