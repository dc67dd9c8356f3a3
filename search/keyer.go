package search

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
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
// trials has to answer at once: defaults depend on the trainer's own parameters
// only (the learning rate's on the optimizer), of which a grid has few
// combinations, and an ordinary name's piece depends on its own value only.
// A test holds it to the definition.
//
// Not for use by several goroutines at once.
type keyer struct {
	sweep  *Sweep
	own    []string // axes that are the trainer's parameters
	plain  []string // other names: axes and fixed, sorted
	memo   map[string][]piece
	pieces map[string]map[any][]byte // by name and value
	text   []byte                    // scratch
	sign   []byte                    // scratch
}

// A piece is the canonical bytes of one parameter.
type piece struct {
	name string
	text []byte
}

func newKeyer(s *Sweep) *keyer {
	k := &keyer{sweep: s, memo: make(map[string][]piece), pieces: make(map[string]map[any][]byte)}
	plain := make(map[string]bool)
	for _, axis := range s.File.Grid.Axes() {
		if trainer.IsParam(axis.Name) {
			k.own = append(k.own, axis.Name)
		} else {
			plain[axis.Name] = true
		}
	}
	for name := range s.File.Params {
		if !trainer.IsParam(name) {
			plain[name] = true
		}
	}
	k.plain = slices.Sorted(maps.Keys(plain))
	for _, name := range append(k.own, k.plain...) {
		k.pieces[name] = make(map[any][]byte)
	}
	return k
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
	for _, name := range k.plain {
		v, given := k.value(values, name)
		if !given {
			continue
		}
		for ; i < len(own) && own[i].name < name; i++ {
			if !withoutEpochs || own[i].name != epochs {
				text = append(text, own[i].text...)
			}
		}
		text = append(text, k.piece(name, v, true)...)
	}
	for ; i < len(own); i++ {
		if !withoutEpochs || own[i].name != epochs {
			text = append(text, own[i].text...)
		}
	}
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

// ownPieces are the pieces of the trainer's parameters, defaults filled in.
func (k *keyer) ownPieces(values map[string]any) []piece {
	sign := k.sign[:0]
	for _, name := range k.own {
		if v, active := values[name]; active {
			sign = append(sign, k.piece(name, v, false)...)
		}
	}
	k.sign = sign
	if known, ok := k.memo[string(sign)]; ok {
		return known
	}
	given := make(map[string]any)
	for _, from := range []map[string]any{k.sweep.File.Params, values} {
		for name, v := range from {
			if trainer.IsParam(name) {
				given[name] = v
			}
		}
	}
	effective := trainer.Effective(given)
	pieces := make([]piece, 0, len(effective))
	for _, name := range slices.Sorted(maps.Keys(effective)) {
		pieces = append(pieces, piece{name, canonical(name, effective[name])})
	}
	if len(k.memo) < memoLimit {
		k.memo[string(sign)] = pieces
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
	text := canonical(name, made)
	if known != nil && len(known) < memoLimit {
		known[v] = text
	}
	return text
}

// canonical is one entry of grids.Canonical: what follows the header of a table of
// one, a tag and a count of one byte each.
func canonical(name string, v any) []byte {
	return grids.Canonical(map[string]any{name: v})[2:]
}
