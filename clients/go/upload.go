package modelwire

import (
	"context"
	"hash/crc32"
	"iter"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// Upload stores a table as a new version of a data set, in pieces of at most 8 MiB. Nothing is visible before all of it is
// stored. The time limit holds for each piece.
//
// It fails with [ErrInvalidArgument] if that is no name, there are no rows, or a value is larger than a piece, and with
// [ErrOverloaded] if there are too many open uploads. Nothing is opened at the server before the first piece is known to be
// good.
func (c *Client) Upload(ctx context.Context, name string, table *Table, options ...CallOption) (Dataset, error) {
	if table == nil {
		return Dataset{}, invalid("no table to store")
	}
	return c.UploadPieces(ctx, name, table.piecesOf(maxInlineBytes), options...)
}

// UploadCSV stores a file as a new version of a data set; see [ReadCSV] and [Client.Upload].
func (c *Client) UploadCSV(ctx context.Context, name, path string, options ...CallOption) (Dataset, error) {
	table, err := LoadCSV(path)
	if err != nil {
		return Dataset{}, err
	}
	return c.Upload(ctx, name, table, options...)
}

// UploadPieces is [Client.Upload] for more rows than fit in memory: for pieces that are read, or computed, one after the
// other. Their columns have the same names and types in the same order. It ends with the first error that the pieces give.
func (c *Client) UploadPieces(ctx context.Context, name string, pieces iter.Seq2[*Table, error], options ...CallOption) (Dataset, error) {
	upload, rows := "", int64(0)
	for piece, err := range pieces {
		if err == nil {
			err = checkPiece(piece, rows)
		}
		if err == nil && upload == "" {
			upload, err = c.createDataset(ctx, name, options)
		}
		if err == nil {
			rows, err = c.appendRows(ctx, upload, rows, piece, options)
		}
		if err != nil {
			return Dataset{}, err
		}
	}
	if upload == "" {
		return Dataset{}, invalid("there are no rows to store; a data set has at least one row")
	}
	return c.commitDataset(ctx, upload, rows, options)
}

func (c *Client) createDataset(ctx context.Context, name string, options []CallOption) (string, error) {
	call := c.call(anyNumberOf, options)
	request := &wire.CreateDatasetRequest{Context: call.recognisable(), Name: &name}
	created, err := invoke(ctx, call, wire.NewDatasetsClient(call).CreateDataset, request)
	if err != nil {
		return "", err
	}
	return created.GetUploadID(), nil
}

// checkPiece refuses a piece that cannot be sent. The rows before it are counted.
func checkPiece(piece *Table, offset int64) error {
	if piece == nil || piece.Len() == 0 {
		return invalid("the piece that begins with row %d has no rows", offset)
	}
	if size := piece.bytes(); size > maxInlineBytes {
		return invalid("rows %d to %d take %d bytes and a piece may take %d", offset, offset+int64(piece.Len())-1, size, maxInlineBytes)
	}
	return nil
}

// appendRows sends the rows that come after an offset and answers the next offset.
func (c *Client) appendRows(ctx context.Context, upload string, offset int64, piece *Table, options []CallOption) (int64, error) {
	call := c.call(anyNumberOf, options)
	table := tableOf(piece)
	sum := checksum(table)
	request := &wire.AppendRowsRequest{Context: call.head, UploadID: &upload, Offset: &offset, Table: table, Crc32: &sum}
	reply, err := invoke(ctx, call, wire.NewDatasetsClient(call).AppendRows, request)
	if err != nil {
		return offset, err
	}
	return reply.GetNRows(), nil
}

func (c *Client) commitDataset(ctx context.Context, upload string, rows int64, options []CallOption) (Dataset, error) {
	call := c.call(anyNumberOf, options)
	request := &wire.CommitDatasetRequest{Context: call.head, UploadID: &upload, NRows: &rows}
	reply, err := invoke(ctx, call, wire.NewDatasetsClient(call).CommitDataset, request)
	if err != nil {
		return Dataset{}, err
	}
	return datasetFrom(reply.Dataset)
}

// checksum is the CRC-32 of the rows as sent: of each column, in order, all that it consists of.
func checksum(table *wire.Table) int64 {
	sum := crc32.NewIEEE()
	for _, column := range table.Columns {
		if column.Tensor != nil {
			_, _ = sum.Write(column.Tensor.Data) // a hash never fails
		}
		for _, part := range [][]byte{column.TextData, column.TextOffsets, column.Missing} {
			_, _ = sum.Write(part)
		}
	}
	return int64(sum.Sum32())
}

// piecesOf are the rows in pieces that take at most this many bytes each; a row that is larger is a piece alone.
func (t *Table) piecesOf(most int) iter.Seq2[*Table, error] {
	return func(yield func(*Table, error) bool) {
		for from := 0; from < t.Len(); {
			to := t.end(from, most)
			if !yield(t.Slice(from, to), nil) {
				return
			}
			from = to
		}
	}
}

// bytes is what the values take on the wire.
func (t *Table) bytes() int {
	size := 0
	for _, column := range t.columns {
		switch column.kind {
		case BooleanColumn:
			size += column.Len()
		case TextColumn:
			for _, text := range column.texts {
				size += len(text) + 4
			}
		default:
			size += 8 * column.Len()
		}
	}
	return size
}

// rowBytes is what a row takes on the wire: 8 bytes for a number, 1 for a truth value, its own length and 4 for a text.
func (t *Table) rowBytes(row int) int {
	size := 0
	for _, column := range t.columns {
		switch column.kind {
		case BooleanColumn:
			size++
		case TextColumn:
			size += len(column.texts[row]) + 4
		default:
			size += 8
		}
	}
	return size
}
