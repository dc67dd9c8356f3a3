package dataset

import (
	"testing"
)

func BenchmarkLoadFashionMNIST(b *testing.B) {
	known, _ := lookup("fashion-mnist")
	if known.search(""); known.Found == "" {
		b.Skip("fashion-mnist is not on this machine")
	}
	for b.Loop() {
		if _, err := Load(Options{Source: "fashion-mnist"}); err != nil {
			b.Fatal(err)
		}
	}
}
