package trainer

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// A snapshot is a frame (see frame.go) of a JSON header and the fitter's flat slices in memory
// layout: values, moving statistics, the optimizer's moments, and where the config has them the
// moving average and the best epoch's values.

var snapshotMagic = [8]byte{'E', 'S', 'P', 'F', 'I', 'T', '\r', '\n'}

const snapshotVersion = 1

// snapshotHeader says what the floats belong to, and holds the counters.
type snapshotHeader struct {
	Config   string // digest of the config, and of all of the task that decides numbers
	Revision string
	Kernel   string
	Floats   int
	State    state
}

// Snapshot is weights, optimizer state, counters, history and running sums: a fit restored from it is
// bit-equal to one never interrupted. Versioned and checksummed. It is nil where there is nothing good
// to keep: the loss or the weights are not finite.
func (f *Fitter) Snapshot() []byte {
	if f.diverged != nil || !finite(f.network.values) || !finite(f.network.moving) {
		return nil
	}
	s := f.now
	s.Product = f.optimizer.product
	parts := f.parts()
	h := snapshotHeader{Config: f.digest(), Revision: Revision(), Kernel: Kernel(), State: s}
	for _, p := range parts {
		h.Floats += len(p)
	}
	header, err := json.Marshal(h)
	if err != nil {
		return nil // a history with a value that is not finite is nothing good to keep either
	}
	body := make([]byte, 0, 4*h.Floats)
	for _, p := range parts {
		body = appendFloats(body, p)
	}
	return writeFrame(snapshotMagic, snapshotVersion, header, body)
}

// parts are the flat slices of a snapshot in order.
func (f *Fitter) parts() [][]float32 {
	parts := [][]float32{f.network.values, f.network.moving}
	parts = append(parts, f.optimizer.moments...)
	return append(parts, f.average, f.best, f.bestMoving)
}

// Restore continues from a snapshot of the same config, task and rows. Where the config shares
// prefixes the number of epochs may differ. An error (damage, another version, config, revision or
// kernel path) leaves the fitter at the start.
func (f *Fitter) Restore(snapshot []byte) error {
	f.start()
	header, body, err := readFrame(snapshotMagic, snapshotVersion, "snapshot", snapshot)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	var h snapshotHeader
	d := json.NewDecoder(bytes.NewReader(header))
	d.DisallowUnknownFields()
	if err := d.Decode(&h); err != nil {
		return fmt.Errorf("restore: snapshot header: %w", err)
	}
	if err := f.accept(h, len(body)); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	floats := readFloats(body)
	for _, p := range f.parts() {
		copy(p, floats)
		floats = floats[len(p):]
	}
	f.now = h.State
	f.optimizer.product = h.State.Product
	return nil
}

// accept tells why a snapshot that is whole is none of this fit.
func (f *Fitter) accept(h snapshotHeader, size int) error {
	floats := 0
	for _, p := range f.parts() {
		floats += len(p)
	}
	s := h.State
	seen := min(s.Batch*f.config.Params.BatchSize, len(f.order))
	switch {
	case h.Kernel != Kernel():
		return fmt.Errorf("the snapshot was made with %q kernels, these are %q", h.Kernel, Kernel())
	case h.Revision != Revision():
		return fmt.Errorf("the snapshot was made by revision %s of the trainer, this is %s", h.Revision, Revision())
	case h.Config != f.digest():
		return errors.New("the snapshot is of another config, fold or other rows")
	case h.Floats != floats || size != 4*floats:
		return fmt.Errorf("the snapshot holds %d values, want %d", size/4, floats)
	case s.Finished < 0 || s.Batch < 0 || s.Batch > f.batches() || len(s.Epochs) != s.Finished || s.Rows != seen ||
		s.Step != uint64(s.Finished)*uint64(f.batches())+uint64(s.Batch):
		return errors.New("the snapshot's counters contradict each other")
	case s.Finished > f.config.Params.Epochs || s.Finished == f.config.Params.Epochs && s.Batch > 0:
		return fmt.Errorf("the snapshot is at epoch %d, the config has %d", s.Finished+1, f.config.Params.Epochs)
	}
	return nil
}

// digest identifies all that decides the fit's numbers: config, streams, initial weights, rows. The number of
// epochs belongs to it only where the schedule depends on it.
func (f *Fitter) digest() string {
	effective := Effective(f.config.effective)
	if f.config.SharesPrefix() {
		delete(effective, paramEpochs)
	}
	identity := struct {
		Shape     []int
		Classes   int
		Layers    []map[string]any
		Params    map[string]any
		Streams   Streams
		Init      []byte
		Train     []byte
		Validated []byte
	}{
		Shape: f.config.Shape, Classes: f.config.Classes, Layers: f.config.canonical, Params: effective,
		Streams: f.task.Streams, Train: f.rows.digest(),
	}
	if f.task.Init != nil {
		init, _ := f.task.Init.MarshalBinary()
		identity.Init = digestBytes(init)
	}
	if f.validation != nil {
		identity.Validated = f.validation.feeder.digest()
	}
	text, err := json.Marshal(identity)
	if err != nil {
		panic(fmt.Sprintf("trainer: a compiled config is not JSON: %v", err)) // its values are numbers, names and lists of them
	}
	return hex.EncodeToString(digestBytes(text))
}

// digest identifies the rows by number and class; their content is the data fingerprint's to tell.
func (f *feeder) digest() []byte {
	n := f.view.Len()
	text := make([]byte, 0, 12*n)
	for i := range n {
		text = binary.LittleEndian.AppendUint64(text, uint64(f.view.Row(i)))
		text = binary.LittleEndian.AppendUint32(text, uint32(f.view.Label(i)))
	}
	prep, err := json.Marshal(f.view.Prep)
	if err != nil {
		panic(fmt.Sprintf("trainer: preprocessing is not JSON: %v", err))
	}
	return digestBytes(append(text, prep...))
}

func digestBytes(data []byte) []byte {
	sum := sha256.Sum256(data)
	return slices.Clone(sum[:])
}
