package main

import (
	"encoding/binary"
	"math"

	"github.com/modelwire/modelwire/clients/go"
	"github.com/modelwire/modelwire/gen/go/wire"
)

// What the IDL says about tables and numbers, written a second time: the stubs are tested without the client's own code.

func matrixOf(rows [][]float64) *wire.Tensor {
	var data []byte
	for _, row := range rows {
		for _, value := range row {
			data = binary.LittleEndian.AppendUint64(data, math.Float64bits(value))
		}
	}
	return &wire.Tensor{Dtype: pointer(wire.DType_F64), Shape: []int64{int64(len(rows)), int64(len(rows[0]))}, Data: data}
}

func packed(table *modelwire.Table) *wire.Table {
	sent := &wire.Table{}
	for _, column := range table.Columns() {
		sent.Columns = append(sent.Columns, packedColumn(column))
	}
	return sent
}

func packedColumn(column modelwire.Column) *wire.Column {
	sent := &wire.Column{Name: pointer(column.Name()), Missing: missingBits(column)}
	switch column.Type() {
	case modelwire.IntegerColumn:
		sent.Type, sent.Tensor = pointer(int32(wire.ColumnType_INTEGER)), tensor(wire.DType_I64, column.Integers())
	case modelwire.BooleanColumn:
		sent.Type, sent.Tensor = pointer(int32(wire.ColumnType_BOOLEAN)), tensor(wire.DType_BOOL, column.Booleans())
	case modelwire.FloatColumn:
		sent.Type, sent.Tensor = pointer(int32(wire.ColumnType_FLOAT)), tensor(wire.DType_F64, column.Floats())
	default:
		sent.Type, sent.TextOffsets = pointer(int32(wire.ColumnType_TEXT)), make([]byte, 4)
		for _, text := range column.Texts() {
			sent.TextData = append(sent.TextData, text...)
			sent.TextOffsets = binary.LittleEndian.AppendUint32(sent.TextOffsets, uint32(len(sent.TextData)))
		}
	}
	sent.TypeName = pointer(wire.ColumnType(sent.GetType()).String())
	return sent
}

func tensor[T int64 | float64 | bool](dtype wire.DType, values []T) *wire.Tensor {
	data, _ := binary.Append(nil, binary.LittleEndian, values) // fails for types without a fixed size only
	return &wire.Tensor{Dtype: &dtype, Shape: []int64{int64(len(values))}, Data: data}
}

func missingBits(column modelwire.Column) []byte {
	bits, some := make([]byte, (column.Len()+7)/8), false
	for row := range column.Len() {
		if column.IsMissing(row) {
			bits[row/8] |= 1 << (row % 8)
			some = true
		}
	}
	if !some {
		return nil
	}
	return bits
}

// sentBytes are those that the checksum of a piece covers.
func sentBytes(table *wire.Table) []byte {
	var all []byte
	for _, column := range table.Columns {
		if column.Tensor != nil {
			all = append(all, column.Tensor.Data...)
		}
		all = append(all, column.TextData...)
		all = append(all, column.TextOffsets...)
		all = append(all, column.Missing...)
	}
	return all
}

func stepsOf(steps []modelwire.Step) []*wire.Step {
	sent := make([]*wire.Step, len(steps))
	for position, step := range steps {
		sent[position] = &wire.Step{Algorithm: &step.Algorithm, Columns: step.Columns}
		for name, value := range step.Parameters {
			sent[position].Parameters = append(sent[position].Parameters, parameterOf(name, value))
		}
	}
	return sent
}

func parameterOf(name string, value any) *wire.Parameter {
	parameter := &wire.Parameter{Name: &name}
	switch value := value.(type) {
	case int64:
		parameter.Integer = &value
	case float64:
		parameter.Number = &value
	case bool:
		parameter.Flag = &value
	case string:
		parameter.Text = &value
	}
	return parameter
}
