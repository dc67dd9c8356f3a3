package dataset

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// shop is a server of small files that can be told to misbehave.
type shop struct {
	mu       sync.Mutex
	files    map[string][]byte
	ranges   bool           // honours Range
	cut      map[string]int // sends this many bytes of a file, then breaks the connection; used up at once
	hang     bool           // sends half and then nothing
	requests []string       // "NAME RANGE"
	url      string
	set      remoteSet
}

func newShop(t *testing.T) *shop {
	s := &shop{files: map[string][]byte{"a.gz": bytes.Repeat([]byte("0123456789"), 20_000), "b.gz": []byte("small")}, ranges: true, cut: map[string]int{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL + "/"
	for _, name := range []string{"a.gz", "b.gz"} {
		s.set.files = append(s.set.files, remoteFile{name, int64(len(s.files[name])), fmt.Sprintf("%x", sha256.Sum256(s.files[name]))})
	}
	return s
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	s.mu.Lock()
	data, ok := s.files[name]
	cut, cutting := s.cut[name]
	delete(s.cut, name)
	ranges, hang := s.ranges, s.hang
	s.requests = append(s.requests, strings.TrimSpace(name+" "+r.Header.Get("Range")))
	s.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	if !ranges {
		r.Header.Del("Range")
	}
	if !cutting && !hang {
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(data))
		return
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(data)))
	if hang {
		w.Write(data[:len(data)/2])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		return
	}
	w.Write(data[:cut])
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func (s *shop) fetch(ctx context.Context, dir string, o FetchOptions) (string, error) {
	o.Dir, o.BaseURL = dir, s.url
	return fetchSet(ctx, "things", s.set, o)
}

// check tells whether the folder holds the set, and nothing else.
func (s *shop) check(t *testing.T, folder string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(s.set.files) {
		t.Errorf("the folder holds %v", entries)
	}
	for _, f := range s.set.files {
		if sum, err := sumFile(filepath.Join(folder, f.name)); err != nil || sum != f.sha256 {
			t.Errorf("%s: %s, %v", f.name, sum, err)
		}
	}
}

func TestFetch(t *testing.T) {
	s := newShop(t)
	var last FetchProgress
	folder, err := s.fetch(t.Context(), t.TempDir(), FetchOptions{Progress: func(p FetchProgress) {
		if p.File == last.File && p.Done < last.Done || p.Done > p.Total {
			t.Errorf("progress goes from %+v to %+v", last, p)
		}
		last = p
	}})
	if err != nil {
		t.Fatal(err)
	}
	s.check(t, folder)
	if want := (FetchProgress{"b.gz", 5, 5}); last != want {
		t.Errorf("last progress %+v, want %+v", last, want)
	}

	// All there: nothing is asked for.
	s.requests = nil
	if _, err := s.fetch(t.Context(), filepath.Dir(folder), FetchOptions{}); err != nil || s.requests != nil {
		t.Errorf("second fetch: %v, requests %q", err, s.requests)
	}
	// A file that was spoilt is fetched again.
	if err := os.WriteFile(filepath.Join(folder, "b.gz"), []byte("spoilt"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := s.fetch(t.Context(), filepath.Dir(folder), FetchOptions{}); err != nil || !slices.Equal(s.requests, []string{"b.gz"}) {
		t.Errorf("after spoiling: %v, requests %q", err, s.requests)
	}
	s.check(t, folder)
}

func TestFetchGoesOn(t *testing.T) {
	t.Run("within a call", func(t *testing.T) {
		s := newShop(t)
		s.cut["a.gz"] = 70_000
		folder, err := s.fetch(t.Context(), t.TempDir(), FetchOptions{})
		if err != nil {
			t.Fatal(err)
		}
		s.check(t, folder)
		if want := []string{"a.gz", "a.gz bytes=70000-", "b.gz"}; !slices.Equal(s.requests, want) {
			t.Errorf("requests %q, want %q", s.requests, want)
		}
	})
	t.Run("in the next call", func(t *testing.T) {
		s := newShop(t)
		s.hang = true
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		_, err := s.fetch(ctx, dir, FetchOptions{Progress: func(p FetchProgress) { cancel() }})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v, want cancellation", err)
		}
		part, err := os.Stat(filepath.Join(dir, "things", "a.gz.part"))
		if err != nil || part.Size() == 0 {
			t.Fatalf("no part is kept: %v", err)
		}
		s.mu.Lock()
		s.hang = false
		s.mu.Unlock()
		folder, err := s.fetch(t.Context(), dir, FetchOptions{})
		if err != nil {
			t.Fatal(err)
		}
		s.check(t, folder)
		if want := fmt.Sprintf("a.gz bytes=%d-", part.Size()); !slices.Contains(s.requests, want) {
			t.Errorf("requests %q, want %q among them", s.requests, want)
		}
	})
	t.Run("with a server that knows no ranges", func(t *testing.T) {
		s := newShop(t)
		s.ranges = false
		s.cut["a.gz"] = 70_000
		folder, err := s.fetch(t.Context(), t.TempDir(), FetchOptions{})
		if err != nil {
			t.Fatal(err)
		}
		s.check(t, folder)
	})
	t.Run("from a part of something else", func(t *testing.T) {
		for _, size := range []int{100, 200_000, 300_000} { // shorter, as long, longer
			s := newShop(t)
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "things"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "things", "a.gz.part"), make([]byte, size), 0o644); err != nil {
				t.Fatal(err)
			}
			folder, err := s.fetch(t.Context(), dir, FetchOptions{})
			if err != nil {
				t.Fatalf("part of %d bytes: %v", size, err)
			}
			s.check(t, folder)
		}
	})
}

