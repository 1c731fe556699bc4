package modelwire

import (
	"context"
	"iter"
	"time"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// Dataset is a version of a stored table; it never changes.
type Dataset struct {
	Name    string
	Version int64
	// Rows is the number of rows.
	Rows    int64
	Columns []ColumnSchema
	// SHA256 is that of its rows, in hex. It does not depend on the pieces in which they came.
	SHA256 string
	// Size is that of its files, in bytes.
	Size int64
	// Created is in UTC.
	Created time.Time
}

// DatasetDescription is a data set and what is in its columns.
type DatasetDescription struct {
	Dataset
	// Statistics are in the order of the columns.
	Statistics []ColumnStatistics
}

// ColumnStatistics is what is in a column. The numbers of a [TextColumn] are nil.
type ColumnStatistics struct {
	Column ColumnSchema
	// Count is the number of values that are there.
	Count int64
	// Missing is the number of those that are not.
	Missing int64
	// Mean counts a truth value as 0 or 1.
	Mean *float64
	// Deviation is the population standard deviation (divided by Count).
	Deviation *float64
	Minimum   *float64
	Maximum   *float64
}

// DescribeDataset asks for the schema and the statistics of "wine" (newest version) or "wine@2". It fails with
// [ErrNotFound] and, if that is no reference, with [ErrInvalidArgument].
func (c *Client) DescribeDataset(ctx context.Context, dataset string, options ...CallOption) (DatasetDescription, error) {
	call := c.call(anyNumberOf, options)
	request := &wire.DescribeDatasetRequest{Context: call.head, Dataset: &dataset}
	reply, err := invoke(ctx, call, wire.NewDatasetsClient(call).DescribeDataset, request)
	if err != nil {
		return DatasetDescription{}, err
	}
	stored, err := datasetFrom(reply.Dataset)
	description := DatasetDescription{Dataset: stored}
	for _, column := range reply.Statistics {
		description.Statistics = append(description.Statistics, statisticsFrom(column))
	}
	return description, err
}

// ListDatasets are the data sets by name, then by version.
func (c *Client) ListDatasets(ctx context.Context, options ...CallOption) iter.Seq2[Dataset, error] {
	return pages(func(after *string) ([]Dataset, *string, error) {
		call := c.call(anyNumberOf, options)
		request := &wire.ListDatasetsRequest{Context: call.head, After: after}
		reply, err := invoke(ctx, call, wire.NewDatasetsClient(call).ListDatasets, request)
		if err != nil {
			return nil, nil, err
		}
		datasets, err := each(reply.Datasets, datasetFrom)
		return datasets, reply.NextPage, err
	})
}

// DeleteDataset deletes a version of a data set. It fails with [ErrNotFound].
func (c *Client) DeleteDataset(ctx context.Context, name string, version int64, options ...CallOption) error {
	return c.deleteDataset(ctx, &wire.DeleteDatasetRequest{Name: &name, Version: &version}, options)
}

// DeleteDatasets deletes all versions of a data set. It fails with [ErrNotFound].
func (c *Client) DeleteDatasets(ctx context.Context, name string, options ...CallOption) error {
	return c.deleteDataset(ctx, &wire.DeleteDatasetRequest{Name: &name}, options)
}

func (c *Client) deleteDataset(ctx context.Context, request *wire.DeleteDatasetRequest, options []CallOption) error {
	call := c.call(once, options)
	request.Context = call.head
	_, err := invoke(ctx, call, wire.NewDatasetsClient(call).DeleteDataset, request)
	return err
}

func datasetFrom(sent *wire.Dataset) (Dataset, error) {
	if sent == nil {
		return Dataset{}, malformed("a reply without its data set")
	}
	return Dataset{
		Name:    sent.GetName(),
		Version: sent.GetVersion(),
		Rows:    sent.GetNRows(),
		Columns: schemaFrom(sent.Columns),
		SHA256:  sent.GetSha256(),
		Size:    sent.GetSizeBytes(),
		Created: timeOf(sent.CreatedMs),
	}, nil
}

func statisticsFrom(sent *wire.ColumnStatistics) ColumnStatistics {
	statistics := ColumnStatistics{
		Count:     sent.GetCount(),
		Missing:   sent.GetMissing(),
		Mean:      sent.Mean,
		Deviation: sent.Deviation,
		Minimum:   sent.Minimum,
		Maximum:   sent.Maximum,
	}
	if sent.Column != nil {
		statistics.Column = schemaFrom([]*wire.ColumnSchema{sent.Column})[0]
	}
	return statistics
}
