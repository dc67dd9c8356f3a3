package dataset

import (
	"fmt"
	"strings"
)

// FieldError is a fault of what was asked for, not of the data: an option that names nothing, or
// has no meaning here. Its Field is the key's name in the sweep file.
type FieldError struct {
	Field   string // source, limit, target, test, test_fraction, group or scale
	Message string
	Known   []string // what would have been right: columns, sets, scales; nil where no list helps
}

func (e *FieldError) Error() string {
	const most = 20
	if len(e.Known) == 0 {
		return e.Message
	}
	known := strings.Join(e.Known[:min(most, len(e.Known))], ", ")
	if len(e.Known) > most {
		known += ", …"
	}
	return e.Message + "; known: " + known
}

func fieldError(field, format string, args ...any) *FieldError {
	return &FieldError{Field: field, Message: fmt.Sprintf(format, args...)}
}
