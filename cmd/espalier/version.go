package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"espalier/trainer"
)

// versionCommand is version. Revision and kernel are what numbers depend on
// beside the sweep: two programs that agree in them agree bit for bit.
func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "print version, trainer revision and kernel path",
		Example: "  espalier version",
		Args:    arguments,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprint(p.out, versionText())
			return err
		},
	}
}

// versionText is what version and --version print.
func versionText() string {
	return fmt.Sprintf("espalier %s\ntrainer revision %s, kernel %s\n%s %s/%s\n",
		programVersion(), trainer.Revision(), trainer.Kernel(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
