package modelwire

import (
	"encoding/binary"
	"time"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// What generated code calls tables, columns and times, and what Go does.

// columnTypes are the numbers that go with the names of column types.
var columnTypes = map[ColumnType]int32{
	FloatColumn:   int32(wire.ColumnType_FLOAT),
	IntegerColumn: int32(wire.ColumnType_INTEGER),
	BooleanColumn: int32(wire.ColumnType_BOOLEAN),
	TextColumn:    int32(wire.ColumnType_TEXT),
}

func tableOf(table *Table) *wire.Table {
	columns := make([]*wire.Column, len(table.columns))
	for position, column := range table.columns {
		columns[position] = columnOf(column)
	}
	return &wire.Table{Columns: columns}
}

func columnOf(column Column) *wire.Column {
	number, name := columnTypes[column.kind], string(column.kind)
	sent := &wire.Column{Name: &column.name, Type: &number, TypeName: &name, Missing: bitmapOf(column.missing)}
	switch column.kind {
	case IntegerColumn:
		sent.Tensor = tensorOf(wire.DType_I64, column.integers)
	case BooleanColumn:
		sent.Tensor = tensorOf(wire.DType_BOOL, column.booleans)
	case TextColumn:
		sent.TextData, sent.TextOffsets = textOf(column.texts)
	default:
		sent.Tensor = tensorOf(wire.DType_F64, column.floats)
	}
	return sent
}

// textOf is the values one after the other, and the n + 1 offsets between them.
func textOf(values []string) (data, offsets []byte) {
	data, offsets = []byte{}, binary.LittleEndian.AppendUint32(nil, 0)
	for _, value := range values {
		data = append(data, value...)
		offsets = binary.LittleEndian.AppendUint32(offsets, uint32(len(data)))
	}
	return data, offsets
}

// bitmapOf is the lowest bit first, 1 for a missing value; nil if none is missing.
func bitmapOf(missing []bool) []byte {
	var bitmap []byte
	for row, is := range missing {
		if is && bitmap == nil {
			bitmap = make([]byte, (len(missing)+7)/8)
		}
		if is {
			bitmap[row/8] |= 1 << (row % 8)
		}
	}
	return bitmap
}

func columnFrom(sent *wire.Column) (Column, error) {
	if sent == nil {
		return Column{}, nil
	}
	column := Column{name: sent.GetName(), kind: typeOf(sent)}
	var err error
	switch column.kind {
	case FloatColumn:
		column.floats, err = floatsOf(sent.Tensor)
	case IntegerColumn:
		column.integers, err = integersOf(sent.Tensor)
	case BooleanColumn:
		column.booleans, err = booleansOf(sent.Tensor)
	case TextColumn:
		column.texts, err = textsOf(sent)
	default:
		err = malformed("column %q is of type %q, which this client does not know", column.name, column.kind)
	}
	if err != nil {
		return Column{}, err
	}
	column.missing, err = maskOf(sent.Missing, column.Len())
	return column.blanked(), err
}

// typeOf is the type that a column names, or else the one that its values say.
func typeOf(sent *wire.Column) ColumnType {
	if name := sent.GetTypeName(); name != "" {
		return ColumnType(name)
	}
	if sent.IsSetType() {
		return ColumnType(wire.ColumnType(sent.GetType()).String())
	}
	if sent.Tensor == nil {
		return TextColumn
	}
	switch sent.Tensor.GetDtype() {
	case wire.DType_F64, wire.DType_F32:
		return FloatColumn
	case wire.DType_I64, wire.DType_I32:
		return IntegerColumn
	}
	return BooleanColumn
}

func textsOf(sent *wire.Column) ([]string, error) {
	if len(sent.TextOffsets) < 4 || len(sent.TextOffsets)%4 != 0 {
		return nil, malformed("the text column %q has %d bytes of offsets", sent.GetName(), len(sent.TextOffsets))
	}
	values := make([]string, len(sent.TextOffsets)/4-1)
	from := binary.LittleEndian.Uint32(sent.TextOffsets)
	for row := range values {
		to := binary.LittleEndian.Uint32(sent.TextOffsets[4*(row+1):])
		if from > to || int64(to) > int64(len(sent.TextData)) {
			return nil, malformed("row %d of the text column %q is bytes %d to %d of %d", row, sent.GetName(), from, to, len(sent.TextData))
		}
		values[row], from = string(sent.TextData[from:to]), to
	}
	return values, nil
}

func maskOf(bitmap []byte, rows int) ([]bool, error) {
	if bitmap == nil {
		return nil, nil
	}
	if len(bitmap) != (rows+7)/8 {
		return nil, malformed("a bitmap of %d bytes for %d values", len(bitmap), rows)
	}
	mask := make([]bool, rows)
	for row := range mask {
		mask[row] = bitmap[row/8]>>(row%8)&1 == 1
	}
	return mask, nil
}

func schemaFrom(sent []*wire.ColumnSchema) []ColumnSchema {
	schema := make([]ColumnSchema, len(sent))
	for position, column := range sent {
		schema[position] = ColumnSchema{Name: column.GetName(), Type: ColumnType(column.GetTypeName())}
	}
	return schema
}

// timeOf is milliseconds since 1970 as a time; the zero time if there are none.
func timeOf(milliseconds *int64) time.Time {
	if milliseconds == nil {
		return time.Time{}
	}
	return time.UnixMilli(*milliseconds).UTC()
}

func duration(milliseconds int64) time.Duration {
	return time.Duration(milliseconds) * time.Millisecond
}