func TestFetchRefusals(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(s *shop)
		want  string
	}{
		{"not there", func(s *shop) { delete(s.files, "b.gz") }, "b.gz: " + "URLb.gz: the server says 404 Not Found"},
		{"wrong bytes", func(s *shop) { s.files["b.gz"] = []byte("sm4ll") }, "b.gz: SHA-256 is "},
		{"more bytes", func(s *shop) { s.files["b.gz"] = []byte("small and more") }, "the server's file has 14 bytes, the one that was published 5"},
		{"fewer bytes", func(s *shop) { s.files["b.gz"] = []byte("smal") }, "the server's file has 4 bytes, the one that was published 5"},
		{"no connection", func(s *shop) { s.url = "http://127.0.0.1:1/" }, "refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newShop(t)
			c.spoil(s)
			dir := t.TempDir()
			_, err := s.fetch(t.Context(), dir, FetchOptions{})
			if want := strings.ReplaceAll(c.want, "URL", s.url); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %s", err, want)
			}
			if _, err := os.Stat(filepath.Join(dir, "things", "b.gz")); err == nil {
				t.Error("a file was placed")
			}
		})
	}
	for name, want := range map[string]string{"cifar": "known: fashion-mnist", "fashion-mnist-mini": "part of the program"} {
		if _, err := Fetch(t.Context(), name, FetchOptions{Dir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", name, err, want)
		}
	}
}

func TestFetchStalls(t *testing.T) {
	s := newShop(t)
	s.hang = true
	dir := t.TempDir()
	_, err := s.fetch(t.Context(), dir, FetchOptions{Stall: 50 * time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "no byte for 50ms (100000 of 200000 bytes are kept)") {
		t.Fatalf("error %v", err)
	}
	s.mu.Lock()
	s.hang = false
	s.mu.Unlock()
	folder, err := s.fetch(t.Context(), dir, FetchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.check(t, folder)
}

// TestFetchAsksThePublisher takes the real description of the set through a client that answers
// from memory.
func TestFetchAsksThePublisher(t *testing.T) {
	var asked []string
	client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.String())
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("x")), Request: r}, nil
	})}
	_, err := Fetch(t.Context(), "fashion-mnist", FetchOptions{Dir: t.TempDir(), Client: client})
	if err == nil || !strings.Contains(err.Error(), "fetch fashion-mnist: train-images-idx3-ubyte.gz") {
		t.Errorf("error %v", err)
	}
	if len(asked) == 0 || asked[0] != "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/train-images-idx3-ubyte.gz" {
		t.Errorf("asked for %q", asked)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
