package web_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"espalier/search"
	"espalier/search/report"
	"espalier/search/report/page"
	"espalier/search/report/web"
	"espalier/search/searchtest"
)

var browser = flag.Bool("browser", false, "look at the pages in Chromium, and fail where there is none")

// chromium finds the browser; CHROMIUM names another.
func chromium(t *testing.T) string {
	t.Helper()
	if !*browser {
		t.Skip("NOT LOOKED AT IN A BROWSER: go test ./search/report/web -args -browser does, with Chromium installed")
	}
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	t.Fatal("no Chromium is installed")
	return ""
}

// A tab is a page in the browser and what was heard of it.
type tab struct {
	*testing.T
	ctx context.Context

	mu       sync.Mutex
	console  []string
	requests []string
}

// open gives a tab of a width, dark or light, before any page is in it.
func open(t *testing.T, parent context.Context, width int64, dark bool) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent)
	t.Cleanup(cancel)
	b := &tab{T: t, ctx: ctx}
	var options []chromedp.EmulateViewportOption
	if width < 600 {
		options = append(options, chromedp.EmulateMobile)
	}
	b.do(chromedp.EmulateViewport(width, 900, options...))
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	console, requests := chromedp.Console(ctx), chromedp.Events(ctx, network.RequestWillBeSent)
	go func() {
		for m, err := range console {
			if err != nil {
				return
			}
			b.mu.Lock()
			b.console = append(b.console, m.String())
			b.mu.Unlock()
		}
	}()
	go func() {
		for r, err := range requests {
			if err != nil {
				return
			}
			b.mu.Lock()
			b.requests = append(b.requests, r.Request.URL)
			b.mu.Unlock()
		}
	}()
	return b
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.Fatal(err)
	}
}

// text, number and truth ask the page.
func ask[T any](b *tab, expression string) T {
	b.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.Fatalf("%s: %v", expression, err)
	}
	return v
}

// until waits for the page.
func (b *tab) until(expression string) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 20*time.Second)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](expression)); err != nil {
		b.Fatalf("%s does not come true: %v; the console says %q", expression, err, b.heard())
	}
}

func (b *tab) heard() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.console...)
}

// sound checks what holds of every page: nothing on the console, no request but for
// itself, and no sideways scrolling of the whole.
func (b *tab) sound(base string) {
	b.Helper()
	if said := b.heard(); len(said) > 0 {
		b.Errorf("the console says %q", said)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.requests) == 0 {
		b.Error("no request was seen, not even for the page")
	}
	for _, url := range b.requests {
		if !strings.HasPrefix(url, base) && !strings.HasPrefix(url, "data:") {
			b.Errorf("the page asks for %s", url)
		}
	}
	if wide := ask[float64](b, "document.documentElement.scrollWidth - innerWidth"); wide > 0 {
		b.Errorf("the page is %g px wider than the window", wide)
	}
}

const shown = `[...document.querySelectorAll("#board tbody tr")].filter((r) => !r.hidden)`

