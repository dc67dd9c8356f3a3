package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// arguments checks the number of a verb's arguments against its use line:
// "NAME" is required, "[NAME]" is not, "NAME…" may be repeated.
func arguments(cmd *cobra.Command, args []string) error {
	required, most := 0, 0
	var missing string
	for _, word := range strings.Fields(cmd.Use)[1:] {
		most++
		if !strings.HasPrefix(word, "[") {
			if required++; required == len(args)+1 {
				missing = strings.TrimSuffix(word, "…")
			}
		}
		if strings.HasSuffix(word, "…") {
			most = len(args)
		}
	}
	switch {
	case len(args) < required:
		return fmt.Errorf("%s: %s is missing", cmd.Name(), missing)
	case len(args) > most && most == 0:
		return fmt.Errorf("%s takes no arguments, have %q", cmd.Name(), args[0])
	case len(args) > most:
		return fmt.Errorf("%s: one argument too many: %q", cmd.Name(), args[most])
	}
	return nil
}

// flagFailure says what is wrong with a flag in our own words.
func flagFailure(cmd *cobra.Command, err error) error {
	verb := ""
	if cmd.HasParent() {
		verb = cmd.Name() + ": "
	}
	var invalid *pflag.InvalidValueError
	var unknown *pflag.NotExistError
	switch {
	case errors.As(err, &invalid):
		f := invalid.GetFlag()
		want := map[string]string{"int": "a whole number", "uint64": "a whole number", "float64": "a number",
			"duration": "a time such as 90s, 30m or 2h", "bool": "true or false"}[f.Value.Type()]
		return usage(fmt.Errorf("%s--%s %q: want %s", verb, f.Name, invalid.GetValue(), want))
	case errors.As(err, &unknown):
		name := unknown.GetSpecifiedName()
		var known []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
		err := fmt.Errorf("%sno flag %q", verb, strings.Repeat("-", 1+min(len(name)-1, 1))+name)
		if near := nearest(name, known); near != "" && len(name) > 1 {
			return usage(err, fmt.Sprintf("did you mean --%s?", near))
		}
		return usage(err, cmd.CommandPath()+" --help lists the flags")
	}
	return usage(fmt.Errorf("%s%w", verb, err))
}
