package search

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"espalier/grids"
	"espalier/trainer/dataset"
)

// A field is one part of a sweep's identity: a key of the sweep file (or of what
// was loaded for it) and its canonical text.
type field struct{ key, text string }

// identity lists what every point of a sweep shares, in the order of the sweep
// file, so that the difference between two enrolments can be told field by field.
//
// In it: name, seed, the data's fingerprint and scaling, the folds' scheme with
// the options that this scheme reads, strategy, metric, when validation happens
// (it decides what "best epoch" means), the layers and the bytes of init. Under
// random search also the grid, since every draw depends on all of it.
//
// Not in it: the grid under grid search, [params], `trials` and [refit], so that a
// sweep can grow; paths, so that a folder can move.
func identity(f *grids.File, data dataset.Info, init []byte) []field {
	id := []field{
		{"name", strconv.Quote(f.Name)},
		{"seed", strconv.FormatUint(f.Seed, 10)},
		{"data", data.Fingerprint},
		{"data.scale", scaleOf(f, data)},
		{"folds.scheme", strconv.Quote(f.Folds.Scheme)},
	}
	if f.Folds.Scheme == holdout {
		id = append(id,
			field{"folds.fraction", inline(f.Folds.Fraction)},
			field{"folds.position", strconv.Quote(f.Folds.Position)})
	} else {
		id = append(id,
			field{"folds.k", strconv.Itoa(f.Folds.K)},
			field{"folds.shuffle", strconv.FormatBool(f.Folds.Shuffle)})
	}
	if f.Folds.Scheme == grouped {
		id = append(id, field{"folds.group", strconv.Quote(f.Folds.Group)})
	}
	id = append(id,
		field{"folds.repeats", strconv.Itoa(max(1, f.Folds.Repeats))},
		field{"search.strategy", strconv.Quote(f.Search.Strategy)},
		field{"search.metric", strconv.Quote(metricOf(f))},
		field{"search.validate", strconv.Quote(f.Search.Validate)})
	if f.Search.Strategy == random {
		id = append(id, gridFields(f)...)
	}
	for i, layer := range f.Model.Layers {
		id = append(id, field{fmt.Sprintf("model.layers[%d]", i), inline(layer)})
	}
	if init != nil {
		sum := sha256.Sum256(init)
		id = append(id, field{"model.init", "weights " + hex.EncodeToString(sum[:])})
	}
	return id
}

// conditionsKey is a part of the identity that is a hash, and so told in other words.
const conditionsKey = "grid, with its conditions"

// gridFields describe a grid that is drawn from: its axes one by one, for a
// difference that can be read, and a hash of the whole with what ties the axes
// together (conditions, exclusions, the products of a union).
func gridFields(f *grids.File) (fields []field) {
	for _, axis := range f.Grid.Axes() {
		text := inline(axis.Values)
		if axis.Values == nil {
			text = fmt.Sprintf("min = %s, max = %s, log = %t, integer = %t",
				inline(axis.Min), inline(axis.Max), axis.Log, axis.Integer)
		}
		fields = append(fields, field{"grid." + axis.Name, text})
	}
	sum := sha256.Sum256([]byte(f.Grid.Canonical()))
	return append(fields,
		field{"grid", count(f.Grid.Count(), "point")},
		field{conditionsKey, hex.EncodeToString(sum[:])})
}

// hashIdentity is the SweepID: SHA-256, cut to 16 bytes, over every field as
// "key NUL length NUL text", after a version of this list itself.
func hashIdentity(id []field) SweepID {
	h := sha256.New()
	fmt.Fprint(h, "espalier sweep 1\x00")
	for _, f := range id {
		fmt.Fprintf(h, "%s\x00%d\x00%s", f.key, len(f.text), f.text)
	}
	return SweepID(h.Sum(nil)[:16])
}

