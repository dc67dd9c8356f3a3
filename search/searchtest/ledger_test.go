package searchtest

import (
	"testing"

	"espalier/search"
)

func TestMemory(t *testing.T) {
	TestLedger(t, func(t *testing.T) search.Ledger { return NewLedger() })
}
