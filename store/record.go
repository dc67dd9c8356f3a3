package store

import (
	"encoding/binary"
	"fmt"

	"espalier/grids"
	"espalier/search"
	"espalier/trainer"
)

// Kinds of facts: the first byte of a record. Never reuse a number.
const (
	kindOutcome    = 1
	kindFailure    = 2
	kindRetraction = 3
	kindRefit      = 4
	kindTest       = 5
	kindRun        = 6
)

// States of an outcome, as bytes.
const (
	stateComplete = 1
	stateDiverged = 2
)

// trainScores flags an outcome whose training scores hold more than loss and
// accuracy, the two that a trainer reports while training.
const trainScores = 1

// encodeFact gives the body of a fact's record. An outcome's history is not in
// it: readers rank 100,000 outcomes and look at the epochs of a few.
func encodeFact(f search.Fact) ([]byte, error) {
	e := &encoder{buf: make([]byte, 0, 160)}
	n := 0
	if f.Outcome != nil {
		n++
		if err := e.outcome(f.Outcome); err != nil {
			return nil, err
		}
	}
	if f.Failure != nil {
		n++
		e.byte(kindFailure)
		e.place(f.Failure.Trial, f.Failure.Slot)
		e.string(f.Failure.Reason)
		e.string(f.Failure.Stack)
		e.time(f.Failure.Recorded)
	}
	if f.Retraction != nil {
		n++
		e.byte(kindRetraction)
		e.place(f.Retraction.Trial, f.Retraction.Slot)
		e.time(f.Retraction.Recorded)
	}
	if f.Refit != nil {
		n++
		e.byte(kindRefit)
		e.raw(f.Refit.Trial[:])
		e.string(f.Refit.Digest)
		e.int(f.Refit.Epochs)
		e.string(f.Refit.Model)
		e.time(f.Refit.Recorded)
		e.epochs(f.Refit.History)
	}
	if f.Test != nil {
		n++
		e.byte(kindTest)
		e.string(f.Test.Model)
		e.scores(f.Test.Result.Scores)
		e.classes(f.Test.Result.Classes, f.Test.Result.Confusion)
		e.int(f.Test.Result.Rows)
		e.time(f.Test.Recorded)
	}
	if f.Run != nil {
		n++
		e.byte(kindRun)
		e.string(f.Run.Version)
		e.int(f.Run.Workers)
		e.time(f.Run.Started)
		e.time(f.Run.Ended)
		e.int(f.Run.Trained)
		e.string(f.Run.Exit)
	}
	if n != 1 {
		return nil, fmt.Errorf("a fact says one thing, this one %d", n)
	}
	return e.buf, nil
}

// place writes where a fact belongs: the trial's key, then the slot.
func (e *encoder) place(trial grids.Key, slot int) {
	e.raw(trial[:])
	e.int(slot)
}

func (e *encoder) outcome(o *search.Outcome) error {
	e.byte(kindOutcome)
	e.place(o.Trial, o.Slot)
	switch o.State {
	case search.Complete:
		e.byte(stateComplete)
	case search.Diverged:
		e.byte(stateDiverged)
	default:
		return fmt.Errorf("an outcome is complete or diverged, not %q", o.State)
	}
	e.int(o.Epochs)
	e.int(o.Best)
	e.scores(o.Scores)
	if more := o.Train != (trainer.Scores{Loss: o.Train.Loss, Accuracy: o.Train.Accuracy}); more {
		e.byte(trainScores)
		e.scores(o.Train)
	} else {
		e.byte(0)
		e.float(o.Train.Loss)
		e.float(o.Train.Accuracy)
	}
	e.float(o.Seconds)
	e.time(o.Recorded)
	e.string(o.Reason)
	e.string(o.Revision)
	e.string(o.Kernel)
	return nil
}

func (e *encoder) scores(s trainer.Scores) {
	e.float(s.Loss)
	e.float(s.Accuracy)
	e.float(s.F1)
	e.float(s.Precision)
	e.float(s.Recall)
}

func (d *decoder) scores() trainer.Scores {
	return trainer.Scores{Loss: d.float(), Accuracy: d.float(), F1: d.float(), Precision: d.float(), Recall: d.float()}
}

