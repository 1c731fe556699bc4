package modelwire

import (
	"context"
	"fmt"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// TrainingResult is what a transductive model made of the rows that it was trained on, in their order: Labels or Embedding.
type TrainingResult struct {
	// Model and Version are what was read.
	Model   string
	Version int64
	// Labels are the cluster of each row, from 0; -1 is a row in no cluster.
	Labels []int64
	// Embedding is where each row is put.
	Embedding [][]float64
}

// Len is the number of rows.
func (r TrainingResult) Len() int { return max(len(r.Labels), len(r.Embedding)) }

// TrainingResult asks what a transductive model, such as one of dbscan, made of the rows that it was trained on. The model is
// named as in [Client.Predict]. A large result comes in several calls, all of one version.
//
// It fails with [ErrNotFound], and with [ErrFailedPrecondition] if the model answers [Client.Predict] instead.
func (c *Client) TrainingResult(ctx context.Context, model string, options ...CallOption) (TrainingResult, error) {
	var result TrainingResult
	for {
		call := c.call(anyNumberOf, options)
		from := int64(result.Len())
		request := &wire.GetTrainingResultRequest{Context: call.head, Model: &model, FromRow: &from}
		reply, err := invoke(ctx, call, wire.NewModelsClient(call).GetTrainingResult_, request)
		if err != nil {
			return TrainingResult{}, err
		}
		if err := result.add(reply); err != nil || reply.NextRow == nil {
			return result, err
		}
		// An alias may move meanwhile: the version is that of the first page.
		model = fmt.Sprintf("%s@%d", result.Model, result.Version)
	}
}

// add appends a page.
func (r *TrainingResult) add(page *wire.GetTrainingResultResponse) error {
	labels, err := integersOf(page.Labels)
	if err != nil {
		return err
	}
	embedding, err := rowsOf(page.Embedding)
	if err != nil {
		return err
	}
	if (page.Labels == nil) == (page.Embedding == nil) || r.Labels != nil && labels == nil || r.Embedding != nil && embedding == nil {
		return malformed("a training result is not either labels or an embedding")
	}
	before := r.Len()
	r.Model, r.Version = page.GetModel(), page.GetVersion()
	r.Labels, r.Embedding = append(r.Labels, labels...), append(r.Embedding, embedding...)
	if page.NextRow != nil && (r.Len() == before || page.GetNextRow() != int64(r.Len())) {
		return malformed("a training result goes on at row %d after %d rows", page.GetNextRow(), r.Len())
	}
	return nil
}
