package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"espalier/trainer"
)

// program is one invocation: its streams and the flags that every verb has.
type program struct {
	args     []string
	in       io.Reader
	out, err io.Writer

	store          string
	quiet, verbose bool
	logPath        string

	pauses   *pauses // nil but under the kill test
	log      zerolog.Logger
	logFile  *os.File
	trains   atomic.Bool // the verb trains: interrupted, it can go on
	graceful atomic.Bool // it has begun to, and ends by itself after a signal
}

// execute parses the arguments and does the verb.
func (p *program) execute(args []string) error {
	root := p.root()
	p.args = args
	root.SetArgs(args)
	root.SetIn(p.in)
	help := &tracked{Writer: p.out}
	root.SetOut(help)
	root.SetErr(p.err)
	ctx, stop := p.signals(context.Background())
	defer stop()
	cmd, err := root.ExecuteContextC(ctx)
	if help.err != nil {
		return help.err
	}
	if err == nil {
		return nil
	}
	return p.explain(ctx, cmd, err)
}

// tracked keeps the first error of a writer: cobra does not look whether its help was written.
type tracked struct {
	io.Writer
	err error
}

func (w *tracked) Write(b []byte) (int, error) {
	n, err := w.Writer.Write(b)
	if w.err == nil {
		w.err = err
	}
	return n, err
}

// explain gives an error of the command line itself its exit code and a hint.
// Such an error comes before any verb has started.
func (p *program) explain(ctx context.Context, cmd *cobra.Command, err error) error {
	var known *failure
	if i := interruptionOf(ctx); i != nil {
		if errors.As(err, &known) && len(known.hints) > 0 {
			return err
		}
		return &failure{err: i, code: i.code(), hints: []string{"go on with: " + p.again()}}
	}
	if !p.started(cmd) && !errors.As(err, &known) {
		if !cmd.HasParent() {
			return usage(err, "espalier --help lists the verbs")
		}
		return usage(err, "use: "+cmd.UseLine(), cmd.CommandPath()+" --help shows examples")
	}
	return err
}

// again is the command line that was given.
func (p *program) again() string {
	words := []string{"espalier"}
	for _, a := range p.args {
		words = append(words, shellQuote(a))
	}
	return strings.Join(words, " ")
}

// started tells whether the verb's own code ran.
func (p *program) started(cmd *cobra.Command) bool {
	return cmd.Annotations[startedKey] != ""
}

const startedKey = "started"

// root is the command tree.
func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "espalier VERB",
		Short: "train models on a grid and keep the best",
		Long: `Espalier trains models on a grid and keeps the best: it reads a sweep file (TOML), cross-validates
every point of its grid in parallel, records each result as it comes, and trains the winner on all rows.
A run can be stopped or killed at any moment; the same command again does what is missing and repeats nothing.`,
		Example: `  espalier run                      a first sweep on embedded images, in under a minute
  espalier leaderboard              its ranking
  espalier init mine.toml           a commented sweep file to start from
  espalier plan mine.toml           what it would train, and for how long
  espalier run mine.toml            train; Ctrl-C stops, the same command goes on`,
		SilenceErrors:              true,
		SilenceUsage:               true,
		SuggestionsMinimumDistance: 2,
		DisableFlagsInUseLine:      true,
		Args:                       cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return p.unknownVerb(cmd, args[0])
		},
		PersistentPreRunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Annotations == nil {
				cmd.Annotations = map[string]string{}
			}
			cmd.Annotations[startedKey] = "yes"
			if err := p.openLog(); err != nil {
				return err
			}
			p.warnOfEnvironment(cmd)
			return nil
		},
	}
	flags := root.PersistentFlags()
	flags.StringVar(&p.store, "store", "", "the store `FILE` (default $ESPALIER_STORE, else espalier.db)")
	flags.BoolVarP(&p.quiet, "quiet", "q", false, "print results only")
	flags.BoolVarP(&p.verbose, "verbose", "v", false, "log what happens to stderr")
	flags.StringVar(&p.logPath, "log-file", "", "append a log in JSON to `FILE`")
	root.AddGroup(
		&cobra.Group{ID: "train", Title: "Train:"},
		&cobra.Group{ID: "read", Title: "Look:"},
		&cobra.Group{ID: "model", Title: "Use a model:"},
		&cobra.Group{ID: "data", Title: "Data and files:"},
		&cobra.Group{ID: "store", Title: "The store:"},
	)
	group := func(id string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = id
			root.AddCommand(c)
		}
	}
	group("train", p.initCommand(), p.planCommand(), p.runCommand(), p.resumeCommand(), p.retryCommand(), p.refitCommand())
	group("read", p.lsCommand(), p.statusCommand(), p.leaderboardCommand(), p.showCommand(), p.whyCommand(), p.verifyCommand(), p.reportCommand(), p.serveCommand())
	group("model", p.evaluateCommand(), p.predictCommand(), p.summaryCommand(), p.exportCommand())
	group("data", p.dataCommand(), p.foldsCommand())
	group("store", p.checkCommand(), p.rmCommand(), p.compactCommand())
	root.AddCommand(p.manCommand(), p.versionCommand())
	root.SetHelpCommand(&cobra.Command{Use: "help [VERB]", Short: "help about a verb", Hidden: true, RunE: func(_ *cobra.Command, args []string) error {
		cmd, rest, err := root.Find(args)
		if err != nil || len(rest) > 0 && cmd == root {
			return p.unknownVerb(root, strings.Join(args, " "))
		}
		return cmd.Help()
	}})
	cobra.EnableCommandSorting = false // verbs stand in the order one meets them
	root.SetUsageTemplate(usageTemplate)
	root.SetFlagErrorFunc(flagFailure)
	fillLong(root)
	root.Version = versionText()
	root.SetVersionTemplate("{{.Version}}")
	root.InitDefaultCompletionCmd()
	if completion, _, err := root.Find([]string{"completion"}); err == nil {
		completion.Short = "complete verbs, sweeps, trials and columns in bash, zsh or fish"
		var shells []string
		for _, shell := range completion.Commands() {
			shell.Short = "the script for " + shell.Name()
			shells = append(shells, shell.Name())
		}
		completion.Args = cobra.ArbitraryArgs
		completion.RunE = func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return usage(fmt.Errorf("completion %q: no such shell", args[0]), "one of: "+strings.Join(shells, " "))
		}
	}
	return root
}

