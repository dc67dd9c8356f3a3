package exchange

import (
	"context"
	"io"
	"reflect"

	"github.com/parquet-go/parquet-go"
)

// groupRows bounds the rows of a group, which parquet holds in memory until it is written: some 30 MB.
const groupRows = 1 << 16

// Parquet writes the rows as one flat table, every column optional, and gives their count. Where the numbers come from is
// in columns, and under the names of the leaderboard's JSON in the file's metadata.
func (s Source) Parquet(ctx context.Context, w io.Writer) (rows int, err error) {
	columns := s.columns()
	options := []parquet.WriterOption{
		schemaOf(columns), parquet.Compression(&parquet.Snappy), parquet.MaxRowsPerRowGroup(groupRows),
		parquet.CreatedBy("espalier", s.Version, ""),
	}
	for _, c := range columns {
		if c.place == inHead {
			options = append(options, parquet.KeyValueMetadata(c.name, cell(c.value(nil, -1))))
		}
	}
	out := parquet.NewWriter(w, options...)
	row := make(parquet.Row, len(columns))
	rows, err = s.rows(ctx, func(r *Run, epoch int) error {
		for i := range columns {
			row[i] = valueOf(columns[i].value(r, epoch)).Level(0, 1, i)
			if row[i].IsNull() {
				row[i] = row[i].Level(0, 0, i)
			}
		}
		_, err := out.WriteRows([]parquet.Row{row})
		return err
	})
	if err != nil {
		return rows, err
	}
	return rows, out.Close()
}

// valueOf is a value of a column as parquet has it; null for nil.
func valueOf(v any) parquet.Value {
	switch v := v.(type) {
	case string:
		return parquet.ByteArrayValue([]byte(v))
	case int64:
		return parquet.Int64Value(v)
	case float64:
		return parquet.DoubleValue(v)
	case bool:
		return parquet.BooleanValue(v)
	}
	return parquet.NullValue()
}

// ordered is a group whose fields stand in the order given, not by name. It has no Go type: rows are made of values.
type ordered struct {
	parquet.Group
	fields []parquet.Field
}

// Fields are the columns in order.
func (o ordered) Fields() []parquet.Field { return o.fields }

// GoType would be a struct with the columns' names in its tags, which not every name can be.
func (o ordered) GoType() reflect.Type { return reflect.TypeFor[map[string]any]() }

func schemaOf(columns []column) *parquet.Schema {
	group := parquet.Group{}
	for _, c := range columns {
		var node parquet.Node
		switch c.kind {
		case integer:
			node = parquet.Int(64)
		case real:
			node = parquet.Leaf(parquet.DoubleType)
		case truth:
			node = parquet.Leaf(parquet.BooleanType)
		default:
			node = parquet.String()
		}
		if c.repeat && c.kind != truth {
			node = parquet.Encoded(node, &parquet.RLEDictionary)
		}
		group[c.name] = parquet.Optional(node)
	}
	byName := map[string]parquet.Field{}
	for _, f := range group.Fields() {
		byName[f.Name()] = f
	}
	o := ordered{Group: group}
	for _, c := range columns {
		o.fields = append(o.fields, byName[c.name])
	}
	return parquet.NewSchema("rows", o)
}
