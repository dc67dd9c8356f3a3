package main

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"espalier/grids"
	"espalier/store/storetest"
)

var (
	long   = flag.Bool("long", false, "more kills, and the shipped sweeps at a larger size")
	update = flag.Bool("update", false, "rewrite the expectations of the text scripts")
	seed   = flag.Uint64("seed", 1, "of random damage")
)

// statusEnv names the file into which an espalier of the tests writes its /proc/self/status when it ends.
const statusEnv = "ESPALIER_TEST_STATUS"

// TestMain makes the test binary answer as espalier where a script calls it, so
// that scripts run real processes: signals, locks and exit codes are real.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"espalier": func() {
			if err := storetest.Join(); err != nil { // a test decides on its system calls
				os.Exit(99)
			}
			code := run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
			if path := os.Getenv(statusEnv); path != "" { // a test asks what the process held
				status, err := os.ReadFile("/proc/self/status")
				if err != nil || os.WriteFile(path, status, 0o600) != nil {
					os.Exit(99)
				}
			}
			os.Exit(code)
		},
	})
}

// TestScripts runs testdata/script: what each verb prints, and how it exits.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"code":      expectCode,
			"truncated": damagedCopy(func(data []byte) []byte { return data[:len(data)*2/3] }),
			"altered": damagedCopy(func(data []byte) []byte {
				data[len(data)/2] ^= 1
				return data
			}),
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, ".cache"))
			env.Setenv("XDG_RUNTIME_DIR", env.WorkDir)
			env.Setenv("NO_COLOR", "1")
			env.Setenv("GORACE", os.Getenv("GORACE"))
			data, _ := grids.Material("iris.csv")
			if err := os.WriteFile(filepath.Join(env.WorkDir, "iris.csv"), data, 0o644); err != nil {
				return err
			}
			return writePictures(env.WorkDir)
		},
	})
}

// expectCode is "code N COMMAND…": the command must exit with exactly N.
func expectCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N COMMAND ARGS…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	have := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		have = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if have != want {
		ts.Fatalf("exit code %d, want %d", have, want)
	}
}

// damagedCopy makes a command "NAME FROM TO" that copies a file with damage.
func damagedCopy(damage func([]byte) []byte) func(ts *testscript.TestScript, neg bool, args []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 2 {
			ts.Fatalf("usage: COMMAND FROM TO")
		}
		data, err := os.ReadFile(ts.MkAbs(args[0]))
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), damage(data), 0o644))
	}
}
