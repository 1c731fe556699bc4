package modelwire

import (
	"encoding/binary"
	"math"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// Numbers travel little-endian and row-major.

// elementSizes are the bytes of an element of a tensor.
var elementSizes = map[wire.DType]int64{
	wire.DType_BOOL: 1, wire.DType_I32: 4, wire.DType_I64: 8, wire.DType_F32: 4, wire.DType_F64: 8,
}

// tensorOf packs values; the shape is (n) if there is none.
func tensorOf[T float64 | int64 | bool](dtype wire.DType, values []T, shape ...int64) *wire.Tensor {
	if shape == nil {
		shape = []int64{int64(len(values))}
	}
	// Appending cannot fail: all of these types have a fixed size.
	data, _ := binary.Append(make([]byte, 0, elementSizes[dtype]*int64(len(values))), binary.LittleEndian, values)
	return &wire.Tensor{Dtype: &dtype, Shape: shape, Data: data}
}

// matrixOf packs rows of equal length.
func matrixOf(rows [][]float64) *wire.Tensor {
	data := make([]byte, 0, 8*len(rows)*len(rows[0]))
	for _, row := range rows {
		for _, value := range row {
			data = binary.LittleEndian.AppendUint64(data, math.Float64bits(value))
		}
	}
	dtype := wire.DType_F64
	return &wire.Tensor{Dtype: &dtype, Shape: []int64{int64(len(rows)), int64(len(rows[0]))}, Data: data}
}

// elements is the number of values of a tensor, checked against its data.
func elements(tensor *wire.Tensor) (int, error) {
	if tensor.Dtype == nil {
		return 0, malformed("a tensor without an element type")
	}
	size, known := elementSizes[tensor.GetDtype()]
	count, length := int64(1), int64(len(tensor.Data))
	for _, side := range tensor.Shape {
		if side < 0 || side > 0 && count > length/side {
			return 0, malformed("a tensor of shape %v has %d bytes", tensor.Shape, length)
		}
		count *= side
	}
	if !known || count*size != length {
		return 0, malformed("a %v tensor of shape %v has %d bytes", tensor.GetDtype(), tensor.Shape, length)
	}
	return int(count), nil
}

// numbersOf unpacks a tensor of one type.
func numbersOf[T float64 | float32 | int64 | int32 | bool](tensor *wire.Tensor) ([]T, error) {
	count, err := elements(tensor)
	if err != nil {
		return nil, err
	}
	values := make([]T, count)
	if _, err := binary.Decode(tensor.Data, binary.LittleEndian, values); err != nil {
		return nil, malformed("a %v tensor cannot be read: %v", tensor.GetDtype(), err)
	}
	return values, nil
}

func floatsOf(tensor *wire.Tensor) ([]float64, error) {
	switch {
	case tensor == nil:
		return nil, nil
	case tensor.GetDtype() == wire.DType_F64:
		return numbersOf[float64](tensor)
	case tensor.GetDtype() == wire.DType_F32:
		return widened[float64](numbersOf[float32](tensor))
	}
	return nil, malformed("a %v tensor where real numbers are expected", tensor.GetDtype())
}

func integersOf(tensor *wire.Tensor) ([]int64, error) {
	switch {
	case tensor == nil:
		return nil, nil
	case tensor.GetDtype() == wire.DType_I64:
		return numbersOf[int64](tensor)
	case tensor.GetDtype() == wire.DType_I32:
		return widened[int64](numbersOf[int32](tensor))
	}
	return nil, malformed("a %v tensor where whole numbers are expected", tensor.GetDtype())
}

func widened[W float64 | int64, N float32 | int32](narrow []N, err error) ([]W, error) {
	wide := make([]W, len(narrow))
	for position, value := range narrow {
		wide[position] = W(value)
	}
	return wide, err
}

func booleansOf(tensor *wire.Tensor) ([]bool, error) {
	switch {
	case tensor == nil:
		return nil, nil
	case tensor.GetDtype() == wire.DType_BOOL:
		return numbersOf[bool](tensor)
	}
	return nil, malformed("a %v tensor where truth values are expected", tensor.GetDtype())
}

// rowsOf unpacks a tensor of two dimensions; the rows share one array.
func rowsOf(tensor *wire.Tensor) ([][]float64, error) {
	values, err := floatsOf(tensor)
	if err != nil || tensor == nil {
		return nil, err
	}
	if len(tensor.Shape) != 2 {
		return nil, malformed("a tensor of shape %v where rows are expected", tensor.Shape)
	}
	n, width := int(tensor.Shape[0]), int(tensor.Shape[1])
	if width == 0 {
		return nil, malformed("a tensor of shape %v has rows of no values", tensor.Shape)
	}
	rows := make([][]float64, n)
	for row := range rows {
		rows[row] = values[row*width : (row+1)*width : (row+1)*width]
	}
	return rows, nil
}
