package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// sizes are limits in steps of a page up to what is needed, few unless -long.
func sizes(first, last int) (all []int) {
	step := 4096
	if !*long {
		step = (last - first) / 3 / 4096 * 4096
	}
	for n := first; n < last; n += step {
		all = append(all, n)
	}
	return all
}

// TestFileSizeLimit runs under ulimit -f (RLIMIT_FSIZE), from nothing fits to all
// but the last page: no signal ends the process, and nothing is lost.
func TestFileSizeLimit(t *testing.T) {
	b, fresh := newFaultBed(t)
	info, err := os.Stat(filepath.Join(b.folder, "work", "s.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, limit := range sizes(4096, int(info.Size())) {
		b.reset(fresh)
		line := fmt.Sprintf("ulimit -f %d && exec espalier %s --log-file log.json", limit/512, strings.Join(fresh.args, " "))
		cmd, _, talk := b.command()
		cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", line}
		code := codeOf(t, cmd.Run())
		if code != exitFailed {
			t.Errorf("limit of %d bytes: exit %d\n%s", limit, code, talk)
		}
		t.Logf("limit of %d bytes: %s", limit, lastError(talk.String()))
		b.judge(fresh, fmt.Sprintf("limit of %d bytes", limit), code, talk.String(), syscall.EFBIG)
	}
}

// lastError is the last line of talk that is an error.
func lastError(talk string) string {
	_, line, _ := strings.Cut(talk[max(0, strings.LastIndex(talk, "espalier: ")):], "espalier: ")
	line, _, _ = strings.Cut(line, "\n")
	return line
}

// TestFullFileSystem runs in a tmpfs that is too small, in all sizes until it fits,
// and goes on where it was made larger. It needs leave to mount.
func TestFullFileSystem(t *testing.T) {
	b, fresh := newFaultBed(t)
	work := filepath.Join(b.folder, "work")
	mounted := func(size, flags int) error {
		return unix.Mount("tmpfs", work, "tmpfs", uintptr(flags), fmt.Sprintf("size=%d,mode=700", size))
	}
	for _, size := range sizes(4096, 100_000) {
		if err := errors.Join(os.RemoveAll(work), os.Mkdir(work, 0o700)); err != nil {
			t.Fatal(err)
		}
		if err := mounted(size, 0); err != nil {
			t.Skipf("a full file system cannot be made here: mount: %v", err)
		}
		func() {
			defer unix.Unmount(work, unix.MNT_DETACH)
			_ = os.Remove(filepath.Join(b.folder, "log.json"))
			cmd, _, talk := b.command(append(fresh.args, "--log-file", "log.json")...)
			code := codeOf(t, cmd.Run())
			t.Logf("%d bytes: exit %d: %s", size, code, lastError(talk.String()))
			if err := mounted(64<<20, unix.MS_REMOUNT); err != nil {
				t.Fatal(err)
			}
			b.judge(fresh, fmt.Sprintf("a disk of %d bytes", size), code, talk.String(), syscall.ENOSPC)
		}()
	}
}

// TestFolderGone takes the folder away from under a run: the run ends, and what it
// reported is in the folder, wherever that is now; there it goes on.
func TestFolderGone(t *testing.T) {
	b, fresh := newFaultBed(t)
	b.write("long.toml", []byte(strings.Replace(faultySweep, "60]", "1500]", 1)))
	work, away := filepath.Join(b.folder, "work"), filepath.Join(b.folder, "away")
	for _, row := range []struct {
		name string
		take func() error
	}{
		{"moved", func() error { return os.Rename(work, away) }},
		{"removed", func() error { return os.RemoveAll(work) }},
		{"the store alone removed", func() error { return os.Remove(filepath.Join(work, "s.db")) }},
		{"another store in its place", func() error {
			return os.WriteFile(filepath.Join(work, "new"), []byte("other"), 0o600)
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			b.t, b.bench.t = t, t
			b.reset(fresh)
			cmd, _, talk := b.start("run", "long.toml", "--workers", "1", "--store", "work/s.db", "--log-file", "log.json")
			for end := time.Now().Add(30 * time.Second); len(b.recorded()) == 0; time.Sleep(5 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("no outcome\n%s", talk)
				}
			}
			if err := row.take(); err != nil {
				t.Fatal(err)
			}
			if row.name == "another store in its place" {
				if err := os.Rename(filepath.Join(work, "new"), filepath.Join(work, "s.db")); err != nil {
					t.Fatal(err)
				}
			}
			if code := codeOf(t, cmd.Wait()); code != exitFailed || strings.Contains(talk.String(), "goroutine ") {
				t.Errorf("exit %d\n%s", code, talk)
			}
			t.Log(lastError(talk.String()))
			if row.name == "moved" {
				if err := errors.Join(os.RemoveAll(work), os.Rename(away, work)); err != nil {
					t.Fatal(err)
				}
				b.judge(fresh, row.name, exitDone, "", 0)
			}
		})
	}
}