func (d *decoder) key() (k grids.Key) {
	copy(k[:], d.raw(len(k)))
	return k
}

// factDecoder decodes many facts with few allocations: outcomes come out of
// slabs, and strings that repeat are shared.
type factDecoder struct {
	d    decoder
	slab []search.Outcome
}

func newFactDecoder() *factDecoder { return &factDecoder{d: decoder{names: map[string]string{}}} }

// decode reads the body of a record.
func (f *factDecoder) decode(body []byte) (search.Fact, error) {
	d := &f.d
	d.buf, d.err = body, nil
	var fact search.Fact
	switch kind := d.byte(); kind {
	case kindOutcome:
		if len(f.slab) == 0 {
			f.slab = make([]search.Outcome, 128)
		}
		fact.Outcome = &f.slab[0]
		d.outcome(fact.Outcome)
		if d.err == nil {
			f.slab = f.slab[1:]
		}
	case kindFailure:
		fact.Failure = &search.Failure{Trial: d.key(), Slot: d.int(), Reason: d.string(), Stack: d.string(), Recorded: d.time()}
	case kindRetraction:
		fact.Retraction = &search.Retraction{Trial: d.key(), Slot: d.int(), Recorded: d.time()}
	case kindRefit:
		fact.Refit = &search.RefitRecord{Trial: d.key(), Digest: d.string(), Epochs: d.int(), Model: d.string(), Recorded: d.time(), History: d.epochs()}
	case kindTest:
		t := &search.TestRecord{Model: d.string()}
		t.Result.Scores = d.scores()
		t.Result.Classes, t.Result.Confusion = d.classes()
		t.Result.Rows, t.Recorded = d.int(), d.time()
		fact.Test = t
	case kindRun:
		fact.Run = &search.RunRecord{Version: d.string(), Workers: d.int(), Started: d.time(), Ended: d.time(), Trained: d.int(), Exit: d.string()}
	default:
		d.fail(fmt.Errorf("no kind of fact has the number %d", kind))
	}
	if err := d.end(); err != nil {
		return search.Fact{}, err
	}
	return fact, nil
}

func (d *decoder) outcome(o *search.Outcome) {
	*o = search.Outcome{Trial: d.key(), Slot: d.int()}
	switch state := d.byte(); state {
	case stateComplete:
		o.State = search.Complete
	case stateDiverged:
		o.State = search.Diverged
	default:
		d.fail(fmt.Errorf("no state of an outcome has the number %d", state))
	}
	o.Epochs, o.Best = d.int(), d.int()
	o.Scores = d.scores()
	switch flags := d.byte(); flags {
	case 0:
		o.Train.Loss, o.Train.Accuracy = d.float(), d.float()
	case trainScores:
		o.Train = d.scores()
	default:
		d.fail(fmt.Errorf("an outcome has unknown flags %#x", flags))
	}
	o.Seconds, o.Recorded = d.float(), d.time()
	o.Reason, o.Revision, o.Kernel = d.string(), d.string(), d.string()
}

// place is a (trial, slot) as the key of the index of what stands there.
type place [20]byte

func placeOf(trial grids.Key, slot int) (p place, err error) {
	if slot < 0 || int64(slot) > 1<<32-1 {
		return p, fmt.Errorf("slot %d is out of range", slot)
	}
	copy(p[:], trial[:])
	binary.BigEndian.PutUint32(p[16:], uint32(slot))
	return p, nil
}

// factPlace is where a fact belongs; ok is false for those of the whole sweep.
func factPlace(f search.Fact) (p place, kind byte, ok bool, err error) {
	switch {
	case f.Outcome != nil:
		p, err = placeOf(f.Outcome.Trial, f.Outcome.Slot)
		return p, kindOutcome, true, err
	case f.Failure != nil:
		p, err = placeOf(f.Failure.Trial, f.Failure.Slot)
		return p, kindFailure, true, err
	case f.Retraction != nil:
		p, err = placeOf(f.Retraction.Trial, f.Retraction.Slot)
		return p, kindRetraction, true, err
	}
	return place{}, 0, false, nil
}
