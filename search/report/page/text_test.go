package page

import "testing"

// Values drawn from a range are read by their first digits; sorting and filtering go by all.
func TestBrief(t *testing.T) {
	for v, want := range map[any]string{
		0.06105467454670226: "0.06105", 1.08e-7: "1.08e-07", 1.23456789e-7: "1.235e-7", 0.001: "0.001", 12345.678901: "12346", 1234567.5: "1234568", 1e30: "1e+30",
		int64(123456789): "123456789", "a long name": "a long name", nil: "",
	} {
		if have := brief(v); have != want {
			t.Errorf("%v is %q, want %q", v, have, want)
		}
	}
}
