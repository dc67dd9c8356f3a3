package store

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"espalier/grids"
	"espalier/search"
)

// The test binary is also the runner that gets killed: TestMain sees this.
const childStore = "ESPALIER_STORE_TEST_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childStore); path != "" {
		recordUntilKilled(path)
	}
	os.Exit(m.Run())
}

// recordUntilKilled records outcomes as fast as it can and says on stdout which
// are recorded. It ends by SIGKILL alone.
func recordUntilKilled(path string) {
	fail := func(err error) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	s, err := Open(path, Options{})
	if err != nil {
		fail(err)
	}
	if err := s.Serve(func() any { return "busy" }); err != nil {
		fail(err)
	}
	list, err := s.Sweeps(context.Background())
	if err != nil || len(list) != 1 {
		fail(fmt.Errorf("%d sweeps, error %v", len(list), err))
	}
	done, err := allFacts(context.Background(), s, list[0].ID)
	if err != nil {
		fail(err)
	}
	r := rand.New(rand.NewPCG(uint64(os.Getpid()), 1))
	for n := len(done); ; {
		group := make([]search.Fact, 1+r.IntN(5))
		for i := range group {
			group[i].Outcome = randomOutcome(r, grids.Key{byte(n >> 8), byte(n)}, 0, 2)
			n++
		}
		if err := s.Record(context.Background(), list[0].ID, group...); err != nil {
			fail(err)
		}
		if r.IntN(4) == 0 {
			if err := s.Checkpoints().Save(list[0].ID, "job", bytes.Repeat([]byte{byte(n)}, 50_000)); err != nil {
				fail(err)
			}
		}
		fmt.Println(n)
	}
}

// startChild starts a runner in a process of its own and gives the number of
// outcomes it last reported, with the line after which it is known to run.
func startChild(t *testing.T, path string) (kill func() (reported int)) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childStore+"="+path)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	first, last := make(chan struct{}), make(chan int)
	go func() {
		n, started := 0, false
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if v, err := strconv.Atoi(lines.Text()); err == nil { // a line cut by the kill may be any prefix: the newline says it is whole
				n = v
			}
			if !started {
				started = true
				close(first)
			}
		}
		if !started {
			close(first)
		}
		last <- n
	}()
	<-first
	return func() int {
		child.Process.Kill()
		n := <-last
		child.Wait()
		return n
	}
}

// TestKilled kills a runner that records, again and again. What it reported is
// there, the store is sound, and the next runner starts at once.
func TestKilled(t *testing.T) {
	r := random(t)
	path := temp(t)
	s, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	sweep := smallSweep(t, 1)
	if err := s.Enroll(t.Context(), sweep, false); err != nil {
		t.Fatal(err)
	}
	s.Close()
	kills := 5
	if *long {
		kills = 200
	}
	for range kills {
		kill := startChild(t, path)
		time.Sleep(time.Duration(r.IntN(60)) * time.Millisecond)
		reported := kill()
		reader, err := OpenReader(path) // a stale socket lies there now
		if err != nil {
			t.Fatal(err)
		}
		facts := mustFacts(t, reader, sweep.ID)
		if len(facts) < reported {
			t.Fatalf("%d outcomes reported as recorded, %d are there", reported, len(facts))
		}
		for i, f := range facts {
			if f.Outcome.Trial != (grids.Key{byte(i >> 8), byte(i)}) {
				t.Fatalf("outcome %d is another's", i)
			}
		}
		if _, err := reader.Status(t.Context()); !errors.Is(err, ErrNoRunner) {
			t.Errorf("status of a killed runner: %v", err)
		}
		mustCheck(t, path)
	}
	s = mustOpen(t, path, Options{})
	if state, err := s.Checkpoints().Load(sweep.ID, "job"); err != nil || len(state) != 0 && len(state) != 50_000 {
		t.Errorf("checkpoint of %d bytes, error %v", len(state), err)
	}
	left, _ := filepath.Glob(filepath.Join(path+".d", "*", "*"+tempSuffix+"*"))
	if len(left) > 0 {
		t.Errorf("left by the killed: %v", left)
	}
}

