package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"espalier/store"
)

// manCommand is man: a manual page a verb, from the texts that --help shows, so that
// packages can install them.
func (p *program) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "write the manual pages",
		Long: `Writes a manual page for espalier and one for each verb into a folder, made where there is none. Where man looks
for them: /usr/local/share/man/man1, or ~/.local/share/man/man1 for oneself alone.`,
		Example: "  espalier man ~/.local/share/man/man1\n  man espalier-run",
		Args:    arguments,
		RunE: func(cmd *cobra.Command, args []string) error {
			folder := args[0]
			if err := os.MkdirAll(folder, 0o755); err != nil {
				return usagef("write manual pages into %q: %w", folder, pathless(err))
			}
			n, err := writePages(cmd.Root(), folder)
			if err != nil {
				return fmt.Errorf("write manual pages into %q: %w", folder, err)
			}
			p.say("%s in %s", plural(n, "manual page"), printable(folder))
			return nil
		},
	}
}

// writePages writes the page of a command and of all under it, and counts them.
func writePages(cmd *cobra.Command, folder string) (n int, err error) {
	for _, c := range cmd.Commands() {
		if !c.IsAvailableCommand() {
			continue
		}
		more, err := writePages(c, folder)
		if err != nil {
			return n, err
		}
		n += more
	}
	cmd.DisableAutoGenTag = true // no name and date of the generator
	var page bytes.Buffer
	header := doc.GenManHeader{Section: "1", Source: "Espalier " + programVersion(), Manual: "Espalier Manual"}
	if err := doc.GenMan(cmd, &header, &page); err != nil {
		return n, err
	}
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-") + ".1"
	return n + 1, store.WriteFileAtomic(filepath.Join(folder, name), roffASCII(page.String()))
}

// roffASCII spells other letters as roff does: not every reader of pages knows UTF-8.
func roffASCII(page string) []byte {
	var out bytes.Buffer
	for _, r := range page {
		if r < 0x80 {
			out.WriteRune(r)
			continue
		}
		fmt.Fprintf(&out, `\[u%04X]`, r)
	}
	return out.Bytes()
}