// differences tells what changed between two identities: "seed: 7 → 8".
func differences(old, now []field) []string {
	was, is := make(map[string]string), make(map[string]string)
	for _, f := range old {
		was[f.key] = f.text
	}
	for _, f := range now {
		is[f.key] = f.text
	}
	var out []string
	for _, f := range now {
		if before, had := was[f.key]; !had {
			out = append(out, fmt.Sprintf("%s: nothing → %s", f.key, shorten(f.text)))
		} else if before != f.text {
			out = append(out, fmt.Sprintf("%s: %s → %s", f.key, shorten(before), shorten(f.text)))
		}
	}
	for _, f := range old {
		if _, still := is[f.key]; !still {
			out = append(out, fmt.Sprintf("%s: %s → nothing", f.key, shorten(f.text)))
		}
	}
	return out
}

// spellConditions puts words in the place of the hash over a whole grid: which
// conditions and exclusions are new and which are gone. Where an axis differs that
// is told already, and the hash says no more.
func spellConditions(diff, was, is []string) (out []string) {
	only := func(a, b []string) []string {
		return slices.DeleteFunc(slices.Clone(a), func(line string) bool { return slices.Contains(b, line) })
	}
	gone, added := only(was, is), only(is, was)
	told := len(gone)+len(added) > 0 || slices.ContainsFunc(diff, func(d string) bool { return strings.HasPrefix(d, "grid.") || strings.HasPrefix(d, "grid: ") })
	for _, d := range diff {
		if !told || !strings.HasPrefix(d, conditionsKey+": ") {
			out = append(out, d)
			continue
		}
		for i := range max(len(gone), len(added)) {
			before, after := "nothing", "nothing"
			if i < len(gone) {
				before = gone[i]
			}
			if i < len(added) {
				after = added[i]
			}
			out = append(out, fmt.Sprintf("grid: %s → %s", shorten(before), shorten(after)))
		}
	}
	return out
}

// shorten keeps a difference readable: hashes to 12 characters, the rest to 160.
func shorten(text string) string {
	if len(text) == 64 && strings.Trim(text, "0123456789abcdef") == "" {
		return text[:12] + "…"
	}
	if r := []rune(text); len(r) > 160 {
		return string(r[:160]) + "…"
	}
	return text
}

// inline writes a value of the sweep file as TOML would on one line, keys sorted,
// numbers canonical: 3 and 3.0 are the same text.
func inline(v any) string {
	switch v := v.(type) {
	case string:
		return strconv.Quote(v)
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return strconv.FormatInt(int64(v), 10)
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	case map[string]any:
		parts := make([]string, 0, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, k+" = "+inline(v[k]))
		}
		return "{ " + strings.Join(parts, ", ") + " }"
	case []any:
		parts := make([]string, 0, len(v))
		for _, e := range v {
			parts = append(parts, inline(e))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return fmt.Sprint(v)
}

// Error is one line for the diagnosis and one a difference.
func (e *SweepChangedError) Error() string {
	return fmt.Sprintf("sweep %q is another one than that in the store: %s", e.Name, strings.Join(e.Differences, "; "))
}

// Unwrap is ErrSweepChanged.
func (e *SweepChangedError) Unwrap() error { return ErrSweepChanged }

// Changed compares a sweep with what is enrolled under its name: nil, or a
// *SweepChangedError with every field of the identity that differs.
func Changed(old Enrolment, s *Sweep) error {
	if old.ID == s.ID {
		return nil
	}
	now := identity(s.File, s.Data, s.Init)
	f, err := grids.Parse(old.Path, old.Source, old.Overrides...)
	if err != nil {
		return &SweepChangedError{Name: old.Name, Differences: []string{
			fmt.Sprintf("the file in the store cannot be read by this version: %v", err)}}
	}
	diff := differences(identity(f, old.Data, old.Init), now)
	diff = spellConditions(diff, f.Grid.Conditions(), s.File.Grid.Conditions())
	if len(diff) == 0 {
		diff = []string{"the ID is computed in another way by the version that enrolled it"}
	}
	return &SweepChangedError{Name: old.Name, Differences: diff}
}