func TestTwoRunners(t *testing.T) {
	path := temp(t)
	kill := startChildWithSweep(t, path)
	defer kill()
	start := time.Now()
	_, err := Open(path, Options{})
	var held *HeldError
	if !errors.As(err, &held) || held.PID == 0 || held.PID == os.Getpid() || time.Since(held.Since) > time.Minute || held.Path != path {
		t.Fatalf("the second runner: %v", err)
	}
	if wait := time.Since(start); wait > 2*time.Second {
		t.Errorf("it took %s to say so", wait)
	}
	if !strings.Contains(err.Error(), strconv.Itoa(held.PID)) {
		t.Errorf("message %q", err)
	}
	if _, _, err := Compact(path, Options{}); !errors.As(err, &held) {
		t.Errorf("compact beside a runner: %v", err)
	}
	if _, err := Check(path); !errors.As(err, &held) || held.PID == 0 {
		t.Errorf("check beside a runner: %v", err)
	}
	// A link to the store is the store.
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(link, Options{}); !errors.As(err, &held) {
		t.Errorf("through a link: %v", err)
	}
	// So it is without the file that says who runs.
	if err := os.Remove(path + runSuffix); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, Options{Wait: 50 * time.Millisecond}); !errors.As(err, &held) {
		t.Errorf("without the claim's file: %v", err)
	}
}

func startChildWithSweep(t *testing.T, path string) (kill func() int) {
	t.Helper()
	s, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Enroll(t.Context(), smallSweep(t, 1), false); err != nil {
		t.Fatal(err)
	}
	s.Close()
	return startChild(t, path)
}

// TestReadersBesideARunner: readers in this process, the runner in another. Every
// answer is a whole prefix of what was recorded, and no shorter than the last.
func TestReadersBesideARunner(t *testing.T) {
	path := temp(t)
	kill := startChildWithSweep(t, path)
	var readers sync.WaitGroup
	for range 5 {
		readers.Go(func() {
			r, err := OpenReader(path)
			if err != nil {
				t.Error(err)
				return
			}
			list, err := r.Sweeps(t.Context())
			if err != nil || len(list) != 1 {
				t.Errorf("%d sweeps, error %v", len(list), err)
				return
			}
			seen := 0
			for range 8 {
				facts, err := allFacts(t.Context(), r, list[0].ID)
				if err != nil {
					t.Error(err)
					return
				}
				if len(facts) < seen {
					t.Errorf("%d facts after %d", len(facts), seen)
				}
				seen = len(facts)
				last := facts[seen-1].Outcome
				if last.Trial != (grids.Key{byte((seen - 1) >> 8), byte(seen - 1)}) {
					t.Error("a fact is missing in the middle")
				}
				if h, err := r.History(t.Context(), list[0].ID, last.Trial, 0); err != nil || len(h) != 2 {
					t.Errorf("history of %d epochs, error %v", len(h), err)
				}
				if status, err := r.Status(t.Context()); err != nil || string(status) != `"busy"` {
					t.Errorf("status %s, error %v", status, err)
				}
				if runner, ok := r.Runner(t.Context()); !ok || runner.PID == os.Getpid() {
					t.Errorf("runner %+v", runner)
				}
			}
		})
	}
	readers.Wait()
	kill()
}

