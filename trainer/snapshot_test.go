package trainer

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"espalier/trainer/dataset"
)

// halfway is a fitter in the middle of its second epoch, and a maker of fresh ones.
func halfway(t testing.TB) (*Fitter, func() *Fitter) {
	values := fieldsOf{"optimizer": "sgd", "momentum": 0.9, "epochs": int64(3), "batch_size": int64(16),
		"early_stopping": fieldsOf{"patience": int64(2), "restore_best": true}}
	c := compile(t, mlp(values), []int{9}, 4)
	fresh := func() *Fitter {
		return fitter(t, c, Task{Streams: Streams{Seed: 5}}, table(100, 9, 4, 1), table(40, 9, 4, 2))
	}
	f := fresh()
	if _, err := f.Epoch(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Epoch(stopAfter(3)); err == nil {
		t.Fatal("not stopped")
	}
	return f, fresh
}

func TestRestoreRefuses(t *testing.T) {
	f, fresh := halfway(t)
	good := f.Snapshot()
	if err := fresh().Restore(good); err != nil {
		t.Fatal(err)
	}
	altered := slices.Clone(good)
	altered[len(altered)/2] ^= 4
	newer := slices.Clone(good)
	binary.LittleEndian.PutUint32(newer[8:], 9)
	edited := func(edit func(*snapshotHeader)) []byte {
		header, body, err := readFrame(snapshotMagic, snapshotVersion, "snapshot", good)
		if err != nil {
			t.Fatal(err)
		}
		var h snapshotHeader
		if err := json.Unmarshal(header, &h); err != nil {
			t.Fatal(err)
		}
		edit(&h)
		text, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		return writeFrame(snapshotMagic, snapshotVersion, text, body)
	}
	for _, row := range []struct {
		name string
		data []byte
		want string
	}{
		{"nothing", nil, "not a snapshot"},
		{"truncated", good[:len(good)-1], "truncated"},
		{"altered", altered, "altered"},
		{"newer", newer, "has version 9"},
		{"other kernels", edited(func(h *snapshotHeader) { h.Kernel = "abacus" }), `made with "abacus" kernels`},
		{"other revision", edited(func(h *snapshotHeader) { h.Revision = "0" }), "made by revision 0"},
		{"other config", edited(func(h *snapshotHeader) { h.Config = "00" }), "another config"},
		{"too many steps", edited(func(h *snapshotHeader) { h.State.Step++ }), "contradict"},
		{"negative batch", edited(func(h *snapshotHeader) { h.State.Batch = -1 }), "contradict"},
		{"epochs missing", edited(func(h *snapshotHeader) { h.State.Epochs = nil }), "contradict"},
		{"floats missing", edited(func(h *snapshotHeader) { h.Floats-- }), "values, want"},
	} {
		g := fresh()
		start := slices.Clone(g.network.values)
		err := g.Restore(row.data)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: error %v, want %q", row.name, err, row.want)
		}
		if !slices.Equal(g.network.values, start) || g.now.Step != 0 || len(g.History()) != 0 {
			t.Errorf("%s: the fitter is not at the start", row.name)
		}
	}
}

func TestRestoreRefusesAnotherTask(t *testing.T) {
	f, _ := halfway(t)
	snapshot := f.Snapshot()
	train, validation := table(100, 9, 4, 1), table(40, 9, 4, 2)
	values := f.config.effective
	for _, row := range []struct {
		name              string
		values            fieldsOf
		task              Task
		train, validation dataset.View
		want              bool
	}{
		{"the same", nil, Task{Streams: Streams{Seed: 5}}, train, validation, true},
		{"more epochs", fieldsOf{"epochs": int64(9)}, Task{Streams: Streams{Seed: 5}}, train, validation, true},
		{"fewer epochs", fieldsOf{"epochs": int64(1)}, Task{Streams: Streams{Seed: 5}}, train, validation, false},
		{"another rate", fieldsOf{"learning_rate": 0.02}, Task{Streams: Streams{Seed: 5}}, train, validation, false},
		{"another seed", nil, Task{Streams: Streams{Seed: 6}}, train, validation, false},
		{"another fold", nil, Task{Streams: Streams{Seed: 5, Fold: 1}}, train, validation, false},
		{"other rows", nil, Task{Streams: Streams{Seed: 5}}, table(101, 9, 4, 1), validation, false},
		{"other classes", nil, Task{Streams: Streams{Seed: 5}}, table(100, 9, 4, 3), validation, false},
		{"no validation", nil, Task{Streams: Streams{Seed: 5}}, train, dataset.View{}, false},
	} {
		changed := fieldsOf{}
		for k, v := range values {
			changed[k] = v
		}
		for k, v := range row.values {
			changed[k] = v
		}
		g := fitter(t, compile(t, mlp(changed), []int{9}, 4), row.task, row.train, row.validation)
		if err := g.Restore(snapshot); (err == nil) != row.want {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

func TestSnapshotDoesNotDisturb(t *testing.T) {
	a, _ := halfway(t)
	b, _ := halfway(t)
	for !a.Done() {
		if _, err := a.Epoch(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	for !b.Done() {
		b.Snapshot()
		if _, err := b.Epoch(stopAfter(1)); err != nil && err != context.Canceled {
			t.Fatal(err)
		}
	}
	sameFit(t, a, b)
}

func FuzzSnapshot(f *testing.F) {
	half, fresh := halfway(f)
	good := half.Snapshot()
	f.Add(good)
	f.Add(good[:len(good)/3])
	f.Add(writeFrame(snapshotMagic, snapshotVersion, []byte("{}"), nil))
	target := fresh()
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := target.Restore(reseal(data)); err == nil {
			target.arrange()
			if target.now.Batch < target.batches() {
				if err := target.step(); err != nil {
					t.Log(err) // weights may be anything, but a step must not panic
				}
			}
		}
	})
}
