package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"espalier/search"
	"espalier/search/report"
)

var (
	//go:embed page.html
	pageText string
	//go:embed page.css
	ownStyle string
	//go:embed page.js
	scriptText string
)

// styleText is the page's style with the colours of its figures.
var styleText = report.ThemeCSS() + ownStyle

// templates are parsed once, when the program starts: a mistake in them is found by
// any test.
var templates = template.Must(template.New("page").Funcs(template.FuncMap{"plural": plural, "thousands": thousands}).Parse(pageText))

// Live makes Render's page one that follows a run.
type Live struct {
	Events string // path of the event stream
	Home   string // path of the list of sweeps; "": there is none
	Saved  string // path of the page to keep
}

// view is what page.html sees.
type view struct {
	Title      string
	Name       string
	Lede       string
	Headlines  []headline
	Working    working
	Verdict    verdict
	Board      board
	Axes       []axis
	Settings   []setting
	Troubles   []trouble
	More       int // troubles that are not listed
	Tested     *tested
	Figures    []drawing
	Missing    []Missing
	Provenance []setting
	Source     source
	Live       *Live
	Policy     string
	Style      template.CSS
	Script     template.JS
}

type drawing struct {
	ID, Title, Caption string
	Wide               bool
	SVG                template.HTML
}

// Policy is the content security policy of a page: its own style and script by their
// hashes, images that stand in it, and nothing from anywhere. live adds the page's own
// server for the event stream.
func Policy(live bool) string {
	connect := ""
	if live {
		connect = " connect-src 'self';"
	}
	return fmt.Sprintf("default-src 'none'; script-src '%s'; style-src '%s'; img-src data:;%s base-uri 'none'; form-action 'none'",
		hash(scriptText), hash(styleText), connect)
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// Render makes the whole page; live is nil for one that stands by itself.
func Render(in *Input, live *Live) ([]byte, error) {
	v := newView(in)
	v.Live = live
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, "page", v); err != nil {
		return nil, fmt.Errorf("write the page of sweep %q: %w", in.Sweep.File.Name, err)
	}
	return b.Bytes(), nil
}

// Is tells whether a file that begins so was written by Render.
func Is(head []byte) bool {
	return bytes.HasPrefix(head, []byte("<!doctype html>")) && bytes.Contains(head, []byte(`<meta name="generator" content="Espalier">`))
}

// Part is a piece of the page that changes while a sweep runs.
type Part struct {
	ID   string `json:"id"` // of its element
	HTML string `json:"html"`
}

// parts by how often they change: with every look, and with every recorded fact.
var (
	quickParts = []string{"working"}
	slowParts  = []string{"headlines", "verdict", "board", "searched", "troubles", "tested", "provenance"}
)

// Working makes the parts that change all the time.
func Working(in *Input) ([]Part, error) {
	return render(&view{Working: newWorking(in)}, quickParts)
}

// Parts makes those that change with a fact, the figures among them where in has any.
func Parts(in *Input) ([]Part, error) {
	names := slowParts
	if len(in.Figures) > 0 {
		names = append(slices.Clone(names), "drawn")
	}
	return render(newView(in), names)
}

// RenderList is a page with links to the pages of sweeps, by ID below /s/.
func RenderList(list []search.Enrolment) ([]byte, error) {
	type entry struct{ Name, Data, Created, ID, Link string }
	v := struct {
		Sweeps []entry
		Style  template.CSS
	}{Style: template.CSS(styleText)}
	for _, e := range list {
		v.Sweeps = append(v.Sweeps, entry{clean(e.Name), clean(e.Data.Source), moment(e.Created), e.ID.String()[:12], "/s/" + e.ID.String()})
	}
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, "sweeps", v); err != nil {
		return nil, fmt.Errorf("write the list of sweeps: %w", err)
	}
	return b.Bytes(), nil
}

func render(v *view, names []string) ([]Part, error) {
	v.Live = &Live{}
	out := make([]Part, 0, len(names))
	for _, name := range names {
		var b strings.Builder
		if err := templates.ExecuteTemplate(&b, name, v); err != nil {
			return nil, fmt.Errorf("write part %q of the page: %w", name, err)
		}
		out = append(out, Part{ID: name, HTML: b.String()})
	}
	return out, nil
}

func newView(in *Input) *view {
	s := in.Sweep
	var standings []search.Standing // the rows shown, and all complete ones
	complete := 0
	for i := range in.Ranking.Len() {
		st := in.Ranking.At(i)
		if st.State != search.Complete && i >= RowLimit {
			break
		}
		standings = append(standings, st)
		if st.State == search.Complete {
			complete++
		}
	}
	done := standings[:complete]
	tied := search.Ties(s, done)
	v := &view{
		Title: clean(s.File.Name) + " · Espalier", Name: clean(s.File.Name),
		Verdict: newVerdict(in, done, tied), Board: newBoard(in, standings, tied), Axes: newAxes(s, done), Settings: newSettings(in),
		Tested: newTested(in, done), Working: newWorking(in), Missing: in.Missing, Provenance: newProvenance(in), Source: newSource(in),
		Style: template.CSS(styleText), Script: template.JS(scriptText), Policy: Policy(false),
	}
	v.Troubles, v.More = newTroubles(in)
	v.Headlines = newHeadlines(in, v.Verdict, v.Tested)
	v.Lede = fmt.Sprintf("%s on %s, ranked by %s", plural(in.Ranking.Len(), "point"), clean(s.Data.Source), title(s.Metric))
	for _, f := range in.Figures {
		v.Figures = append(v.Figures, drawing{ID: f.ID, Title: clean(f.Title), Caption: clean(f.Caption), Wide: f.Wide, SVG: template.HTML(f.SVG)})
	}
	return v
}
