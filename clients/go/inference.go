package modelwire

import (
	"context"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// Prediction is one prediction for each of n rows, in their order. What a model does not have is nil or the zero [Column].
type Prediction struct {
	// Model is the name of the model that answered.
	Model string
	// Version is its version.
	Version int64
	// Generation is how often the alias that was asked for has been set; 0 where a version was asked for.
	Generation int64
	// Values are those of a regression, n of them, in the unit of the targets.
	Values []float64
	// Labels are those of a classification: the most probable class of each row, n values of the type of the targets.
	Labels Column
	// Probabilities are those of a classification: n rows of a probability for each class, in the order of Classes.
	Probabilities [][]float64
	// Classes are the labels of a classification, in ascending order.
	Classes Column
	// Clusters are those of a clustering: n numbers of the nearest centre, from 0.
	Clusters []int64
	// Distances are those of a clustering: n rows of the Euclidean distance to each centre, in the unit of the model's last
	// step.
	Distances [][]float64
}

// Predict answers one prediction for each row of numbers, in the order of the model's columns. A model is named "churn" (its
// alias stable), "churn@3" (a version), "churn@canary" (an alias) or "churn@latest" (the newest version).
//
// It fails with [ErrNotFound] if there is no such model, version or alias, with [ErrInvalidArgument] if the rows do not suit
// it, and with [ErrOverloaded].
func (c *Client) Predict(ctx context.Context, model string, rows [][]float64, options ...CallOption) (Prediction, error) {
	if err := checkMatrix(rows); err != nil {
		return Prediction{}, err
	}
	return c.predict(ctx, &wire.PredictRequest{Model: &model, Matrix: matrixOf(rows)}, options)
}

// PredictTable is [Client.Predict] for columns by name, in any order: all of the model's and no others.
func (c *Client) PredictTable(ctx context.Context, model string, table *Table, options ...CallOption) (Prediction, error) {
	if table == nil {
		return Prediction{}, invalid("no table; at least one row is needed")
	}
	return c.predict(ctx, &wire.PredictRequest{Model: &model, Table: tableOf(table)}, options)
}

func (c *Client) predict(ctx context.Context, request *wire.PredictRequest, options []CallOption) (Prediction, error) {
	call := c.call(anyNumberOf, options)
	request.Context = call.head
	reply, err := invoke(ctx, call, wire.NewInferenceClient(call).Predict, request)
	if err != nil {
		return Prediction{}, err
	}
	return predictionFrom(reply)
}

func predictionFrom(reply *wire.PredictResponse) (prediction Prediction, err error) {
	prediction = Prediction{Model: reply.GetModel(), Version: reply.GetVersion(), Generation: reply.GetGeneration()}
	if prediction.Values, err = floatsOf(reply.Values); err != nil {
		return Prediction{}, err
	}
	if prediction.Labels, err = columnFrom(reply.Labels); err != nil {
		return Prediction{}, err
	}
	if prediction.Probabilities, err = rowsOf(reply.Probabilities); err != nil {
		return Prediction{}, err
	}
	if prediction.Classes, err = columnFrom(reply.Classes); err != nil {
		return Prediction{}, err
	}
	if prediction.Clusters, err = integersOf(reply.Clusters); err != nil {
		return Prediction{}, err
	}
	prediction.Distances, err = rowsOf(reply.Distances)
	return prediction, err
}
