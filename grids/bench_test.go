package grids

import "testing"

func BenchmarkAt(b *testing.B) {
	g := parseGrid(b, "[grid]\n"+axesOf(8, 10)).Grid
	i := 0
	for b.Loop() {
		if _, ok := g.At(i); !ok {
			b.Fatal("no point")
		}
		i = (i + 7919) % g.Len()
	}
}

func BenchmarkAtConditional(b *testing.B) {
	g := parseGrid(b, "[search]\nexclude = { a01 = 3, a02 = 4 }\n[grid]\nm = { values = [1, 2], when = { a00 = 4 } }\n"+axesOf(8, 10)).Grid
	i := 0
	for b.Loop() {
		g.At(i)
		i = (i + 7919) % g.Len()
	}
}

func BenchmarkKeyOf(b *testing.B) {
	values := map[string]any{"batch_size": int64(64), "dropout": 0.2, "epochs": int64(10), "hidden_units": int64(128),
		"optimizer": "adam", "learning_rate": 0.001, "loss": "categorical_crossentropy", "momentum": 0.0}
	b.ReportAllocs()
	for b.Loop() {
		KeyOf(values)
	}
}

func BenchmarkParse(b *testing.B) {
	src, _ := Example("mlp-grid-1")
	for b.Loop() {
		if _, err := Parse("t.toml", src); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseTrillion(b *testing.B) {
	src := []byte(sweep + "[search]\nexclude = [ { a00 = 1, a05 = [2, 3] } ]\n[[grid]]\nm = { values = [1, 2, 3], when = { a00 = 4 } }\n" +
		axesOf(12, 10) + "[[grid]]\n" + axesOf(12, 10))
	for b.Loop() {
		if _, err := Parse("t.toml", src); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDraw(b *testing.B) {
	g := parseGrid(b, "[grid]\n"+axesOf(8, 10)).Grid
	n := 0
	for b.Loop() {
		for range g.Draw(1) {
			if n++; n%1000 == 0 {
				break
			}
		}
	}
}
