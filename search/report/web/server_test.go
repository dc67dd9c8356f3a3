package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"espalier/search"
	"espalier/search/report/page"
	"espalier/search/report/web"
	"espalier/search/searchtest"
)

// A source is a ledger in memory with a runner beside it.
type source struct {
	*searchtest.Ledger
	monitor atomic.Pointer[search.Monitor] // nil: nobody runs
	broken  atomic.Bool
}

func (s *source) Status(context.Context) (json.RawMessage, error) {
	m := s.monitor.Load()
	if m == nil {
		return nil, errors.New("no runner")
	}
	return json.Marshal(m.Status())
}

func (s *source) Stamp() string { return fmt.Sprint(s.Commits()) }

func (s *source) Sweeps(ctx context.Context) ([]search.Enrolment, error) {
	if s.broken.Load() {
		return nil, errors.New("the store is gone")
	}
	return s.Ledger.Sweeps(ctx)
}

// curve scores by width.
func curve(params map[string]any, slot, epoch int) float64 {
	n, _ := params["units"].(int64)
	return 0.5 + float64(n)/100 + float64(epoch)/50 + float64(slot)/1000
}

func newSource(t testing.TB) (*source, *search.Sweep) {
	t.Helper()
	s := searchtest.Sweep(t, searchtest.Small)
	l := &source{Ledger: searchtest.NewLedger()}
	if err := l.Enroll(t.Context(), s, false); err != nil {
		t.Fatal(err)
	}
	return l, s
}

// serve starts a server on a port of its own and gives its address.
func serve(t testing.TB, l web.Source, o web.Options) (base string, end func() error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if o.Every == 0 {
		o.Every = 5 * time.Millisecond
	}
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error, 1)
	go func() { result <- web.New(l, o).Serve(ctx, listener) }()
	end = sync.OnceValue(func() error {
		cancel()
		return <-result
	})
	t.Cleanup(func() {
		if err := end(); err != nil {
			t.Error(err)
		}
	})
	return "http://" + listener.Addr().String(), end
}

