package store

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"espalier/grids"
	"espalier/search"
)

// server answers readers on the runner's socket. It only ever reads.
type server struct {
	http   http.Server
	socket string
	folder string // made for the socket alone, removed with it; "": none
}

const (
	socketSuffix = ".sock"
	// socketPath is how long the path of a socket may be: the kernel's field has
	// 108 bytes on Linux and 104 elsewhere, with the zero at its end.
	socketPath = 100
	// connections that are answered at once; more wait in the kernel's queue.
	connectionLimit = 64
)

// Serve starts to answer readers until Close. status is asked for what `status`
// shows, from any goroutine; nil: nothing. Readers find the socket through
// PATH.run. Where no socket can be made the error says why, and the run can go
// on without: readers then learn who holds the store.
func (s *Store) Serve(status func() any) error {
	if s.server != nil {
		return errors.New("serve readers: the store does so already")
	}
	v := &server{}
	listener, err := v.listen(s.path)
	if err != nil {
		return fmt.Errorf("serve readers of %q: %w", s.path, err)
	}
	v.http = http.Server{
		Handler:        s.handler(status),
		ReadTimeout:    5 * time.Second,
		WriteTimeout:   time.Minute,
		IdleTimeout:    5 * time.Second,
		MaxHeaderBytes: 4 << 10,
		ErrorLog:       log.New(io.Discard, "", 0), // what a reader does wrong is no news for the runner's terminal
	}
	s.runner.Socket = v.socket
	if err := s.claim.write(s.runner); err != nil {
		listener.Close()
		v.remove()
		return fmt.Errorf("serve readers of %q: %w", s.path, err)
	}
	s.server = v
	go v.http.Serve(limit(listener, connectionLimit))
	return nil
}

// listen makes the socket beside the store, or where its path would be too long,
// or the folder takes no sockets, in a folder of its own.
func (v *server) listen(store string) (net.Listener, error) {
	try := func(path string) (net.Listener, error) {
		if len(path) > socketPath {
			return nil, fmt.Errorf("socket path %q has more than %d bytes", path, socketPath)
		}
		// What lies there is of a runner that was killed: the claim is ours.
		if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSocket != 0 {
			_ = os.Remove(path)
		}
		config := net.ListenConfig{Control: privateSocket}
		listener, err := config.Listen(context.Background(), "unix", path)
		if err != nil {
			return nil, err
		}
		if err := os.Chmod(path, 0o600); err != nil {
			listener.Close()
			return nil, err
		}
		v.socket = path
		return listener, nil
	}
	listener, err := try(store + socketSuffix)
	if err == nil {
		return listener, nil
	}
	for _, folder := range []string{os.Getenv("XDG_RUNTIME_DIR"), os.TempDir(), "/tmp"} {
		if folder == "" {
			continue
		}
		own, madeErr := os.MkdirTemp(folder, "espalier-") // mode 0700, and a name nobody foresees
		if madeErr != nil {
			err = errors.Join(err, madeErr)
			continue
		}
		listener, tryErr := try(filepath.Join(own, "s"))
		if tryErr == nil {
			v.folder = own
			return listener, nil
		}
		err = errors.Join(err, tryErr)
		_ = os.Remove(own)
	}
	return nil, err
}

func (v *server) remove() {
	_ = os.Remove(v.socket)
	if v.folder != "" {
		_ = os.Remove(v.folder)
	}
}

// close ends the server: answers under way have a moment to end.
func (v *server) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if v.http.Shutdown(ctx) != nil {
		v.http.Close()
	}
	v.remove()
}

// handler is what the socket answers: GET only, every parameter checked.
func (s *Store) handler(status func() any) http.Handler {
	mux := http.NewServeMux()
	reply := func(w http.ResponseWriter, value any, err error) {
		var text []byte
		if err == nil {
			text, err = json.Marshal(value)
		}
		if err != nil {
			refuse(w, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(text)
	}
	mux.HandleFunc("GET /v1/runner", func(w http.ResponseWriter, _ *http.Request) { reply(w, s.runner, nil) })
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, _ *http.Request) {
		if status == nil {
			http.Error(w, "there is no status", http.StatusNotFound)
			return
		}
		reply(w, status(), nil)
	})
	mux.HandleFunc("GET /v1/sweeps", func(w http.ResponseWriter, r *http.Request) {
		list, err := s.Sweeps(r.Context())
		reply(w, list, err)
	})
	mux.HandleFunc("GET /v1/facts", func(w http.ResponseWriter, r *http.Request) { s.serveFacts(w, r.URL.Query()) })
	mux.HandleFunc("GET /v1/history", func(w http.ResponseWriter, r *http.Request) { s.serveHistory(w, r.URL.Query()) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 0)
		mux.ServeHTTP(w, r)
	})
}

// refuse answers with an error of the store.
func refuse(w http.ResponseWriter, err error) {
	http.Error(w, err.Error(), http.StatusInternalServerError)
}

func (s *Store) serveFacts(w http.ResponseWriter, query url.Values) {
	id, err := search.ParseSweepID(query.Get("sweep"))
	q := batchQuery{limit: 4 * runnerBatch}
	if err == nil {
		q.after, err = strconv.ParseUint(query.Get("after"), 10, 63)
	}
	if err == nil {
		q.until, err = strconv.ParseUint(query.Get("until"), 10, 63)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var b batch
	err = s.view(func(v view) error {
		b, err = v.batch(id, q)
		return err
	})
	if err != nil {
		refuse(w, err)
		return
	}
	recordHead{generation: b.generation, sequence: b.last, more: b.more}.write(w, b.frames)
}

func (s *Store) serveHistory(w http.ResponseWriter, query url.Values) {
	id, err := search.ParseSweepID(query.Get("sweep"))
	var trial grids.Key
	var slot int
	if err == nil {
		var raw []byte
		if raw, err = hex.DecodeString(query.Get("trial")); err == nil && len(raw) != len(trial) {
			err = fmt.Errorf("a trial's key has %d bytes, not %d", len(trial), len(raw))
		}
		copy(trial[:], raw)
	}
	if err == nil {
		slot, err = strconv.Atoi(query.Get("slot"))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var h rawHistory
	err = s.view(func(v view) error {
		h, _, err = v.history(id, trial, slot)
		return err
	})
	if err != nil {
		refuse(w, err)
		return
	}
	recordHead{generation: h.generation, sequence: h.sequence}.write(w, h.value)
}

// limited lets so many connections in at a time; the rest wait in the kernel's
// queue, so that no crowd of readers takes the run's file descriptors.
type limited struct {
	net.Listener
	slots chan struct{}
	done  chan struct{}
	once  sync.Once
}

func limit(l net.Listener, n int) *limited {
	return &limited{Listener: l, slots: make(chan struct{}, n), done: make(chan struct{})}
}

// Accept waits for a slot first.
func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.done:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &limitedConn{Conn: c, free: func() { <-l.slots }}, nil
}

// Close also wakes Accept.
func (l *limited) Close() error {
	l.once.Do(func() { close(l.done) })
	return l.Listener.Close()
}

// limitedConn gives its slot back once.
type limitedConn struct {
	net.Conn
	once sync.Once
	free func()
}

// Close closes the connection and frees its slot.
func (c *limitedConn) Close() error {
	c.once.Do(c.free)
	return c.Conn.Close()
}
