package searchtest

import (
	"bytes"
	"maps"
	"strings"
	"sync"

	"espalier/search"
)

// Checkpoints is a search.Checkpoints in memory; its zero value is ready.
type Checkpoints struct {
	mu     sync.Mutex
	states map[string][]byte
	saves  int
	Err    error // of every Save, once set
}

// Load gives a copy of what was saved.
func (c *Checkpoints) Load(id search.SweepID, name string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Clone(c.states[id.String()+name]), nil
}

// Save keeps a copy.
func (c *Checkpoints) Save(id search.SweepID, name string, state []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.Err != nil {
		return c.Err
	}
	if c.states == nil {
		c.states = make(map[string][]byte)
	}
	c.states[id.String()+name] = bytes.Clone(state)
	c.saves++
	return nil
}

// Remove forgets.
func (c *Checkpoints) Remove(id search.SweepID, name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.states, id.String()+name)
	return nil
}

// RemoveOthers forgets all of a sweep but what begins with keep.
func (c *Checkpoints) RemoveOthers(id search.SweepID, keep string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.states, func(name string, _ []byte) bool {
		name, mine := strings.CutPrefix(name, id.String())
		return mine && !strings.HasPrefix(name, keep)
	})
	return nil
}

// Len is how many are kept.
func (c *Checkpoints) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.states)
}

// Saves is how often a checkpoint was saved.
func (c *Checkpoints) Saves() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.saves
}

// Damage flips a bit in every checkpoint that is kept.
func (c *Checkpoints) Damage() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, state := range c.states {
		state[len(state)/2] ^= 0x10
	}
}