// Every page in a real browser.
func TestBrowser(t *testing.T) {
	path := chromium(t)
	folder := t.TempDir()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(filepath.Join(folder, "profile")), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-sync", true))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	if err := chromedp.Do(ctx); err != nil { // starts it
		t.Fatal(err)
	}

	// A finished sweep with figures, as a file.
	l, s := newSource(t)
	if _, err := search.Run(t.Context(), s, l, searchtest.Scripted(curve, nil), search.Options{Workers: 1}); err != nil {
		t.Fatal(err)
	}
	list, err := l.Sweeps(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	in, err := page.Gather(t.Context(), l, list[0], s, nil)
	if err != nil {
		t.Fatal(err)
	}
	standings, err := search.Rank(s, l.Facts(t.Context(), s.ID))
	if err != nil {
		t.Fatal(err)
	}
	figures, _, err := report.Figures(t.Context(), report.Material{Sweep: s, Standings: standings, History: in.History})
	if err != nil {
		t.Fatal(err)
	}
	if in.Figures, err = page.Draw(figures); err != nil {
		t.Fatal(err)
	}
	text, err := page.Render(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "report.html")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	url := "file://" + file

	paper := map[string]string{}
	for _, k := range []struct {
		name  string
		width int64
		dark  bool
	}{{"phone, light", 390, false}, {"phone, dark", 390, true}, {"desktop, light", 1280, false}, {"desktop, dark", 1280, true}} {
		t.Run(k.name, func(t *testing.T) {
			b := open(t, ctx, k.width, k.dark)
			b.do(chromedp.Navigate(url))
			b.sound(url)
			if n := ask[int](b, shown+".length"); n != 12 {
				t.Errorf("%d rows, want 12", n)
			}
			paper[k.name] = ask[string](b, `getComputedStyle(document.body).backgroundColor`)
			if n := ask[int](b, `document.querySelectorAll("#figures figure svg").length`); n != len(figures) {
				t.Errorf("%d figures, want %d", n, len(figures))
			}
			// Whatever fonts there are here, words stay within their figures and nothing of an axis' table is cut.
			if out := ask[[]string](b, `[...document.querySelectorAll("svg.figure")].flatMap((s) => {
				const room = s.getBoundingClientRect();
				return [...s.querySelectorAll("text")].filter((t) => {
					const r = t.getBoundingClientRect();
					return r.left < room.left - 1 || r.right > room.right + 1 || r.top < room.top - 2 || r.bottom > room.bottom + 2;
				}).map((t) => s.id + ": " + t.textContent);
			})`); len(out) > 0 {
				t.Errorf("text stands out of its figure: %q", out)
			}
			if n := ask[int](b, `[...document.querySelectorAll(".axis")].filter((a) => a.scrollWidth > a.clientWidth).length`); n > 0 {
				t.Errorf("%d tables of axes are wider than their place", n)
			}
			if size := ask[float64](b, `parseFloat(getComputedStyle(document.body).fontSize)`); size < 15 {
				t.Errorf("text of %g px", size)
			}
		})
	}
	if paper["phone, light"] == paper["phone, dark"] || paper["desktop, light"] != paper["phone, light"] {
		t.Errorf("backgrounds %v", paper)
	}

	t.Run("sorting", func(t *testing.T) {
		b := open(t, ctx, 1280, false)
		b.do(chromedp.Navigate(url))
		column := func(at int) string {
			return shown + `.map((r) => r.cells[` + string(rune('0'+at)) + `].textContent).join(" ")`
		}
		byRank := ask[string](b, column(1))
		click := func(name string) { b.do(chromedp.Click(chromedp.CSS(`th[data-c="` + name + `"] button`))) }
		values := func(name string) string {
			return `(() => { const at = [...document.querySelectorAll("#board thead th")].findIndex((h) => h.dataset.c === "` + name + `");
				return ` + shown + `.map((r) => Number(r.cells[at].dataset.v ?? r.cells[at].textContent)); })()`
		}
		click("mean")
		if have := ask[[]float64](b, values("mean")); len(have) != 12 || !slices.IsSorted(have) || have[0] == have[11] {
			t.Errorf("by mean upwards: %v", have)
		}
		if have := ask[string](b, `document.querySelector('th[data-c="mean"]').getAttribute("aria-sort")`); have != "ascending" {
			t.Errorf("aria-sort %q", have)
		}
		click("mean")
		if have := ask[string](b, column(1)); have != byRank {
			t.Errorf("by mean downwards: %s, want %s", have, byRank)
		}
		click("params.batch_size")
		if have := ask[[]float64](b, values("params.batch_size")); len(have) != 12 || !slices.IsSorted(have) || have[0] != 16 || have[11] != 32 {
			t.Errorf("by batch size: %v", have)
		}
		click("params.batch_size")
		click("params.batch_size") // the third time: by rank again
		if have := ask[string](b, column(1)); have != byRank {
			t.Errorf("by rank again: %s, want %s", have, byRank)
		}
		b.sound(url)
	})

	t.Run("filtering", func(t *testing.T) {
		b := open(t, ctx, 1280, false)
		b.do(chromedp.Navigate(url))
		for _, k := range []struct {
			filter string
			rows   int
			says   string
		}{
			{"units=8", 6, "6 of 12 rows"},
			{"units=8, epochs>=2", 4, "4 of 12 rows"},
			{"params.units!=8,batch_size<32", 3, "3 of 12 rows"},
			{"rank<=3", 3, "3 of 12 rows"},
			{`state="complete"`, 3, `no column "state"`}, // all are complete: there is no such column; the rows stay
			{"units=", 3, "a value is missing"},
			{"nosuch=1", 3, `no column "nosuch"`},
			{standings[0].Trial.ID()[:8], 1, "1 of 12 rows"},
			{"trial=" + standings[1].Trial.ID()[:4], 1, "1 of 12 rows"},
			{"no such text", 0, "0 of 12 rows"},
			{"", 12, ""},
		} {
			b.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(() => { const f = document.getElementById("filter"); f.value = %q; f.dispatchEvent(new Event("input", {bubbles: true})); })()`, k.filter)))
			rows, says := ask[int](b, shown+".length"), ask[string](b, `document.getElementById("filter-says").textContent`)
			if rows != k.rows || !strings.Contains(says, k.says) {
				t.Errorf("%q: %d rows, says %q; want %d, %q", k.filter, rows, says, k.rows, k.says)
			}
		}
		// As a person does it.
		b.do(chromedp.SendKeys(chromedp.ID("filter"), "epochs=4"))
		if rows := ask[int](b, shown+".length"); rows != 4 {
			t.Errorf("typed: %d rows, want 4", rows)
		}
		b.sound(url)
	})

	t.Run("hovering", func(t *testing.T) {
		b := open(t, ctx, 1280, false)
		b.do(chromedp.Navigate(url))
		trial := standings[0].Trial.ID()[:8]
		// From the table to the figure.
		b.do(hover(`#board tr.leader th`))
		if n := ask[int](b, `document.querySelectorAll('.mark.lit[data-trial="`+trial+`"]').length`); n == 0 {
			t.Error("no mark lights up with its row")
		}
		// And back, with words.
		mark := `#fig-score .mark[data-trial="` + trial + `"]`
		b.do(hover(mark))
		if on := ask[bool](b, `document.querySelector("#board tr.leader").classList.contains("lit")`); !on {
			t.Error("the row does not light up with its mark")
		}
		if tip := ask[string](b, `(() => { const t = document.getElementById("tip"); return t.hidden ? "" : t.textContent; })()`); !strings.Contains(tip, trial) {
			t.Errorf("the tip says %q, want the trial %s", tip, trial)
		}
		b.do(hover(`h1`))
		if hidden := ask[bool](b, `document.getElementById("tip").hidden`); !hidden {
			t.Error("the tip stays")
		}
		b.sound(url)
	})

	t.Run("scripts off", func(t *testing.T) {
		b := open(t, ctx, 390, false)
		if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
			t.Fatal(err)
		}
		b.do(chromedp.Navigate(url))
		// The protocol still evaluates where the page may not.
		body := ask[string](b, `document.body.innerText`)
		for _, want := range []string{"The best of 12 complete points", standings[0].Trial.ID()[:8], "Provenance", s.Data.Fingerprint, "batch_size = [16, 32]"} {
			if !strings.Contains(body, want) {
				t.Errorf("%q cannot be read", want)
			}
		}
		if n := ask[int](b, `document.querySelectorAll("#board button").length`); n != 0 {
			t.Errorf("%d buttons without a script", n)
		}
		if height := ask[float64](b, `document.getElementById("controls").offsetHeight`); height != 0 {
			t.Error("a filter that does nothing is shown")
		}
		b.sound(url)
	})

	t.Run("print", func(t *testing.T) {
		b := open(t, ctx, 1280, true)
		b.do(chromedp.Navigate(url))
		pdf, err := chromedp.Run(b.ctx, chromedp.PrintToPDF())
		if err != nil || !strings.HasPrefix(string(pdf), "%PDF") {
			t.Errorf("%d bytes, %v", len(pdf), err)
		}
	})

	t.Run("live", func(t *testing.T) { lookLive(t, ctx) })
}

