package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Every verb has a page with its flags that roff reads without a complaint.
func TestManPages(t *testing.T) {
	folder := t.TempDir()
	root := (&program{}).root()
	n, err := writePages(root, folder)
	if err != nil {
		t.Fatal(err)
	}
	odd := regexp.MustCompile(`[^\x09\x0a\x20-\x7e]`)
	var look func(cmd *cobra.Command)
	look = func(cmd *cobra.Command) {
		n--
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
		data, err := os.ReadFile(filepath.Join(folder, name+".1"))
		if err != nil {
			t.Error(err)
			return
		}
		page := string(data)
		for _, part := range []string{`.TH "` + strings.ToUpper(name) + `" "1"`, ".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION"} {
			if !strings.Contains(page, part) {
				t.Errorf("%s: no %q", name, part)
			}
		}
		if at := odd.FindString(page); at != "" {
			t.Errorf("%s: %q is no ASCII", name, at)
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden && !strings.Contains(page, "--"+f.Name) {
				t.Errorf("%s: --%s is missing", name, f.Name)
			}
		})
		if groff, err := exec.LookPath("groff"); err == nil {
			if out, err := exec.Command(groff, "-man", "-ww", "-z", filepath.Join(folder, name+".1")).CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%s: %v: %s", name, err, out)
			}
		}
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() {
				look(c)
			}
		}
	}
	look(root)
	if n != 0 {
		t.Errorf("%d pages too many", n)
	}
}
