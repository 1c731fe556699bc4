package modelwire

import (
	"fmt"
	"iter"
	"slices"
)

// Table is columns of equal length with unique names, at least one; it may have no rows.
type Table struct {
	columns []Column
}

// NewTable makes a table of columns. It fails with [ErrInvalidArgument] if there is none, a name is empty or used twice,
// or lengths differ.
func NewTable(columns ...Column) (*Table, error) {
	if len(columns) == 0 {
		return nil, invalid("a table has no columns; at least one is needed")
	}
	seen := make(map[string]bool, len(columns))
	table := &Table{columns: make([]Column, 0, len(columns))}
	for _, column := range columns {
		if err := column.check(); err != nil {
			return nil, err
		}
		if seen[column.name] {
			return nil, invalid("column %q is there twice; names are unique", column.name)
		}
		if column.Len() != columns[0].Len() {
			return nil, invalid("column %q has %d values and column %q has %d; all columns have the same length",
				column.name, column.Len(), columns[0].name, columns[0].Len())
		}
		seen[column.name] = true
		table.columns = append(table.columns, column.blanked())
	}
	return table, nil
}

// fromMatrix makes a table of rows of numbers; a column for each position, named x0, x1, … if there are no names.
func fromMatrix(rows [][]float64, names []string) ([]Column, error) {
	if err := checkMatrix(rows); err != nil {
		return nil, err
	}
	if names == nil {
		for position := range rows[0] {
			names = append(names, fmt.Sprintf("x%d", position))
		}
	}
	if len(names) != len(rows[0]) {
		return nil, invalid("%d names for rows of %d values", len(names), len(rows[0]))
	}
	columns := make([]Column, len(names))
	for position, name := range names {
		values := make([]float64, len(rows))
		for row := range rows {
			values[row] = rows[row][position]
		}
		columns[position] = Floats(name, values...)
	}
	return columns, nil
}

// checkMatrix refuses rows of different lengths.
func checkMatrix(rows [][]float64) error {
	if len(rows) == 0 || len(rows[0]) == 0 {
		return invalid("no values; at least one row of one value is needed")
	}
	for row := range rows {
		if len(rows[row]) != len(rows[0]) {
			return invalid("row %d has %d values and row 0 has %d; all rows have the same length", row, len(rows[row]), len(rows[0]))
		}
	}
	return nil
}

// Len is the number of rows.
func (t *Table) Len() int {
	if len(t.columns) == 0 {
		return 0
	}
	return t.columns[0].Len()
}

// Columns are the columns in their order.
func (t *Table) Columns() []Column { return slices.Clone(t.columns) }

// Schema is the names and types of the columns in their order.
func (t *Table) Schema() []ColumnSchema {
	schema := make([]ColumnSchema, len(t.columns))
	for position, column := range t.columns {
		schema[position] = column.Schema()
	}
	return schema
}

// Column is the column of a name; the second answer says whether there is one.
func (t *Table) Column(name string) (Column, bool) {
	position := slices.IndexFunc(t.columns, func(column Column) bool { return column.name == name })
	if position < 0 {
		return Column{}, false
	}
	return t.columns[position], true
}

// Select is the table with only these columns, in this order. It fails with [ErrInvalidArgument] if one is not there.
func (t *Table) Select(names ...string) (*Table, error) {
	columns := make([]Column, 0, len(names))
	for _, name := range names {
		column, found := t.Column(name)
		if !found {
			return nil, invalid("no column %q; there are %v", name, t.names())
		}
		columns = append(columns, column)
	}
	return NewTable(columns...)
}

// Without is the table without these columns. It fails with [ErrInvalidArgument] if no column is left.
func (t *Table) Without(names ...string) (*Table, error) {
	return NewTable(slices.DeleteFunc(t.Columns(), func(column Column) bool {
		return slices.Contains(names, column.name)
	})...)
}

// Slice is rows from to before to, like a slice expression; it shares the values and panics if they are not all there.
func (t *Table) Slice(from, to int) *Table {
	rows := &Table{columns: make([]Column, len(t.columns))}
	for position, column := range t.columns {
		rows.columns[position] = column.slice(from, to)
	}
	return rows
}

// Pieces are the rows in pieces of this many, the last one shorter; for [Client.UploadPieces].
func (t *Table) Pieces(rows int) iter.Seq2[*Table, error] {
	return func(yield func(*Table, error) bool) {
		if rows < 1 {
			yield(nil, invalid("pieces of %d rows; at least 1 is needed", rows))
			return
		}
		for from := 0; from < t.Len(); from += rows {
			if !yield(t.Slice(from, min(from+rows, t.Len())), nil) {
				return
			}
		}
	}
}

func (t *Table) names() []string {
	names := make([]string, len(t.columns))
	for position, column := range t.columns {
		names[position] = column.name
	}
	return names
}