func TestRoutes(t *testing.T) {
	l, s := newSource(t)
	h := web.New(l, web.Options{Hosts: []string{"Trainer.example"}}).Handler()
	id := "/s/" + s.ID.String()
	for _, k := range []struct {
		name, method, path, host string
		head                     map[string]string
		code                     int
		has                      string
	}{
		{"the only sweep", "GET", "/", "127.0.0.1:80", nil, 303, ""},
		{"its page", "GET", id, "127.0.0.1:80", nil, 200, `data-events="/s/`},
		{"under a name", "GET", id, "localhost:80", nil, 200, "<h1>"},
		{"under a name of ours", "GET", id, "trainer.EXAMPLE:80", nil, 200, "<h1>"},
		{"under an address", "GET", id, "[::1]:80", nil, 200, "<h1>"},
		{"the page to keep", "GET", id + "/report.html", "127.0.0.1:80", nil, 200, "http-equiv=\"Content-Security-Policy\""},
		{"head", "HEAD", id, "127.0.0.1:80", nil, 200, ""},
		{"a name of others", "GET", id, "evil.example:80", nil, 421, ""},
		{"a name that ends like ours", "GET", id, "x.localhost.evil.example", nil, 421, ""},
		{"no name", "GET", id, "", nil, 421, ""},
		{"writing", "POST", id, "127.0.0.1:80", nil, 405, ""},
		{"deleting", "DELETE", id, "127.0.0.1:80", nil, 405, ""},
		{"another site's script", "GET", id, "127.0.0.1:80", map[string]string{"Origin": "http://evil.example"}, 403, ""},
		{"another port's script", "GET", id + "/events", "127.0.0.1:80", map[string]string{"Origin": "http://127.0.0.1:81"}, 403, ""},
		{"a sandboxed frame", "GET", id, "127.0.0.1:80", map[string]string{"Origin": "null"}, 403, ""},
		{"another site's image", "GET", id, "127.0.0.1:80", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, 403, ""},
		{"another site's frame", "GET", id, "127.0.0.1:80", map[string]string{"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, 403, ""},
		{"another site's link", "GET", id, "127.0.0.1:80", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 200, "<h1>"},
		{"our own script", "GET", id, "127.0.0.1:80", map[string]string{"Origin": "http://127.0.0.1:80", "Sec-Fetch-Site": "same-origin"}, 200, "<h1>"},
		{"no such sweep", "GET", "/s/00112233445566778899aabbccddeeff", "127.0.0.1:80", nil, 404, ""},
		{"a prefix is no ID", "GET", id[:12], "127.0.0.1:80", nil, 404, ""},
		{"a file", "GET", "/s/..%2f..%2fetc%2fpasswd", "127.0.0.1:80", nil, 404, ""},
		{"a file below", "GET", id + "/%2e%2e%2f%2e%2e%2fserver.go", "127.0.0.1:80", nil, 404, ""},
		{"a nul", "GET", "/s/%00", "127.0.0.1:80", nil, 404, ""},
		{"anything else", "GET", "/debug/pprof/", "127.0.0.1:80", nil, 404, ""},
	} {
		t.Run(k.name, func(t *testing.T) {
			r := httptest.NewRequest(k.method, "http://x"+k.path, nil)
			r.Host = k.host
			for name, value := range k.head {
				r.Header.Set(name, value)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != k.code || !strings.Contains(w.Body.String(), k.has) {
				t.Errorf("code %d, want %d with %q", w.Code, k.code, k.has)
			}
			if k.code == 403 && strings.Contains(w.Body.String(), "small") {
				t.Error("what is refused tells of the sweep")
			}
			policy := w.Header().Get("Content-Security-Policy")
			for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "script-src 'sha256-", "connect-src 'self'"} {
				if !strings.Contains(policy, want) {
					t.Errorf("policy %q lacks %q", policy, want)
				}
			}
			if strings.Contains(policy, "unsafe") || w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Referrer-Policy") != "no-referrer" || w.Header().Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("headers %v", w.Header())
			}
		})
	}
}

func TestToken(t *testing.T) {
	const token = "a-token-of-some-length"
	l, s := newSource(t)
	base, _ := serve(t, l, web.Options{Token: token})
	page := base + "/s/" + s.ID.String()
	get := func(url string, cookie *http.Cookie, bearer string) *http.Response {
		t.Helper()
		r, err := http.NewRequest("GET", url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if cookie != nil {
			r.AddCookie(cookie)
		}
		if bearer != "" {
			r.Header.Set("Authorization", "Bearer "+bearer)
		}
		a, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		if _, err := io.Copy(io.Discard, a.Body); err != nil {
			t.Fatal(err)
		}
		return a
	}
	for name, a := range map[string]*http.Response{
		"none": get(page, nil, ""), "wrong": get(base+"/?token=wrong", nil, ""), "empty": get(base+"/?token=", nil, ""), "prefix": get(base+"/?token=a-token-of", nil, ""),
		"wrong bearer": get(page, nil, "wrong"), "wrong cookie": get(page, &http.Cookie{Name: "espalier-token", Value: token}, ""),
		"events": get(page+"/events", nil, ""),
	} {
		if a.StatusCode != http.StatusUnauthorized || len(a.Cookies()) > 0 {
			t.Errorf("%s: %d, cookies %v", name, a.StatusCode, a.Cookies())
		}
	}
	in := get(base+"//evil.example/?token="+token, nil, "")
	if in.StatusCode != http.StatusSeeOther || in.Header.Get("Location") != "/" || len(in.Cookies()) != 1 {
		t.Fatalf("%d to %q, cookies %v", in.StatusCode, in.Header.Get("Location"), in.Cookies())
	}
	c := in.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || strings.Contains(c.Value, token) {
		t.Errorf("cookie %v", c)
	}
	if a := get(page, c, ""); a.StatusCode != 200 {
		t.Errorf("with the cookie: %d", a.StatusCode)
	}
	if a := get(page, nil, token); a.StatusCode != 200 {
		t.Errorf("with the header: %d", a.StatusCode)
	}
}

// A stream of events, read one by one.
type stream struct {
	body  io.Closer
	lines *bufio.Scanner
}

func watch(t testing.TB, url string) *stream {
	t.Helper()
	a, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	if a.StatusCode != 200 || a.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %s", a.StatusCode, a.Header.Get("Content-Type"))
	}
	lines := bufio.NewScanner(a.Body)
	lines.Buffer(nil, 8<<20)
	t.Cleanup(func() { a.Body.Close() })
	return &stream{a.Body, lines}
}

// until reads events up to one of a kind that has a text.
func (s *stream) until(t testing.TB, kind, text string) string {
	t.Helper()
	event := ""
	for s.lines.Scan() {
		line := s.lines.Text()
		if name, ok := strings.CutPrefix(line, "event: "); ok {
			event = name
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok && event == kind {
			if strings.Contains(data, text) {
				return data
			}
		}
	}
	t.Fatalf("the stream ended (%v) before a %s with %q", s.lines.Err(), kind, text)
	return ""
}

// The page follows a sweep: before its run, through each epoch, to its end, and what
// comes after.
func TestEventsFollowARun(t *testing.T) {
	l, s := newSource(t)
	base, _ := serve(t, l, web.Options{})
	url := base + "/s/" + s.ID.String() + "/events"
	events := watch(t, url)
	events.until(t, "part", "36 fits to do")

	// The run goes on by one step whenever the test lets it.
	step := make(chan struct{})
	monitor := new(search.Monitor)
	ended := make(chan error, 1)
	go func() {
		pause := func(ctx context.Context, _ search.Job, _ int) error {
			select {
			case <-step:
			case <-ctx.Done():
			}
			return ctx.Err()
		}
		_, err := search.Run(t.Context(), s, l, searchtest.Scripted(curve, pause), search.Options{Workers: 1, Monitor: monitor})
		ended <- err
	}()
	l.monitor.Store(monitor)
	events.until(t, "part", `class=\"state running\"`)
	step <- struct{}{}
	part := events.until(t, "part", "epoch 1: validation 0.6")
	if !strings.Contains(part, `"id":"working"`) || !strings.Contains(part, "epoch 1: train") {
		t.Errorf("the curve is in %s", part)
	}
	for done := false; !done; {
		select {
		case step <- struct{}{}:
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
			done = true
		}
	}
	l.monitor.Store(nil)
	events.until(t, "part", "The best of 12 complete points")
	events.until(t, "part", `class=\"state finished\"`)

	// What breaks is said, and so is that it is mended.
	l.broken.Store(true)
	events.until(t, "trouble", "the store is gone")
	l.broken.Store(false)
	events.until(t, "trouble", `""`)
}

// A server that ends lets go of those who watch.
func TestServeEndsStreams(t *testing.T) {
	l, s := newSource(t)
	base, end := serve(t, l, web.Options{})
	events := watch(t, base+"/s/"+s.ID.String()+"/events")
	events.until(t, "part", "board")
	if err := end(); err != nil {
		t.Error(err)
	}
	for events.lines.Scan() {
	}
}

// Streams are bounded, so that pages can still be asked for.
func TestStreamsAreBounded(t *testing.T) {
	l, s := newSource(t)
	base, _ := serve(t, l, web.Options{})
	url := base + "/s/" + s.ID.String()
	for range 32 {
		watch(t, url+"/events")
	}
	a, err := http.Get(url + "/events")
	if err != nil {
		t.Fatal(err)
	}
	a.Body.Close()
	if a.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("the 33rd stream: %d", a.StatusCode)
	}
	if a, err = http.Get(url); err != nil || a.StatusCode != 200 {
		t.Fatalf("a page: %v, %v", a, err)
	}
	a.Body.Close()
}

// Headers are bounded.
func TestLongHeaders(t *testing.T) {
	l, _ := newSource(t)
	base, _ := serve(t, l, web.Options{})
	r, err := http.NewRequest("GET", base+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Long", strings.Repeat("x", 64<<10))
	a, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return // hung up on
	}
	a.Body.Close()
	if a.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%d", a.StatusCode)
	}
}

