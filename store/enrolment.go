package store

import (
	"encoding/json"
	"fmt"

	"espalier/search"
)

// enrolled is an enrolment as it is kept, with what ties its records to it.
type enrolled struct {
	search.Enrolment
	generation uint64
}

func (e enrolled) scope() scope { return scope{id: e.ID, generation: e.generation} }

// encodeEnrolment gives the sealed record of an enrolment. What is known of the
// data is JSON in it, so that a field added there needs no new format.
func encodeEnrolment(e enrolled) ([]byte, error) {
	info, err := json.Marshal(e.Data)
	if err != nil {
		return nil, fmt.Errorf("encode data info: %w", err)
	}
	w := &encoder{}
	w.fixed(e.generation)
	w.string(e.Name)
	w.string(e.Path)
	w.bytes(e.Source)
	w.strings(e.Overrides)
	w.string(e.Folder)
	w.bytes(info)
	w.bytes(e.Init)
	w.string(e.Version)
	w.time(e.Created)
	return scope{id: e.ID}.seal(tagSweep, e.ID[:], w.buf), nil
}

// decodeEnrolment reads a record of the bucket of sweeps. Current is for the
// caller to fill in: it is a matter of the names, not of the record.
func decodeEnrolment(key, value []byte) (enrolled, error) {
	var e enrolled
	if len(key) != len(e.ID) {
		return e, fmt.Errorf("a sweep ID has %d bytes, not %d", len(e.ID), len(key))
	}
	copy(e.ID[:], key)
	body, err := scope{id: e.ID}.unseal(tagSweep, key, value)
	if err != nil {
		return e, err
	}
	d := &decoder{buf: body}
	e.generation = d.fixed()
	e.Name, e.Path, e.Source = d.string(), d.string(), d.bytes()
	e.Overrides, e.Folder = d.strings(), d.string()
	info := d.bytes()
	e.Init, e.Version, e.Created = d.bytes(), d.string(), d.time()
	if err := d.end(); err != nil {
		return e, err
	}
	if err := json.Unmarshal(info, &e.Data); err != nil {
		return e, fmt.Errorf("decode data info: %w", err)
	}
	return e, nil
}
