package search

import (
	"encoding/hex"
	"fmt"
)

// SweepID hashes what every point of a sweep shares: name, seed, data
// fingerprint, folds, model (with the bytes of init), metric and strategy, and
// under random search the grid. See identity for the exact list.
type SweepID [16]byte

// String is the ID in lower-case hex, 32 characters.
func (id SweepID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText writes the ID as String does.
func (id SweepID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (id *SweepID) UnmarshalText(text []byte) error {
	parsed, err := ParseSweepID(string(text))
	if err == nil {
		*id = parsed
	}
	return err
}

// ParseSweepID reads the 32 hex characters of String.
func ParseSweepID(text string) (SweepID, error) {
	var id SweepID
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(id) {
		return id, fmt.Errorf("read sweep ID %q: want 32 hex characters", text)
	}
	copy(id[:], raw)
	return id, nil
}