// Several sweeps are listed; --sweep shows one.
func TestList(t *testing.T) {
	l, first := newSource(t)
	second := searchtest.Sweep(t, strings.NewReplacer(`"small"`, `"<b>other</b>"`, "seed = 7", "seed = 8").Replace(searchtest.Small))
	if err := l.Enroll(t.Context(), second, false); err != nil {
		t.Fatal(err)
	}
	ask := func(o web.Options, path string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", path, nil)
		r.Host = "127.0.0.1"
		w := httptest.NewRecorder()
		web.New(l, o).Handler().ServeHTTP(w, r)
		return w
	}
	w := ask(web.Options{}, "/")
	if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, "/s/"+first.ID.String()) || !strings.Contains(body, "&lt;b&gt;other&lt;/b&gt;") || strings.Contains(body, "<b>other") {
		t.Errorf("%d %s", w.Code, body)
	}
	if w := ask(web.Options{Only: &first.ID}, "/"); w.Code != 303 || w.Header().Get("Location") != "/s/"+first.ID.String() {
		t.Errorf("the only one: %d %v", w.Code, w.Header())
	}
	if w := ask(web.Options{Only: &first.ID}, "/s/"+second.ID.String()); w.Code != 404 {
		t.Errorf("another than the only one: %d", w.Code)
	}
}

// Figures are drawn once for a state of the store.
func TestFiguresAreKept(t *testing.T) {
	l, s := newSource(t)
	drawn := 0
	h := web.New(l, web.Options{Figures: func(context.Context, search.Enrolment, *search.Sweep) ([]page.Figure, []page.Missing, error) {
		drawn++
		return []page.Figure{{ID: "score", Title: "Score", SVG: []byte("<svg></svg>")}}, nil, nil
	}}).Handler()
	for i, want := range []int{1, 1, 2} {
		if i == 2 {
			if err := l.Record(t.Context(), s.ID, search.Fact{Run: &search.RunRecord{}}); err != nil {
				t.Fatal(err)
			}
		}
		r := httptest.NewRequest("GET", "/s/"+s.ID.String(), nil)
		r.Host = "127.0.0.1"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if drawn != want || !strings.Contains(w.Body.String(), `<figure id="figure-score">`) {
			t.Errorf("request %d: drawn %d times, want %d", i, drawn, want)
		}
	}
}
