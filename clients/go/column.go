package modelwire

import (
	"math"
	"strconv"
)

// ColumnType says what a column holds. A type that this client does not know keeps the name that the server gave it.
type ColumnType string

// The types of columns.
const (
	// FloatColumn holds real numbers.
	FloatColumn ColumnType = "FLOAT"
	// IntegerColumn holds whole numbers.
	IntegerColumn ColumnType = "INTEGER"
	// BooleanColumn holds truth values.
	BooleanColumn ColumnType = "BOOLEAN"
	// TextColumn holds text in UTF-8.
	TextColumn ColumnType = "TEXT"
)

// ColumnSchema is the name and the type of a column, without its values.
type ColumnSchema struct {
	Name string
	Type ColumnType
}

// Column is a named column of values, some of which may be missing. [Floats], [Integers], [Booleans] and [Texts] make one;
// the zero Column is none. It shares the slices that it is made of: leave them as they are.
type Column struct {
	name     string
	kind     ColumnType
	floats   []float64
	integers []int64
	booleans []bool
	texts    []string
	missing  []bool
}

// Floats is a column of real numbers.
func Floats(name string, values ...float64) Column {
	return Column{name: name, kind: FloatColumn, floats: values}
}

// Integers is a column of whole numbers.
func Integers(name string, values ...int64) Column {
	return Column{name: name, kind: IntegerColumn, integers: values}
}

// Booleans is a column of truth values.
func Booleans(name string, values ...bool) Column {
	return Column{name: name, kind: BooleanColumn, booleans: values}
}

// Texts is a column of text.
func Texts(name string, values ...string) Column {
	return Column{name: name, kind: TextColumn, texts: values}
}

// WithMissing is the column with the values missing where the mask, one for each row, is true. In a table they are NaN, 0,
// false or empty, whatever they were before.
func (c Column) WithMissing(mask []bool) Column {
	c.missing = mask
	return c
}

// Renamed is the column under another name.
func (c Column) Renamed(name string) Column {
	c.name = name
	return c
}

// Name is the name of the column.
func (c Column) Name() string { return c.name }

// Type says what the column holds.
func (c Column) Type() ColumnType { return c.kind }

// Schema is name and type.
func (c Column) Schema() ColumnSchema { return ColumnSchema{Name: c.name, Type: c.kind} }

// Len is the number of values, missing ones included.
func (c Column) Len() int {
	return len(c.floats) + len(c.integers) + len(c.booleans) + len(c.texts)
}

// Floats are the values of a [FloatColumn], NaN where one is missing; nil for other types.
func (c Column) Floats() []float64 { return c.floats }

// Integers are the values of an [IntegerColumn], 0 where one is missing; nil for other types.
func (c Column) Integers() []int64 { return c.integers }

// Booleans are the values of a [BooleanColumn], false where one is missing; nil for other types.
func (c Column) Booleans() []bool { return c.booleans }

// Texts are the values of a [TextColumn], empty where one is missing; nil for other types.
func (c Column) Texts() []string { return c.texts }

// IsMissing says whether the value of a row is missing.
func (c Column) IsMissing(row int) bool { return row < len(c.missing) && c.missing[row] }

// Value is the value of a row as a float64, int64, bool or string; nil if it is missing.
func (c Column) Value(row int) any {
	switch {
	case c.IsMissing(row):
		return nil
	case c.kind == IntegerColumn:
		return c.integers[row]
	case c.kind == BooleanColumn:
		return c.booleans[row]
	case c.kind == TextColumn:
		return c.texts[row]
	default:
		return c.floats[row]
	}
}

// Text is the value of a row as text; empty if it is missing.
func (c Column) Text(row int) string {
	switch value := c.Value(row).(type) {
	case int64:
		return strconv.FormatInt(value, 10)
	case bool:
		return strconv.FormatBool(value)
	case string:
		return value
	case float64:
		return strconv.FormatFloat(value, 'g', -1, 64)
	default:
		return ""
	}
}

// check finds what would make the column no column.
func (c Column) check() error {
	switch {
	case c.name == "":
		return invalid("a column has no name; give each column one")
	case c.kind == "":
		return invalid("column %q has no values; make it with Floats, Integers, Booleans or Texts", c.name)
	case c.missing != nil && len(c.missing) != c.Len():
		return invalid("column %q has %d values and its mask of missing ones has %d", c.name, c.Len(), len(c.missing))
	}
	return nil
}

// slice is rows from to before to.
func (c Column) slice(from, to int) Column {
	switch c.kind {
	case IntegerColumn:
		c.integers = c.integers[from:to]
	case BooleanColumn:
		c.booleans = c.booleans[from:to]
	case TextColumn:
		c.texts = c.texts[from:to]
	default:
		c.floats = c.floats[from:to]
	}
	if c.missing != nil {
		c.missing = c.missing[from:to]
	}
	return c
}

// with has the values of another column of its type, none of which is missing, behind its own.
func (c Column) with(other Column) Column {
	c.floats = append(c.floats, other.floats...)
	c.integers = append(c.integers, other.integers...)
	c.booleans = append(c.booleans, other.booleans...)
	c.texts = append(c.texts, other.texts...)
	return c
}

// blanked has the value of its type that stands for nothing wherever one is missing: what it held before is not sent.
func (c Column) blanked() Column {
	switch c.kind {
	case IntegerColumn:
		c.integers = blank(c.integers, c.missing, 0)
	case BooleanColumn:
		c.booleans = blank(c.booleans, c.missing, false)
	case TextColumn:
		c.texts = blank(c.texts, c.missing, "")
	default:
		c.floats = blank(c.floats, c.missing, math.NaN())
	}
	return c
}

func blank[T any](values []T, missing []bool, nothing T) []T {
	if missing == nil {
		return values
	}
	blanked := append([]T(nil), values...)
	for row, is := range missing {
		if is {
			blanked[row] = nothing
		}
	}
	return blanked
}
