package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// damages are kinds of damage to a store's bytes; few of each unless -long.
func damages(data []byte, r *rand.Rand) map[string][]byte {
	const page = 4096
	all := map[string][]byte{
		"empty": {}, "one byte": data[:1], "a page": data[:page], "half": data[:len(data)/2], "without its last page": data[:len(data)-page],
		"another file": []byte("name = \"sweep\"\n" + strings.Repeat("# not a store\n", 1000)), "zeros": make([]byte, len(data)),
		"twice as long": append(bytes.Clone(data), data...),
	}
	zero := func(name string, pages ...int) {
		bad := bytes.Clone(data)
		for _, p := range pages {
			clear(bad[p*page : (p+1)*page])
		}
		all[name] = bad
	}
	zero("no first page", 0)
	zero("no first two pages", 0, 1)
	flips, zeros, cuts := 2, 1, 1
	if *long {
		flips, zeros, cuts = 60, len(data)/page, 10
	}
	for range zeros {
		id := r.IntN(len(data) / page)
		zero(fmt.Sprintf("zeros in page %d", id), id)
	}
	for range cuts {
		at := r.IntN(len(data))
		all[fmt.Sprintf("cut at %d", at)] = data[:at]
	}
	for range flips {
		bad := bytes.Clone(data)
		at := r.IntN(len(data))
		bad[at] ^= 1 << r.IntN(8)
		all[fmt.Sprintf("a flipped bit at %d", at)] = bad
	}
	return all
}

// TestDamagedStores gives every verb every kind of damage. None panics or hangs;
// what reads tells the truth or fails, and what was salvaged and run again gives
// the board and the model of an undisturbed run.
func TestDamagedStores(t *testing.T) {
	b, fresh := newFaultBed(t)
	_ = fresh
	data := b.read("work/s.db")
	trial := regexp.MustCompile(`"trial":"([0-9a-f]+)"`).FindStringSubmatch(b.board)[1]
	t.Logf("-seed %d", *seed)
	verbs := []struct {
		args  []string
		board bool // prints the whole board
	}{
		{args: []string{"leaderboard", "--format", "json"}, board: true},
		{args: []string{"status"}}, {args: []string{"ls"}}, {args: []string{"show", trial}}, {args: []string{"why", trial}},
		{args: []string{"check"}}, {args: []string{"check", "--salvage", "work/new.db"}},
		{args: []string{"retry"}}, {args: []string{"resume"}}, {args: []string{"run", "sweep.toml"}},
		{args: []string{"compact"}}, {args: []string{"rm", "faulty", "--yes"}},
	}
	exits := map[string]map[int]int{}
	for name, bad := range damages(data, rand.New(rand.NewPCG(*seed, 0))) {
		for _, v := range verbs {
			if err := os.RemoveAll(filepath.Join(b.folder, "work")); err != nil {
				t.Fatal(err)
			}
			b.write("work/s.db", bad)
			code, out, talk := b.timed(append(v.args, "--store", "work/s.db")...)
			what := name + ": " + strings.Join(v.args, " ")
			if exits[v.args[0]] == nil {
				exits[v.args[0]] = map[int]int{}
			}
			exits[v.args[0]][code]++
			switch {
			case strings.Contains(talk, "goroutine ") || strings.Contains(talk, "panic:"):
				t.Errorf("%s: a panic\n%s", what, talk)
			case code != 0 && code != 1:
				t.Errorf("%s: exit %d\n%s%s", what, code, out, talk)
			case code == 1 && !strings.Contains(talk, "espalier: "):
				t.Errorf("%s: exit 1 without a word", what)
			case code == 0 && v.board && out != b.board:
				t.Errorf("%s: another board\n%s", what, out)
			}
			if after := b.read("work/s.db"); !bytes.Equal(after, bad) && code != 0 && v.args[0] != "run" && v.args[0] != "resume" {
				t.Errorf("%s: failed and changed the store", what)
			}
			switch v.args[0] {
			case "check":
				if code == 0 && len(v.args) == 1 {
					if board, _ := b.run(0, "leaderboard", "--format", "json", "--store", "work/s.db"); board != b.board {
						t.Errorf("%s: finds nothing, and the board is another\n%s", what, board)
					}
				}
				if _, err := os.Stat(filepath.Join(b.folder, "work/new.db")); err == nil {
					b.finishes("work/new.db", what)
				}
			case "run", "resume":
				if code == 0 {
					b.finishes("work/s.db", what)
				}
			}
		}
		if t.Failed() {
			t.Fatalf("-seed %d", *seed)
		}
	}
	t.Logf("exits %v", exits)
}

// timed runs a command that must end within a time, well or not.
func (b *faultBed) timed(args ...string) (code int, out, talk string) {
	b.t.Helper()
	cmd, o, e := b.command(args...)
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	hung := time.AfterFunc(30*time.Second, func() { cmd.Process.Kill() })
	err := cmd.Wait()
	if !hung.Stop() {
		b.t.Errorf("espalier %s hangs", strings.Join(args, " "))
	}
	return codeOf(b.t, err), o.String(), e.String()
}

// finishes runs the sweep in a store to its end: the board and the model are those
// of an undisturbed run.
func (b *faultBed) finishes(path, what string) {
	b.t.Helper()
	_ = os.Remove(filepath.Join(b.folder, "work", "faulty.espalier"))
	b.run(0, "run", "sweep.toml", "--workers", "1", "--store", path)
	if board := b.bench.board("--store", path); board != b.board {
		b.t.Errorf("%s: then run: another board\n%s", what, board)
	}
	if !bytes.Equal(b.read("work/faulty.espalier"), b.model) {
		b.t.Errorf("%s: then run: another model", what)
	}
}
