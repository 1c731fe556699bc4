package modelwire

import (
	"github.com/modelwire/modelwire/gen/go/wire"
)

// rows are those of a prediction: a matrix by position or a table by name.
type rows interface {
	Len() int
	// bytes is what the values take on the wire.
	bytes() int
	// part is rows from to before to; it shares the values.
	part(from, to int) rows
	// end is where the piece ends that starts at a row and takes at most this many bytes, but at least that row.
	end(from, most int) int
	// sent is one of the two.
	sent() (*wire.Tensor, *wire.Table)
}

// matrix is rows of equal length, at least one.
type matrix [][]float64

func (m matrix) Len() int               { return len(m) }
func (m matrix) bytes() int             { return m.rowBytes() * len(m) }
func (m matrix) rowBytes() int          { return 8 * len(m[0]) }
func (m matrix) part(from, to int) rows { return m[from:to] }

func (m matrix) end(from, most int) int {
	return min(from+max(most/m.rowBytes(), 1), len(m))
}

func (m matrix) sent() (*wire.Tensor, *wire.Table) { return matrixOf(m), nil }

func (t *Table) part(from, to int) rows { return t.Slice(from, to) }

func (t *Table) end(from, most int) int {
	row, size := from, 0
	for row < t.Len() {
		size += t.rowBytes(row)
		if size > most && row > from {
			break
		}
		row++
	}
	return row
}

func (t *Table) sent() (*wire.Tensor, *wire.Table) { return nil, tableOf(t) }

// pieceOf is rows from to before to.
type pieceOf struct{ from, to int }

// cut cuts the rows from one on in pieces of at most this many bytes, and of so many rows that their answers, which take
// this many bytes each, keep to it too.
func cut(rows rows, from, most, answerBytes int) (pieces []pieceOf) {
	mostRows := max(most/answerBytes, 1)
	for from < rows.Len() {
		to := min(rows.end(from, most), from+mostRows)
		pieces = append(pieces, pieceOf{from, to})
		from = to
	}
	return pieces
}
