package main

import (
	"encoding/binary"
	"math"
	"reflect"
	"strings"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// recordOf turns a generated value into a record: structs by the names in their tags, tensors and columns as lists.
func recordOf(value any) any { return plainOf(reflect.ValueOf(value)) }

func plainOf(value reflect.Value) any {
	switch value.Kind() {
	case reflect.Pointer:
		if value.IsNil() {
			return nil
		}
		switch special := value.Interface().(type) {
		case *wire.Tensor:
			return nested(special)
		case *wire.Column:
			return valuesOf(special)
		}
		return plainOf(value.Elem())
	case reflect.Struct:
		return fieldsOf(value)
	case reflect.Slice:
		return listOf(value)
	case reflect.Map:
		entries := record{}
		for _, key := range value.MapKeys() {
			entries[key.String()] = plainOf(value.MapIndex(key))
		}
		return entries
	case reflect.Int32, reflect.Int64:
		return value.Int()
	}
	return value.Interface()
}

// fieldsOf leaves out what is absent: every field of the IDL is optional, hence a nil pointer, slice or map.
func fieldsOf(value reflect.Value) record {
	fields := record{}
	for position := range value.NumField() {
		if value.Field(position).IsNil() {
			continue
		}
		name, _, _ := strings.Cut(value.Type().Field(position).Tag.Get("json"), ",")
		fields[name] = plainOf(value.Field(position))
	}
	return fields
}

func listOf(value reflect.Value) any {
	list := make([]any, value.Len())
	for position := range list {
		list[position] = plainOf(value.Index(position))
	}
	return list
}

// nested is a tensor as lists in lists.
func nested(tensor *wire.Tensor) any {
	flat := scalars(tensor)
	for dimension := len(tensor.Shape) - 1; dimension > 0; dimension-- {
		width := int(tensor.Shape[dimension])
		rows := make([]any, len(flat)/width)
		for row := range rows {
			rows[row] = flat[row*width : (row+1)*width]
		}
		flat = rows
	}
	return flat
}

func scalars(tensor *wire.Tensor) []any {
	var values []any
	for data := tensor.Data; len(data) > 0; {
		switch tensor.GetDtype() {
		case wire.DType_F64:
			values, data = append(values, math.Float64frombits(binary.LittleEndian.Uint64(data))), data[8:]
		case wire.DType_I64:
			values, data = append(values, int64(binary.LittleEndian.Uint64(data))), data[8:]
		case wire.DType_F32:
			values, data = append(values, float64(math.Float32frombits(binary.LittleEndian.Uint32(data)))), data[4:]
		case wire.DType_I32:
			values, data = append(values, int64(int32(binary.LittleEndian.Uint32(data)))), data[4:]
		default:
			values, data = append(values, data[0] == 1), data[1:]
		}
	}
	return values
}

// valuesOf is a column as the list of its values.
func valuesOf(column *wire.Column) any {
	if column.Tensor != nil {
		return nested(column.Tensor)
	}
	texts, offsets := []any{}, column.TextOffsets
	for ; len(offsets) > 4; offsets = offsets[4:] {
		from, to := binary.LittleEndian.Uint32(offsets), binary.LittleEndian.Uint32(offsets[4:])
		texts = append(texts, string(column.TextData[from:to]))
	}
	return texts
}
