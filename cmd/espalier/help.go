package main

import (
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// helpWidth is the width of help: that of the narrowest terminal in common use.
const helpWidth = 80

// fillLong breaks the lines of every verb's description anew, at words.
func fillLong(cmd *cobra.Command) {
	cmd.Long = fill(helpWidth, cmd.Long)
	for _, c := range cmd.Commands() {
		if c.Name() != "completion" { // cobra's own, with scripts in it
			fillLong(c)
		}
	}
}

// fill puts as many words on each line as the width takes.
func fill(width int, words string) string {
	var b strings.Builder
	at := 0
	for i, word := range strings.Fields(words) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case at+1+n > width:
			b.WriteByte('\n')
			at = 0
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += n
	}
	return b.String()
}

// usageTemplate is how help is laid out: cobra's, without its repetitions.
const usageTemplate = `Usage:
  {{.UseLine}}
{{- if .HasExample}}

Examples:
{{.Example}}
{{- end}}
{{- if .HasAvailableSubCommands}}{{$verbs := .Commands}}
{{- range $group := .Groups}}

{{.Title}}
{{- range $verbs}}{{if (and (eq .GroupID $group.ID) .IsAvailableCommand)}}
  {{rpad .Name .NamePadding}} {{.Short}}
{{- end}}{{end}}
{{- end}}
{{- if .HasParent}}

Verbs:
{{- else}}

More:
{{- end}}
{{- range $verbs}}{{if (and (eq .GroupID "") .IsAvailableCommand)}}
  {{rpad .Name .NamePadding}} {{.Short}}
{{- end}}{{end}}
{{- end}}
{{- if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsagesWrapped 80 | trimTrailingWhitespaces}}
{{- end}}
{{- if .HasAvailableInheritedFlags}}

Flags of every verb:
{{.InheritedFlags.FlagUsagesWrapped 80 | trimTrailingWhitespaces}}
{{- end}}
{{- if .HasAvailableSubCommands}}

{{.CommandPath}} VERB --help tells more about a verb.
{{- end}}
`
