package modelwire

import (
	"context"
	"errors"
	"fmt"

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
	// Probabilities are those of a classification: n rows of a probability for each class, in the order of Classes; or those of
	// a clustering by a mixture: what each row belongs to each component by.
	Probabilities [][]float64
	// Classes are the labels of a classification, in ascending order.
	Classes Column
	// Clusters are those of a clustering: n numbers of the nearest centre, or of the component that a row belongs to most, from 0.
	Clusters []int64
	// Distances are those of a clustering around centres: n rows of the Euclidean distance to each centre, in the unit of the model's last
	// step.
	Distances [][]float64
	// Transformed are those of a transformation, and of a regression of several targets: n rows of the columns that the model's schema
	// names as its Outputs.
	Transformed [][]float64
}

// Predict answers one prediction for each row of numbers, in the order of the model's columns. A model is named "churn" (its
// alias stable), "churn@3" (a version), "churn@canary" (an alias) or "churn@latest" (the newest version).
//
// Rows of more than 8 MiB, or half of [WithMaxFrameBytes], travel in several calls, a few of them at once, all within the
// time limit. The version that answers the first row answers all of them, though an alias may move meanwhile.
//
// It fails with [ErrNotFound] if there is no such model, version or alias, with [ErrInvalidArgument] if the rows do not suit
// it, and with [ErrOverloaded].
func (c *Client) Predict(ctx context.Context, model string, rows [][]float64, options ...CallOption) (Prediction, error) {
	if err := checkMatrix(rows); err != nil {
		return Prediction{}, err
	}
	return c.predict(ctx, model, matrix(rows), options)
}

// PredictTable is [Client.Predict] for columns by name, in any order: all of the model's and no others.
func (c *Client) PredictTable(ctx context.Context, model string, table *Table, options ...CallOption) (Prediction, error) {
	if table == nil {
		return Prediction{}, invalid("no table; at least one row is needed")
	}
	return c.predict(ctx, model, table, options)
}

func (c *Client) predict(ctx context.Context, model string, rows rows, options []CallOption) (Prediction, error) {
	most := max(min(maxInlineBytes, c.settings.maxFrameBytes/2), 1)
	if rows.Len() < 2 || rows.bytes() <= most {
		return c.predictAtOnce(ctx, model, rows, options)
	}
	ctx, cancel := context.WithTimeout(ctx, c.call(anyNumberOf, options).timeout)
	defer cancel()
	// The first row goes first: its answer says which version answers all, and how large the other answers will be.
	first, err := c.predictAtOnce(ctx, model, rows.part(0, 1), options)
	if err != nil {
		return Prediction{}, err
	}
	version := fmt.Sprintf("%s@%d", first.Model, first.Version)
	pieces := cut(rows, 1, most, first.answerBytes())
	answers := make([]Prediction, len(pieces))
	err = together(ctx, len(pieces), func(ctx context.Context, number int) (err error) {
		piece := pieces[number]
		answers[number], err = c.predictAtOnce(ctx, version, rows.part(piece.from, piece.to), options)
		return countedFrom(piece.from, err)
	})
	if err != nil {
		return Prediction{}, err
	}
	return first.with(answers), nil
}

// predictAtOnce sends all rows in one call.
func (c *Client) predictAtOnce(ctx context.Context, model string, rows rows, options []CallOption) (Prediction, error) {
	call := c.call(anyNumberOf, options)
	request := &wire.PredictRequest{Context: call.head, Model: &model}
	request.Matrix, request.Table = rows.sent()
	reply, err := invoke(ctx, call, wire.NewInferenceClient(call).Predict, request)
	if err != nil {
		return Prediction{}, err
	}
	return predictionFrom(reply)
}

// countedFrom tells of which row the error of a piece counts its rows.
func countedFrom(from int, err error) error {
	failure := new(Error)
	if errors.As(err, &failure) && failure.Code == ErrInvalidArgument {
		failure.Message += fmt.Sprintf(" (rows are counted from row %d)", from)
	}
	return err
}

// answerBytes is what the answer to one row takes on its way, as that to another row shows it.
func (p Prediction) answerBytes() int {
	switch {
	case p.Classes.Len() > 0:
		longest := 8
		for _, class := range p.Classes.Texts() {
			longest = max(longest, 4+len(class))
		}
		return longest + 8*p.Classes.Len()
	case len(p.Distances) > 0:
		return 8 + 8*len(p.Distances[0])
	case len(p.Probabilities) > 0:
		return 8 + 8*len(p.Probabilities[0])
	case len(p.Transformed) > 0:
		return 8 * len(p.Transformed[0])
	}
	return 8
}

// with has the answers to further rows behind its own.
func (p Prediction) with(answers []Prediction) Prediction {
	for _, answer := range answers {
		p.Values = append(p.Values, answer.Values...)
		p.Labels = p.Labels.with(answer.Labels)
		p.Probabilities = append(p.Probabilities, answer.Probabilities...)
		p.Clusters = append(p.Clusters, answer.Clusters...)
		p.Distances = append(p.Distances, answer.Distances...)
		p.Transformed = append(p.Transformed, answer.Transformed...)
	}
	return p
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
	if prediction.Distances, err = rowsOf(reply.Distances); err != nil {
		return Prediction{}, err
	}
	prediction.Transformed, err = rowsOf(reply.Transformed)
	return prediction, err
}
