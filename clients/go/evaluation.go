package modelwire

import (
	"context"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// EvaluationData are rows whose targets are known.
type EvaluationData struct {
	// Data are the rows: [Arrays], [Rows] or [Stored]. Columns that the model does not take are passed over. Without a target it
	// is the column that the model learned; of a clustering it is the groups to compare with, if any.
	Data TrainingData
	// SampleWeight is the column of [Rows] or [Stored] that says how often each row counts; empty: each once. A clustering takes
	// none.
	SampleWeight string
}

// Evaluation is what a model is worth. What a model does not have is nil or the zero [Column].
type Evaluation struct {
	// Model is the name of the model that answered.
	Model string
	// Version is its version.
	Version int64
	// Generation is how often the alias that was asked for has been set; 0 where a version was asked for.
	Generation int64
	// Samples is how many rows count: all whose weight is above 0.
	Samples int64
	// Metrics are those by name that are defined for these rows, with scikit-learn's values.
	Metrics map[string]float64
	// Labels are those of a classification: the classes that rows are of, or were answered with, in ascending order.
	Labels Column
	// Classes are those of a classification, one for each of Labels.
	Classes []ClassMetrics
	// Confusion is that of a classification: the weight of rows by their class and by what was answered.
	Confusion [][]float64
	// SilhouetteSamples is of how many rows the silhouette of a clustering is; 0 where there is none.
	SilhouetteSamples int64
}

// ClassMetrics say how well one class is told from the others.
type ClassMetrics struct {
	// Precision is the share of the rows answered with the class that are of it; nil if there are none.
	Precision *float64
	// Recall is the share of the rows of the class that were answered with it; nil if there are none.
	Recall *float64
	// F1 is the harmonic mean of both.
	F1 float64
	// Support is the weight of the rows of the class.
	Support float64
}

// Evaluate asks what a model is worth on rows whose targets are known. The model is named as in [Client.Predict].
//
// It fails with [ErrNotFound] if there is no such model or data set, with [ErrInvalidArgument] if a column or value is wrong,
// and with [ErrOverloaded].
func (c *Client) Evaluate(ctx context.Context, model string, data EvaluationData, options ...CallOption) (Evaluation, error) {
	if data.Data == nil {
		return Evaluation{}, invalid("no data to evaluate on; give Arrays, Rows or Stored")
	}
	rows := &wire.TrainRequest{SampleWeight: absentIf(data.SampleWeight == "", data.SampleWeight)}
	if err := data.Data.describe(rows); err != nil {
		return Evaluation{}, err
	}
	call := c.call(anyNumberOf, options)
	reply, err := invoke(ctx, call, wire.NewTrainingClient(call).Evaluate, &wire.EvaluateRequest{
		Context: call.head, Model: &model, Table: rows.Table, Dataset: rows.Dataset, Target: rows.Target,
		SampleWeight: rows.SampleWeight,
	})
	if err != nil {
		return Evaluation{}, err
	}
	return evaluationFrom(reply)
}

func evaluationFrom(reply *wire.EvaluateResponse) (evaluation Evaluation, err error) {
	evaluation = Evaluation{
		Model: reply.GetModel(), Version: reply.GetVersion(), Generation: reply.GetGeneration(),
		Samples: reply.GetNSamples(), Metrics: reply.Metrics, SilhouetteSamples: reply.GetSilhouetteSamples(),
	}
	for _, class := range reply.Classes {
		evaluation.Classes = append(evaluation.Classes, ClassMetrics{
			Precision: class.Precision, Recall: class.Recall, F1: class.GetF1(), Support: class.GetSupport(),
		})
	}
	if evaluation.Labels, err = columnFrom(reply.Labels); err != nil {
		return Evaluation{}, err
	}
	evaluation.Confusion, err = rowsOf(reply.Confusion)
	return evaluation, err
}