// TestReadOnlyFolder has somebody read a store who may not write where it lies:
// every verb that reads answers, and every verb that writes says why it cannot.
func TestReadOnlyFolder(t *testing.T) {
	b, _ := newFaultBed(t)
	// A folder that others can reach, with the program in it.
	folder, err := os.MkdirTemp("", "espalier-read-only-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = os.Chmod(filepath.Join(folder, "work"), 0o700)
		_ = os.RemoveAll(folder)
	})
	program, err := os.ReadFile(must(os.Executable()))
	if err != nil {
		t.Fatal(err)
	}
	work := filepath.Join(folder, "work")
	for _, err := range []error{
		os.Chmod(folder, 0o755), os.Mkdir(work, 0o755),
		os.WriteFile(filepath.Join(folder, "espalier"), program, 0o755),
		os.WriteFile(filepath.Join(folder, "iris.csv"), b.read("iris.csv"), 0o644),
		os.WriteFile(filepath.Join(folder, "sweep.toml"), b.read("sweep.toml"), 0o644),
		os.WriteFile(filepath.Join(work, "s.db"), b.read("work/s.db"), 0o444),
		os.Chmod(work, 0o555),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	do := func(args ...string) (int, string, string) {
		cmd := exec.Command(filepath.Join(folder, "espalier"), append(args, "--store", "work/s.db")...)
		cmd.Dir = folder
		cmd.Env = append(os.Environ(), "HOME="+folder, "XDG_CACHE_HOME="+folder, "XDG_RUNTIME_DIR="+folder)
		if os.Geteuid() == 0 {
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
		var out, talk bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &talk
		return codeOf(t, cmd.Run()), out.String(), talk.String()
	}
	code, board, talk := do("leaderboard", "--format", "json")
	if code != 0 || board != b.board {
		t.Fatalf("leaderboard: exit %d\n%s%s", code, board, talk)
	}
	trial, _, _ := strings.Cut(board[strings.Index(board, `"trial":"`)+9:], `"`)
	for _, row := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"ls"}, 0, ""},
		{[]string{"status"}, 0, ""},
		{[]string{"show", trial}, 0, ""},
		{[]string{"why", trial}, 0, ""},
		{[]string{"check"}, 0, ""},
		{[]string{"check", "--salvage", "work/new.db"}, 1, "permission denied"},
		{[]string{"run", "sweep.toml", "--no-refit"}, 1, "permission denied"},
		{[]string{"run", "sweep.toml"}, 1, `cannot write in folder "work": permission denied`},
		{[]string{"resume", "--no-refit"}, 1, "permission denied"},
		{[]string{"retry"}, 1, "permission denied"},
		{[]string{"rm", "faulty", "--yes"}, 1, "permission denied"},
		{[]string{"compact"}, 1, "permission denied"},
	} {
		code, out, talk := do(row.args...)
		if code != row.code || !strings.Contains(talk, row.says) || strings.Contains(talk, "goroutine ") {
			t.Errorf("%s: exit %d, want %d and %q\n%s%s", strings.Join(row.args, " "), code, row.code, row.says, out, talk)
		} else if code != 0 {
			t.Logf("%s: %s", strings.Join(row.args, " "), lastError(talk))
		}
	}
	// And where there is no store yet.
	code, _, talk = do("run", "sweep.toml", "--no-refit", "--store", "work/other.db")
	if code != exitFailed || !strings.Contains(talk, "permission denied") {
		t.Errorf("a new store: exit %d\n%s", code, talk)
	}
}

func must(path string, err error) string {
	if err != nil {
		panic(err)
	}
	return path
}