// hover moves the mouse over an element.
func hover(selector string) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		at, err := chromedp.Evaluate[[]float64](`(() => {
			const e = document.querySelector(`+"`"+selector+"`"+`);
			e.scrollIntoView({block: "center", behavior: "instant"});
			const r = e.getBoundingClientRect();
			return [r.x + r.width / 2, r.y + r.height / 2];
		})()`)(ctx, t)
		if err != nil {
			return chromedp.Void{}, err
		}
		return chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, at[0], at[1])(ctx, t)
	}
}

// lookLive follows a run in the browser: a curve grows, the leader changes, and what the
// reader sorted and filtered by stays.
func lookLive(t *testing.T, ctx context.Context) {
	l, s := newSource(t)
	base, _ := serve(t, l, web.Options{})
	b := open(t, ctx, 1280, false)
	b.do(chromedp.Navigate(base + "/"))
	b.until(`document.getElementById("link").textContent === "live"`)
	b.until(`document.getElementById("working").textContent.includes("36 fits to do")`)
	b.do(chromedp.SendKeys(chromedp.ID("filter"), "units=8"), chromedp.Click(chromedp.CSS(`th[data-c="params.epochs"] button`)))

	step, ended := make(chan struct{}), make(chan error, 1)
	monitor := new(search.Monitor)
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
	b.until(`document.querySelector(".state strong").textContent === "running"`)
	step <- struct{}{}
	b.until(`document.querySelector(".growing polyline.validation")?.points.length === 1`)
	step <- struct{}{}
	b.until(`document.querySelector(".growing polyline.validation")?.points.length === 2`)
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
	b.until(`document.querySelector(".state strong").textContent === "finished"`)
	b.until(`document.getElementById("verdict").textContent.includes("The best of 12 complete points")`)
	if rows := ask[int](b, shown+".length"); rows != 6 {
		t.Errorf("%d rows, want the 6 that were filtered", rows)
	}
	if sorted := ask[string](b, `document.querySelector('th[data-c="params.epochs"]').getAttribute("aria-sort")`); sorted != "ascending" {
		t.Errorf("sorted %q after the update", sorted)
	}
	b.sound(base)
}
