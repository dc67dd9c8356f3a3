package page_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"espalier/grids"
	"espalier/search"
	"espalier/search/report/page"
	"espalier/search/searchtest"
	"espalier/trainer"
	"espalier/trainer/dataset"
)

// A scene is a sweep and what a ledger holds of it.
type scene struct {
	sweep  *search.Sweep
	ledger *searchtest.Ledger
}

// newScene enrolls a sweep over some data.
func newScene(t testing.TB, text string, info dataset.Info) *scene {
	t.Helper()
	f, err := grids.Parse("test.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := search.New(f, "", info, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &scene{sweep: s, ledger: searchtest.NewLedger()}
	if err := c.ledger.Enroll(t.Context(), s, false); err != nil {
		t.Fatal(err)
	}
	return c
}

// run records what a scripted training of everything gives.
func (c *scene) run(t testing.TB, curve searchtest.Curve) {
	t.Helper()
	if _, err := search.Run(t.Context(), c.sweep, c.ledger, searchtest.Scripted(curve, nil), search.Options{Workers: 2, Version: "test"}); err != nil {
		t.Fatal(err)
	}
}

// input gathers the scene for a page.
func (c *scene) input(t testing.TB, status *search.Status) *page.Input {
	t.Helper()
	list, err := c.ledger.Sweeps(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	in, err := page.Gather(t.Context(), c.ledger, list[0], c.sweep, status)
	if err != nil {
		t.Fatal(err)
	}
	in.Version = "test"
	return in
}

// render is the page of the scene.
func (c *scene) render(t testing.TB) string {
	t.Helper()
	text, err := page.Render(c.input(t, nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// units scores by width, with a little that depends on the fold.
func units(params map[string]any, slot, epoch int) float64 {
	n, _ := params["units"].(int64)
	b, _ := params["batch_size"].(int64)
	return 0.5 + float64(n)/100 - float64(b)/1000 + float64(epoch)/50 + float64(slot*slot)/1000 + float64(slot)*float64(n)/5000
}

func want(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("the page does not have %q", p)
		}
	}
}

func refuse(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if strings.Contains(text, p) {
			t.Errorf("the page has %q", p)
		}
	}
}

func TestPage(t *testing.T) {
	c := newScene(t, searchtest.Small, searchtest.Info())
	c.run(t, units)
	text := c.render(t)
	want(t, text, "<h1><bdi>small</bdi></h1>", "best accuracy", "finished", c.sweep.ID.String(), c.sweep.Data.Fingerprint,
		"paired t-test over 3 folds", "One standard error", "Tibshirani", "batch_size = [16, 32]", "data:application/toml;base64,", "1000 training rows")
	// Every fold ranks the winner first.
	want(t, text, "no fold by itself would have preferred another point")
	refuse(t, text, "by about 0.0000")
	if n := strings.Count(text, "<tr id="); n != 12 {
		t.Errorf("%d rows, want 12", n)
	}
	standings, err := search.Rank(c.sweep, c.ledger.Facts(t.Context(), c.sweep.ID))
	if err != nil {
		t.Fatal(err)
	}
	want(t, text, fmt.Sprintf(`<a class="id" href="#t%d"`, standings[0].Trial.Order), fmt.Sprintf(`data-v="%v">%.4f</td>`, standings[0].Mean, standings[0].Mean))
	if !page.Is([]byte(text[:256])) || page.Is([]byte("<!doctype html><title>mine</title>")) {
		t.Error("a page is not known as one, or another file is")
	}
}

// Nothing in a page is loaded from anywhere or allowed to run but its own script.
func TestPageIsSelfContained(t *testing.T) {
	c := newScene(t, searchtest.Small, searchtest.Info())
	c.run(t, units)
	text := c.render(t)
	refuse(t, text, "http://", "https://", "//cdn", `style="`, "onclick", "onload", "javascript:", "@import", "url(", "ZgotmplZ")
	want(t, text, "default-src &#39;none&#39;", "script-src &#39;sha256-", "style-src &#39;sha256-")
	if n := strings.Count(text, "<script"); n != 1 {
		t.Errorf("%d scripts", n)
	}
}

// The states that a sweep can be in, each with words of its own.
func TestPageOfAnyState(t *testing.T) {
	one := strings.NewReplacer("batch_size = [16, 32]", "batch_size = [16]", "epochs = [1, 2, 4]", "epochs = [2]", "units = [4, 8]", "units = [4]").Replace(searchtest.Small)
	holdout := strings.Replace(searchtest.Small, "k = 3", "scheme = \"holdout\"\nfraction = 0.25", 1)
	diverging := func(map[string]any, int, int) float64 { return math.NaN() }
	for _, k := range []struct {
		name  string
		text  string
		curve searchtest.Curve
		want  []string
		not   []string
	}{
		{"nothing is done", searchtest.Small, nil, []string{"No point has a result on every fold yet", "not running", "36 fits to do", ">pending<"}, []string{"Optimism", "NaN"}},
		{"one point", one, units, []string{"The one complete point is", "finished"}, []string{"tied with", "One standard error", "Optimism", "NaN"}},
		{"one fold", holdout, units, []string{"by how much cannot be estimated from one fold", "hold-out of 0.25"}, []string{"NaN", "deviation</bdi>"}},
		{"all diverged", searchtest.Small, diverging, []string{"Without a score", "loss is not finite at epoch 1, step 1", "No point has a score on every fold: see below", "36 fits diverged", ">diverged<"}, []string{"NaN", "has a result on every fold"}},
		{"loss", strings.Replace(searchtest.Small, "[grid]", "[search]\nmetric = \"loss\"\n[grid]", 1), units, []string{"best loss", "lower is better"}, []string{"NaN"}},
	} {
		t.Run(k.name, func(t *testing.T) {
			c := newScene(t, k.text, searchtest.Info())
			if k.curve != nil {
				c.run(t, k.curve)
			}
			text, _, _ := strings.Cut(c.render(t), "<script>")
			want(t, text, k.want...)
			refuse(t, text, k.not...)
		})
	}
}

// A sweep that runs: what the workers are at, with the curve of one that has trained.
func TestPageOfARun(t *testing.T) {
	c := newScene(t, searchtest.Small, searchtest.Info())
	var trial search.Trial
	for trial = range c.sweep.Trials() {
		break
	}
	loss, accuracy, later := 0.5, 0.75, 0.875
	status := search.Status{
		Sweep: "small", ID: c.sweep.ID, Metric: "accuracy", Running: true, Elapsed: 75, Left: 3700, Rate: 12.5, Total: 36, Done: 9, Trials: 12,
		Workers: []search.WorkerStatus{
			{Worker: 0, Trial: trial.ID(), Slot: 2, Epoch: 3, Epochs: 4, Curve: []search.EpochStatus{
				{Epoch: 1, Loss: &loss, Accuracy: &loss, Validation: &accuracy}, {Epoch: 2, Loss: &loss, Accuracy: &accuracy, Validation: &later},
			}},
			{Worker: 1},
			{Worker: 2, Trial: "<b>", Slot: -1, Epoch: 1, Epochs: 1},
		},
	}
	in := c.input(t, &status)
	text, err := page.Render(in, &page.Live{Events: "/s/1/events", Home: "/", Saved: "/s/1/report.html"})
	if err != nil {
		t.Fatal(err)
	}
	want(t, string(text), `data-events="/s/1/events"`, "for 1 min 15 s, 12.5 fits a minute, about 1 h 01 min left", "25 %", "epoch 2: validation 0.8750", "epoch 2: train 0.7500",
		"waiting for a job", "epoch 3 of 4", "all rows", "9 of 36", `<noscript><meta http-equiv="refresh"`)
	refuse(t, string(text), "<b></span>", "http-equiv=\"Content-Security-Policy\"") // serve sends it as a header
	parts, err := page.Working(in)
	if err != nil || len(parts) != 1 || !strings.Contains(string(text), parts[0].HTML) {
		t.Errorf("%d parts, %v: want the piece that the page has", len(parts), err)
	}
	parts, err = page.Parts(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range parts {
		if !strings.Contains(string(text), fmt.Sprintf("<div id=%q>%s</div>", p.ID, p.HTML)) {
			t.Errorf("piece %q is not in the page as it is", p.ID)
		}
	}
}

// Some trials failed, some diverged, some are half done: each says why.
func TestPageOfFailures(t *testing.T) {
	c := newScene(t, searchtest.Small, searchtest.Info())
	c.run(t, func(params map[string]any, slot, epoch int) float64 {
		if params["units"] == int64(8) && slot == 1 && epoch == 2 {
			return math.NaN()
		}
		return units(params, slot, epoch)
	})
	var facts []search.Fact
	for trial := range c.sweep.Trials() {
		if trial.Point.Values["units"] == int64(8) && trial.Point.Values["epochs"] == int64(4) {
			facts = append(facts, search.Fact{Retraction: &search.Retraction{Trial: trial.Key, Slot: 1}},
				search.Fact{Failure: &search.Failure{Trial: trial.Key, Slot: 1, Reason: "exceeded the limit of <2s> for one job\nsecond line", Recorded: time.Now()}})
		}
	}
	if err := c.ledger.Record(t.Context(), c.sweep.ID, facts...); err != nil {
		t.Fatal(err)
	}
	text := c.render(t)
	want(t, text, "Without a score", "loss is not finite at epoch 2, step 1", "exceeded the limit of &lt;2s&gt; for one job", ">failed<", ">diverged<", "2 failed", "2 diverged")
	refuse(t, text, "second line", "<2s>")
}

// Names come from files of others: they are text, and stay where they stand.
func TestPageEscapesNames(t *testing.T) {
	const evil = `</script><script>alert(1)</script>`
	info := searchtest.Info()
	info.Classes = []string{`<img src=x onerror=alert(1)>`, "日本語 \u202eabc", "Ελληνικά"}
	info.Source = `"><svg onload=alert(1)>`
	c := newScene(t, strings.NewReplacer(`name = "small"`, "name = '"+evil+" 日本'", `"nowhere"`, `'"><svg onload=alert(1)>'`).Replace(searchtest.Small), info)
	c.run(t, units)
	standings, err := search.Rank(c.sweep, c.ledger.Facts(t.Context(), c.sweep.ID))
	if err != nil {
		t.Fatal(err)
	}
	classes := make([]trainer.Class, 3)
	err = c.ledger.Record(t.Context(), c.sweep.ID,
		search.Fact{Refit: &search.RefitRecord{Trial: standings[0].Trial.Key, Model: "feed"}},
		search.Fact{Test: &search.TestRecord{Model: "feed", Result: trainer.Evaluation{Classes: classes, Rows: 3}}},
		search.Fact{Run: &search.RunRecord{Version: "<b>1</b>", Exit: "<i>broke\x1b[31m</i>"}})
	if err != nil {
		t.Fatal(err)
	}
	text := c.render(t)
	if n := strings.Count(text, "<script"); n != 1 {
		t.Errorf("%d scripts", n)
	}
	refuse(t, text, "<img", "<svg onload", "alert(1)</script>", "\u202e", "\x1b", "<i>")
	want(t, text, "<h1><bdi>&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt; 日本</bdi></h1>", "Ελληνικά", `日本語 \u202eabc`, "&lt;i&gt;broke")
}

// A thousand classes, tested.
func TestPageOfManyClasses(t *testing.T) {
	info := searchtest.Info()
	info.Classes = nil
	var classes []trainer.Class
	for i := range 1000 {
		info.Classes = append(info.Classes, fmt.Sprintf("<class %d>", i))
		classes = append(classes, trainer.Class{Precision: 0.5, Recall: 0.5, F1: 0.5, Support: 10})
	}
	c := newScene(t, searchtest.Small, info)
	c.run(t, units)
	standings, err := search.Rank(c.sweep, c.ledger.Facts(t.Context(), c.sweep.ID))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 22, 18, 30, 0, 0, time.UTC)
	err = c.ledger.Record(t.Context(), c.sweep.ID,
		search.Fact{Refit: &search.RefitRecord{Trial: standings[0].Trial.Key, Digest: "d", Epochs: 4, Model: "feed", Recorded: at}},
		search.Fact{Test: &search.TestRecord{Model: "feed", Recorded: at, Result: trainer.Evaluation{Scores: trainer.Scores{Accuracy: 0.875}, Classes: classes, Rows: 10_000}}})
	if err != nil {
		t.Fatal(err)
	}
	text := c.render(t)
	want(t, text, "test accuracy", "0.8750", "&lt;class 0&gt;", "and 900 more classes", "22 November 2026, 18:30 UTC", "the only model of the sweep")
	refuse(t, text, "<class 0>")
}

// large is a sweep of so many points, all on one axis beside others.
func large(points int) string {
	return strings.NewReplacer("units = [4, 8]", fmt.Sprintf("learning_rate = { min = 0.001, max = 0.9, steps = %d }", points/4), "epochs = [1, 2, 4]", "epochs = [1, 2]", `"$units"`, "4").Replace(searchtest.Small)
}

func TestPageOfManyPoints(t *testing.T) {
	for _, k := range []struct {
		points, rows, bytes int
		limit               time.Duration
		says                string
	}{
		{500, 500, 1_000_000, 2 * time.Second, ""},
		{10_000, page.RowLimit, 2_000_000, 4 * time.Second, "9000 more points are left out here"},
	} {
		t.Run(fmt.Sprint(k.points), func(t *testing.T) {
			c := newScene(t, large(k.points), searchtest.Info())
			c.fabricate(t)
			started := time.Now()
			text := c.render(t)
			took := time.Since(started)
			t.Logf("%d points: %d bytes in %s", k.points, len(text), took)
			if n := strings.Count(text, "<tr id="); n != k.rows {
				t.Errorf("%d rows, want %d", n, k.rows)
			}
			if len(text) > k.bytes || took > k.limit {
				t.Errorf("%d bytes in %s, want %d in %s", len(text), took, k.bytes, k.limit)
			}
			want(t, text, k.says)
		})
	}
}

// fabricate records an outcome for every (trial, slot) without training.
func (c *scene) fabricate(t testing.TB) {
	t.Helper()
	var facts []search.Fact
	for trial := range c.sweep.Trials() {
		rate, _ := trial.Point.Values["learning_rate"].(float64)
		for slot := range c.sweep.Slots() {
			score := 0.9 - (rate-0.3)*(rate-0.3) - float64((trial.Order*7919+slot*104729)%1000)/20_000
			facts = append(facts, search.Fact{Outcome: &search.Outcome{
				Trial: trial.Key, Slot: slot, State: search.Complete, Epochs: 2, Best: 2, Seconds: 1.25, Revision: "1", Kernel: "avx2",
				Scores: trainer.Scores{Loss: 1 - score, Accuracy: score, F1: score, Precision: score, Recall: score}, Train: trainer.Scores{Loss: 0.1, Accuracy: score + 0.01},
			}})
		}
	}
	if err := c.ledger.Record(context.Background(), c.sweep.ID, facts...); err != nil {
		t.Fatal(err)
	}
}
