package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"espalier/search"
	"espalier/search/report/page"
)

// Bounds of what one server does at a time.
const (
	connections = 64
	streams     = 32 // of them, event streams
	headerBytes = 16 << 10
)

// Server shows the sweeps of a Source. Use New.
type Server struct {
	library *library
	handler http.Handler
	http    http.Server
	done    chan struct{} // closed when it ends

	mu    sync.Mutex
	feeds map[search.SweepID]*feed
	open  int // event streams
}

// New makes a server; Serve runs it.
func New(source Source, o Options) *Server {
	s := &Server{
		library: &library{source: source, options: o, sweeps: make(map[search.SweepID]kept), drawn: make(map[search.SweepID]drawing)},
		feeds:   make(map[search.SweepID]*feed), done: make(chan struct{}),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("GET /s/{id}", s.page)
	mux.HandleFunc("GET /s/{id}/events", s.events)
	mux.HandleFunc("GET /s/{id}/report.html", s.save)
	g := &guard{next: mux, names: map[string]bool{"localhost": true}, token: o.Token}
	for _, h := range o.Hosts {
		g.names[strings.ToLower(h)] = true
	}
	s.handler = g
	return s
}

// Handler answers requests, every check included; for tests.
func (s *Server) Handler() http.Handler { return s.handler }

// Serve answers on a listener until ctx ends, then lets what is under way end and
// returns nil. An error is the listener's.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	s.http = http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      time.Minute, // an event stream moves it on
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    headerBytes,
		ErrorLog:          log.New(io.Discard, "", 0), // clients that misbehave are no news for a terminal
	}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		s.end()
	})
	err := s.http.Serve(limit(l, connections))
	if !stop() {
		<-ended
	} else {
		s.end()
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve on %s: %w", l.Addr(), err)
}

// end closes the streams and gives the rest a moment.
func (s *Server) end() {
	close(s.done)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		s.http.Close()
	}
}

// home leads to the only sweep, or lists them all.
func (s *Server) home(w http.ResponseWriter, r *http.Request) {
	list, err := s.library.enrolments(r.Context())
	if err != nil {
		s.refuse(w, err)
		return
	}
	current := list[:0:0]
	for _, e := range list {
		if e.Current || s.library.options.Only != nil {
			current = append(current, e)
		}
	}
	if len(current) == 1 {
		w.Header().Set("Location", "/s/"+current[0].ID.String())
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	text, err := page.RenderList(current)
	s.reply(w, text, err)
}

// sweep reads the only thing that an address says: an ID. Anything else is not found.
func sweep(r *http.Request) (search.SweepID, error) {
	id, err := search.ParseSweepID(r.PathValue("id"))
	if err != nil {
		return id, errNoSweep
	}
	return id, nil
}

func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	id, err := sweep(r)
	if err != nil {
		s.refuse(w, err)
		return
	}
	in, err := s.library.gather(r.Context(), id, true)
	if err != nil {
		s.refuse(w, err)
		return
	}
	in.Made = time.Time{}
	live := page.Live{Events: "/s/" + id.String() + "/events", Saved: "/s/" + id.String() + "/report.html"}
	if list, err := s.library.enrolments(r.Context()); err == nil && len(list) > 1 {
		live.Home = "/"
	}
	text, err := page.Render(in, &live)
	s.reply(w, text, err)
}

// save is the page to keep: the one that `report` writes.
func (s *Server) save(w http.ResponseWriter, r *http.Request) {
	id, err := sweep(r)
	if err != nil {
		s.refuse(w, err)
		return
	}
	in, err := s.library.gather(r.Context(), id, true)
	if err != nil {
		s.refuse(w, err)
		return
	}
	text, err := page.Render(in, nil)
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s.html"`, page.FileName(in.Sweep.File.Name)))
	s.reply(w, text, err)
}

func (s *Server) reply(w http.ResponseWriter, text []byte, err error) {
	if err != nil {
		s.refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(text)
}

func (s *Server) refuse(w http.ResponseWriter, err error) {
	w.Header().Del("Content-Disposition")
	if errors.Is(err, errNoSweep) {
		http.Error(w, "no such sweep", http.StatusNotFound)
		return
	}
	http.Error(w, err.Error(), http.StatusInternalServerError)
}

// subscribe joins the feed of a sweep, starting it for the first who watches; leave
// ends it with the last. ok is false where too many watch.
func (s *Server) subscribe(id search.SweepID) (f *feed, leave func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == streams {
		return nil, nil, false
	}
	s.open++
	if f = s.feeds[id]; f == nil {
		ctx, cancel := context.WithCancel(context.Background())
		f = &feed{library: s.library, id: id, items: make(map[string]item), changed: make(chan struct{}), stop: cancel}
		s.feeds[id] = f
		go f.follow(ctx)
	}
	f.readers++
	return f, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.open--
		if f.readers--; f.readers == 0 {
			f.stop()
			delete(s.feeds, id)
		}
	}, true
}

// quiet is how long a stream says nothing before it says that it is still there.
const quiet = 15 * time.Second

// events is the stream of a sweep: each event a piece of the page.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	id, err := sweep(r)
	if err == nil {
		_, _, err = s.library.find(r.Context(), id)
	}
	if err != nil {
		s.refuse(w, err)
		return
	}
	f, leave, ok := s.subscribe(id)
	if !ok {
		w.Header().Set("Retry-After", "30")
		http.Error(w, "too many watch at a time", http.StatusServiceUnavailable)
		return
	}
	defer leave()
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{}) // what ends a request must not end a stream
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	still := time.NewTicker(quiet)
	defer still.Stop()
	if !send(w, control, "retry: 2000\n\n") || r.Method == http.MethodHead {
		return
	}
	for seen := 0; ; {
		news, now, changed := f.since(seen)
		seen = now
		for _, i := range news {
			if !send(w, control, fmt.Sprintf("event: %s\ndata: %s\n\n", i.kind, i.data)) {
				return
			}
		}
		select {
		case <-changed:
		case <-still.C:
			if !send(w, control, ": still here\n\n") {
				return
			}
		case <-r.Context().Done():
			return
		case <-s.done:
			return
		}
	}
}

// send writes and flushes; false: the other side is gone or too slow.
func send(w http.ResponseWriter, control *http.ResponseController, text string) bool {
	_ = control.SetWriteDeadline(time.Now().Add(10 * time.Second))
	_, err := io.WriteString(w, text)
	return err == nil && control.Flush() == nil
}
