package main

import (
	"math"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestPrintable(t *testing.T) {
	for _, row := range []struct{ name, in, want string }{
		{"plain", "fashion mlp", "fashion mlp"},
		{"other letters", "Größe 尺寸", "Größe 尺寸"},
		{"escape sequence", "a\x1b[2Jb", `a\x1b[2Jb`},
		{"line feed", "a\nb", `a\nb`},
		{"right-to-left override", "a\u202eb", `a\u202eb`},
		{"no UTF-8", "a\xffb", `a\xffb`},
		{"replacement character", "a\ufffdb", `a\ufffdb`},
		{"bell and backspace", "\a\b", `\a\b`},
	} {
		t.Run(row.name, func(t *testing.T) {
			if have := printable(row.in); have != row.want {
				t.Errorf("printable(%q) = %q, want %q", row.in, have, row.want)
			}
		})
	}
}

// TestShellQuote asks a real shell.
func TestFileName(t *testing.T) {
	for _, row := range []struct{ name, unix, windows string }{
		{"mlp-grid-1", "mlp-grid-1", "mlp-grid-1"},
		{"猫 <b>", "猫 <b>", "猫 _b_"},
		{`a/b\c`, `a_b\c`, "a_b_c"},
		{"lr: 1e-3?", "lr: 1e-3?", "lr_ 1e-3_"},
		{".hidden", "_hidden", "_hidden"},
		{strings.Repeat("é", nameBytes), strings.Repeat("é", nameBytes/2), strings.Repeat("é", nameBytes/2)},
	} {
		if have := fileName(row.name, '/'); have != row.unix {
			t.Errorf("fileName(%q, '/') = %q, want %q", row.name, have, row.unix)
		}
		if have := fileName(row.name, '\\'); have != row.windows {
			t.Errorf("fileName(%q, '\\\\') = %q, want %q", row.name, have, row.windows)
		}
	}
}

func TestShellQuote(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash here")
	}
	for _, word := range []string{"plain", "two words", "it's", `a"b`, "$HOME `id`", "a;b", "", "-x", `back\slash`, "*", "a\nb", "tab\tand'quote", "ü"} {
		out, err := exec.Command(bash, "-c", "printf %s "+shellQuote(word)).Output()
		if err != nil || string(out) != word {
			t.Errorf("%q quoted as %s is read as %q (%v)", word, shellQuote(word), out, err)
		}
	}
}

func TestDurationText(t *testing.T) {
	for _, row := range []struct {
		d    time.Duration
		want string
	}{
		{-time.Second, "0 s"},
		{0, "0 µs"},
		{340 * time.Millisecond, "340 ms"},
		{4200 * time.Millisecond, "4.2 s"},
		{59960 * time.Millisecond, "1m00s"},
		{192 * time.Second, "3m12s"},
		{time.Hour - 100*time.Millisecond, "1h00m"},
		{5*time.Hour + 7*time.Minute, "5h07m"},
		{76 * time.Hour, "3d04h"},
		{math.MaxInt64, "292.3 years"},
	} {
		if have := durationText(row.d); have != row.want {
			t.Errorf("durationText(%d) = %q, want %q", row.d, have, row.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, row := range []struct{ name, have, want string }{
		{"small count", plural(1, "fold"), "1 fold"},
		{"count", plural(1440, "epoch"), "1440 epochs"},
		{"large count", plural(60000, "row"), "60,000 rows"},
		{"families", plural(2, "family"), "2 families"},
		{"classes", plural(10, "class"), "10 classes"},
		{"size", bytesText(47040000), "47.0 MB"},
		{"small size", bytesText(999), "999 bytes"},
		{"rounding up", bytesText(999999), "1.00 MB"},
		{"operations", operations(1.5e12), "1.50 TFLOP"},
		{"score", decimal(0.88041, 4), "0.8804"},
		{"nothing", decimal(math.NaN(), 4), "–"},
		{"huge", decimal(1.23456e12, 4), "1.235e+12"},
		{"tiny", decimal(1.5e-9, 4), "1.5e-09"},
		{"zero", decimal(0, 2), "0.00"},
		{"list", valueText([]any{int64(1), "a", 0.5}), "[1, a, 0.5]"},
		{"table", valueText(map[string]any{"type": "cosine", "warmup": int64(2)}), "{type = cosine, warmup = 2}"},
		{"params", paramsText(map[string]any{"b": 0.1, "a": "x\x1b"}), `a=x\x1b b=0.1`},
	} {
		if row.have != row.want {
			t.Errorf("%s: %q, want %q", row.name, row.have, row.want)
		}
	}
}

func TestSuggestion(t *testing.T) {
	known := []string{"mean", "std", "optimizer", "hidden_units"}
	for _, row := range []struct{ in, want string }{
		{"optimiser", "optimizer"},
		{"maen", "mean"},
		{"hiddenunits", "hidden_units"},
		{"Mean", "mean"},
		{"zzzz", ""},
	} {
		if have := nearest(row.in, known); have != row.want {
			t.Errorf("nearest(%q) = %q, want %q", row.in, have, row.want)
		}
	}
}