// TestReadersDoNotKeepARunnerOut: readers of the file share its lock for moments
// only, so a runner that starts among them gets its turn.
func TestReadersDoNotKeepARunnerOut(t *testing.T) {
	data, ids := damageable(t)
	path := temp(t)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			r, err := OpenReader(path)
			for err == nil {
				select {
				case <-stop:
					return
				case <-time.After(3 * time.Millisecond):
					_, err = allFacts(t.Context(), r, ids[0])
				}
			}
			t.Error(err)
		})
	}
	for range 5 {
		s, err := Open(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Serve(nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	readers.Wait()
}

func TestLongPaths(t *testing.T) {
	folder := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, filepath.Join(folder, "espalier.db"), Options{})
	if err := s.Serve(func() any { return 1 }); err != nil {
		t.Fatal(err)
	}
	r, err := OpenReader(s.Path())
	if err != nil {
		t.Fatal(err)
	}
	if status, err := r.Status(t.Context()); err != nil || string(status) != "1" {
		t.Errorf("status %s, error %v", status, err)
	}
	socket := s.server.socket
	if len(socket) > socketPath || filepath.Dir(socket) == folder {
		t.Errorf("socket %q", socket)
	}
	s.Close()
	if _, err := os.Stat(filepath.Dir(socket)); err == nil {
		t.Error("the socket's folder is left")
	}
}

// TestSilentRunner: who holds the store but does not answer is named, in time.
func TestSilentRunner(t *testing.T) {
	s := mustOpen(t, temp(t), Options{})
	for _, c := range []struct {
		name string
		make func() string
	}{
		{"it does not serve", func() string { return "" }},
		{"its socket is stale", func() string { return filepath.Join(t.TempDir(), "gone") }},
		{"its socket accepts and is silent", func() string {
			l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { l.Close() })
			return l.Addr().String()
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			mine := *s.claim
			other := s.path + "-" + strings.ReplaceAll(c.name, " ", "-")
			if err := os.Link(s.path, other); err != nil { // the same lock under a name of its own
				t.Fatal(err)
			}
			f, err := os.Create(other + runSuffix)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			mine.file = f
			if err := mine.write(Runner{PID: 4711, Since: time.Now(), Socket: c.make()}); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			r := &Reader{name: other, path: other}
			_, err = r.Sweeps(t.Context())
			if err == nil || !strings.Contains(err.Error(), "holds it") {
				t.Errorf("error %v", err)
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// FuzzRequest sends arbitrary requests to the socket's handler: the answer is one
// of a few codes, and nothing is written.
func FuzzRequest(f *testing.F) {
	s := mustOpen(f, temp(f), Options{})
	sweep := smallSweep(f, 1)
	if err := s.Enroll(context.Background(), sweep, false); err != nil {
		f.Fatal(err)
	}
	mustRecord(f, s, sweep.ID, search.Fact{Outcome: randomOutcome(rand.New(rand.NewPCG(1, 1)), grids.Key{1}, 0, 1)})
	before, err := os.ReadFile(s.path)
	if err != nil {
		f.Fatal(err)
	}
	handler := s.handler(func() any { return map[string]int{"done": 1} })
	id := sweep.ID.String()
	for _, path := range []string{
		"/v1/runner", "/v1/status", "/v1/sweeps", "/v1/facts?sweep=" + id + "&after=0&until=0", "/v1/facts?sweep=zz&after=-1",
		"/v1/history?sweep=" + id + "&trial=01000000000000000000000000000000&slot=0", "/v1/history?slot=99999999999", "/v1/../x", "/", "/v1/facts?sweep=" + id + "&after=9223372036854775807&until=1",
	} {
		f.Add("GET", path)
	}
	f.Add("POST", "/v1/facts")
	f.Add("DELETE", "/v1/sweeps")
	f.Fuzz(func(t *testing.T, method, target string) {
		text := method + " " + target + " HTTP/1.1\r\nHost: espalier\r\n\r\n"
		request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
		if err != nil {
			return
		}
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		switch answer.Code {
		case 200, 301, 307, 400, 404, 405:
		default:
			t.Errorf("%s %q: %d %s", method, target, answer.Code, answer.Body)
		}
		if after, err := os.ReadFile(s.path); err != nil || !bytes.Equal(before, after) {
			t.Error("a request wrote")
		}
	})
}

func TestStatusIsWhatTheRunSays(t *testing.T) {
	s := mustOpen(t, temp(t), Options{Version: "v9"})
	var monitor search.Monitor
	if err := s.Serve(func() any { return monitor.Status() }); err != nil {
		t.Fatal(err)
	}
	r, err := OpenReader(s.Path())
	if err != nil {
		t.Fatal(err)
	}
	text, err := r.Status(t.Context())
	var status search.Status
	if err != nil || json.Unmarshal(text, &status) != nil || status.Running {
		t.Errorf("status %s, error %v", text, err)
	}
	if runner, ok := r.Runner(t.Context()); !ok || runner.PID != os.Getpid() || runner.Version != "v9" {
		t.Errorf("runner %+v", runner)
	}
	if err := r.Enroll(t.Context(), smallSweep(t, 1), false); !errors.Is(err, ErrReadOnly) {
		t.Errorf("enroll: %v", err)
	}
	if err := r.Record(t.Context(), search.SweepID{}, search.Fact{}); !errors.Is(err, ErrReadOnly) {
		t.Errorf("record: %v", err)
	}
}

// Nobody else may read the store, what lies beside it, or ask the runner.
func TestModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no such modes here")
	}
	path := temp(t)
	s := mustOpen(t, path, Options{})
	if err := s.Serve(nil); err != nil {
		t.Fatal(err)
	}
	id := search.SweepID{1}
	if err := s.Checkpoints().Save(id, "job", []byte("state")); err != nil {
		t.Fatal(err)
	}
	if err := LeaveTest(path, id, look("a")); err != nil {
		t.Fatal(err)
	}
	seen := 0
	err := filepath.WalkDir(filepath.Dir(path), func(at string, d fs.DirEntry, err error) error {
		if err != nil || at == filepath.Dir(path) {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if seen++; info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", at, info.Mode())
		}
		return nil
	})
	if err != nil || seen < 7 { // store, claim, socket, look, two folders, checkpoint
		t.Errorf("%d files, %v", seen, err)
	}
}
