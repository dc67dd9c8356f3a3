package search

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"reflect"
	"slices"

	"espalier/grids"
	"espalier/trainer"
)

const epochs = "epochs"

// memoLimit bounds what a keyer remembers: combinations of the trainer's own
// parameters. Above it (a real distribution, say) each point is worked out anew.
const memoLimit = 50_000

// A keyer computes the keys of points. The key is grids.KeyOf(trainer.Effective(all
// parameters)); this does the same from pieces, since a leaderboard of 100,000
// trials has to answer at once. Most names are independent: their piece of the
// canonical text follows from their own value. Defaults may depend on another
// parameter (the learning rate's on the optimizer); such parameters are found by
// trying their values, and their combinations are worked out once each. A test
// holds the result to the definition.
//
// Not for use by several goroutines at once.
type keyer struct {
	sweep  *Sweep
	plain  []string                  // ordinary names: axes and fixed, sorted
	joint  []string                  // axes of the trainer's that other parameters' defaults depend on
	single map[string]bool           // its other axes
	memo   map[string][]piece        // the trainer's parameters, by the values of joint
	pieces map[string]map[any][]byte // by name and value
	text   []byte                    // scratch
	sign   []byte                    // scratch
}

// A piece is the canonical bytes of one parameter.
type piece struct {
	name   string
	text   []byte
	single bool // the point may have a value of its own
}

func newKeyer(s *Sweep) *keyer {
	k := &keyer{
		sweep: s, single: make(map[string]bool), memo: make(map[string][]piece), pieces: make(map[string]map[any][]byte),
	}
	plain := make(map[string]bool)
	fixed := k.own(nil)
	for _, axis := range s.File.Grid.Axes() {
		k.pieces[axis.Name] = make(map[any][]byte)
		switch {
		case !trainer.IsParam(axis.Name):
			plain[axis.Name] = true
		case independent(axis, fixed):
			k.single[axis.Name] = true
		default:
			k.joint = append(k.joint, axis.Name)
		}
	}
	for name := range s.File.Params {
		if !trainer.IsParam(name) {
			plain[name] = true
			k.pieces[name] = make(map[any][]byte)
		}
	}
	k.plain = slices.Sorted(maps.Keys(plain))
	return k
}

// own are the trainer's parameters of a point: fixed, and over it what is active.
func (k *keyer) own(values map[string]any) map[string]any {
	given := make(map[string]any)
	for _, from := range []map[string]any{k.sweep.File.Params, values} {
		for name, v := range from {
			if trainer.IsParam(name) {
				given[name] = v
			}
		}
	}
	return given
}

// trialLimit bounds the values of an axis that are tried for independence.
const trialLimit = 64

// independent tells whether the values of an axis leave the other effective
// parameters as they are.
func independent(axis grids.Axis, fixed map[string]any) bool {
	given := maps.Clone(fixed)
	delete(given, axis.Name)
	before := trainer.Effective(given)
	tried := axis.Values
	if tried == nil {
		tried = []any{endOf(axis, axis.Min), endOf(axis, axis.Max)}
	}
	for _, v := range tried[:min(len(tried), trialLimit)] {
		given[axis.Name] = v
		after := trainer.Effective(given)
		after[axis.Name] = before[axis.Name]
		if !maps.EqualFunc(before, after, func(a, b any) bool { return reflect.DeepEqual(a, b) }) {
			return false
		}
	}
	return true
}

// key of a point's active axes.
func (k *keyer) key(values map[string]any) grids.Key { return k.hash(values, false) }

// family is the key without epochs.
func (k *keyer) family(values map[string]any) grids.Key { return k.hash(values, true) }

func (k *keyer) hash(values map[string]any, withoutEpochs bool) grids.Key {
	own := k.ownPieces(values)
	// The header of a table: its tag and how many entries follow.
	n := len(own)
	for _, name := range k.plain {
		if _, given := k.value(values, name); given {
			n++
		}
	}
	if withoutEpochs {
		n--
	}
	text, i := binary.AppendUvarint(append(k.text[:0], 'm'), uint64(n)), 0
	upTo := func(name string, all bool) {
		for ; i < len(own) && (all || own[i].name < name); i++ {
			if withoutEpochs && own[i].name == epochs {
				continue
			}
			if own[i].single {
				if v, active := values[own[i].name]; active {
					text = append(text, k.piece(own[i].name, v, true)...)
					continue
				}
			}
			text = append(text, own[i].text...)
		}
	}
	for _, name := range k.plain {
		if v, given := k.value(values, name); given {
			upTo(name, false)
			text = append(text, k.piece(name, v, true)...)
		}
	}
	upTo("", true)
	k.text = text
	sum := sha256.Sum256(text)
	return grids.Key(sum[:16])
}

// value is what a point runs with under a name: its own or what is fixed.
func (k *keyer) value(values map[string]any, name string) (any, bool) {
	if v, active := values[name]; active {
		return v, true
	}
	v, fixed := k.sweep.File.Params[name]
	return v, fixed
}

// ownPieces are the pieces of the trainer's parameters, defaults filled in. Those
// of single axes hold what is fixed or the default.
func (k *keyer) ownPieces(values map[string]any) []piece {
	sign := k.sign[:0]
	for _, name := range k.joint {
		if v, active := values[name]; active {
			sign = append(sign, k.piece(name, v, false)...)
		}
	}
	k.sign = sign
	if known, ok := k.memo[string(sign)]; ok {
		return known
	}
	given := k.own(values)
	for name := range k.single {
		delete(given, name)
		if v, fixed := k.sweep.File.Params[name]; fixed {
			given[name] = v
		}
	}
	effective := trainer.Effective(given)
	for name := range k.single {
		if _, there := effective[name]; !there {
			// A parameter that its default leaves out: there where it is not.
			return k.wholePieces(values)
		}
	}
	pieces := make([]piece, 0, len(effective))
	for _, name := range slices.Sorted(maps.Keys(effective)) {
		pieces = append(pieces, piece{name, grids.AppendCanonical(nil, name, effective[name]), k.single[name]})
	}
	if len(k.memo) < memoLimit {
		k.memo[string(sign)] = pieces
	}
	return pieces
}

// wholePieces are the pieces of one point, by the definition.
func (k *keyer) wholePieces(values map[string]any) []piece {
	effective := trainer.Effective(k.own(values))
	pieces := make([]piece, 0, len(effective))
	for _, name := range slices.Sorted(maps.Keys(effective)) {
		pieces = append(pieces, piece{name, grids.AppendCanonical(nil, name, effective[name]), false})
	}
	return pieces
}

// piece is the canonical text of one name and value, remembered; with effective
// it is that of the value the trainer makes of it.
func (k *keyer) piece(name string, v any, effective bool) []byte {
	known := k.pieces[name]
	switch v.(type) {
	case string, bool, int64, float64:
		if text, ok := known[v]; ok {
			return text
		}
	default: // lists and tables are no map keys
		known = nil
	}
	made := v
	if effective {
		made = trainer.Effective(map[string]any{name: v})[name]
	}
	text := grids.AppendCanonical(nil, name, made)
	if known != nil && len(known) < memoLimit {
		known[v] = text
	}
	return text
}