// unknownVerb names the nearest verbs.
func (p *program) unknownVerb(root *cobra.Command, name string) error {
	err := fmt.Errorf("no verb %q", name)
	if near := root.SuggestionsFor(name); len(near) > 0 {
		return usage(err, fmt.Sprintf("did you mean %q?", near[0]))
	}
	return usage(err, "espalier --help lists the verbs")
}

// storePath is where the store lies.
func (p *program) storePath() string {
	return cmp.Or(p.store, os.Getenv("ESPALIER_STORE"), "espalier.db")
}

// say prints a line of talk, unless -q.
func (p *program) say(format string, args ...any) {
	if !p.quiet {
		fmt.Fprintln(p.err, talk(p.err, fmt.Sprintf(format, args...)))
	}
}

// warn prints a warning, also under -q.
func (p *program) warn(message string) {
	fmt.Fprintln(p.err, talk(p.err, "espalier: warning: "+printable(message)))
	p.log.Warn().Msg(message)
}

// warnOfEnvironment says where the environment asks for kernels that there are not: those that
// are taken instead may give other numbers. Completion has nobody to read it.
func (p *program) warnOfEnvironment(cmd *cobra.Command) {
	err := trainer.Environment()
	if err == nil || cmd.Name() == cobra.ShellCompRequestCmd || cmd.Name() == cobra.ShellCompNoDescRequestCmd {
		return
	}
	for line := range strings.Lines(err.Error()) {
		p.warn(fmt.Sprintf("%s; kernel path %s is used", strings.TrimSpace(line), trainer.Kernel()))
	}
}

// warnOfProcessor says before training that this processor has none of the fast kernels.
func (p *program) warnOfProcessor() {
	if trainer.Plain() {
		p.warn("this processor has neither AVX2 with FMA nor Advanced SIMD: training takes the plain kernels, which are many times slower")
	}
}

// openLog makes the logger: console lines on stderr under -v, JSON to --log-file.
func (p *program) openLog() error {
	var writers []io.Writer
	if p.verbose {
		writers = append(writers, zerolog.ConsoleWriter{Out: p.err, TimeFormat: "15:04:05", NoColor: !colourful(p.err)})
	}
	if p.logPath != "" {
		f, err := os.OpenFile(p.logPath, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("open log: %w", err)
		}
		p.logFile = f
		writers = append(writers, f)
	}
	p.log = zerolog.Nop()
	if len(writers) > 0 {
		stamp := zerolog.HookFunc(func(e *zerolog.Event, _ zerolog.Level, _ string) {
			e.Str(zerolog.TimestampFieldName, time.Now().UTC().Format("2006-01-02T15:04:05.000Z"))
		})
		p.log = zerolog.New(zerolog.MultiLevelWriter(writers...)).Hook(stamp)
	}
	return nil
}

func (p *program) close() {
	if p.logFile != nil {
		p.logFile.Close()
	}
}

// programVersion is what the build says of itself: a tag, a commit, or "devel".
func programVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}
