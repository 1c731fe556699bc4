package modelwire

import (
	"context"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// Explanation is what each column adds to the answers to n rows, in their order. A regressor has one answer to a row, a
// classifier one for each class: BaseValues[k] and the sum of Contributions[i][k] are answer k to row i, on the Scale.
type Explanation struct {
	// Model is the name of the model that is explained.
	Model string
	// Version is its version.
	Version int64
	// Generation is how often the alias that was asked for has been set; 0 where a version was asked for.
	Generation int64
	// Scale is what the sums are: "value" (in the unit of the targets), "log_value" (the natural logarithm of the answer),
	// "probability", "score" (softmax over the classes makes probabilities of them), or "decision" (the class of the largest is
	// the answer).
	Scale string
	// BaseValues are the answers where no column says anything, one for each answer.
	BaseValues []float64
	// Contributions are n rows of a list for each answer, which has what each column adds, in the order of Features.
	Contributions [][][]float64
	// Features are the names of the columns as they reach the estimator.
	Features []string
	// Classes are the labels that the answers of a classifier are of, in ascending order.
	Classes Column
	// Outputs are the names of several targets of a regressor, in the order of the answers; nil elsewhere.
	Outputs []string
}

// Explain answers what each column adds to the answers of [Client.Predict]: of a linear model the column times its
// coefficient, of a tree or a forest the Shapley value. Model and rows are as there, but all rows travel in one call.
//
// It fails with [ErrNotFound] if there is no such model, version or alias, with [ErrFailedPrecondition] if the answers of the
// model are no sums over columns (it is neither linear, nor a tree, nor a forest), with [ErrInvalidArgument] if the rows do
// not suit it or are too many for a call or its reply, which says how many a call may have, and with [ErrOverloaded].
func (c *Client) Explain(ctx context.Context, model string, rows [][]float64, options ...CallOption) (Explanation, error) {
	if err := checkMatrix(rows); err != nil {
		return Explanation{}, err
	}
	return c.explain(ctx, model, matrix(rows), options)
}

// ExplainTable is [Client.Explain] for columns by name, in any order: all of the model's and no others.
func (c *Client) ExplainTable(ctx context.Context, model string, table *Table, options ...CallOption) (Explanation, error) {
	if table == nil {
		return Explanation{}, invalid("no table; at least one row is needed")
	}
	return c.explain(ctx, model, table, options)
}

func (c *Client) explain(ctx context.Context, model string, rows rows, options []CallOption) (Explanation, error) {
	call := c.call(anyNumberOf, options)
	request := &wire.ExplainRequest{Context: call.head, Model: &model}
	request.Matrix, request.Table = rows.sent()
	reply, err := invoke(ctx, call, wire.NewInferenceClient(call).Explain, request)
	if err != nil {
		return Explanation{}, err
	}
	return explanationFrom(reply)
}

func explanationFrom(reply *wire.ExplainResponse) (Explanation, error) {
	explanation := Explanation{
		Model: reply.GetModel(), Version: reply.GetVersion(), Generation: reply.GetGeneration(), Scale: reply.GetScale(),
		Features: reply.GetFeatures(), Outputs: reply.GetOutputs(),
	}
	answers := 1
	if explanation.Outputs != nil {
		answers = len(explanation.Outputs)
	}
	if reply.Classes != nil {
		classes, err := columnFrom(reply.Classes)
		if err != nil {
			return Explanation{}, err
		}
		explanation.Classes, answers = classes, classes.Len()
	}
	var err error
	if explanation.BaseValues, err = floatsOf(reply.BaseValues); err != nil {
		return Explanation{}, err
	}
	if len(explanation.BaseValues) != answers {
		return Explanation{}, malformed("%d base values came for %d answers", len(explanation.BaseValues), answers)
	}
	explanation.Contributions, err = cubeOf(reply.Contributions, answers, len(explanation.Features))
	if err != nil {
		return Explanation{}, err
	}
	return explanation, nil
}

// cubeOf unpacks a tensor of shape (n, answers, features); all lists share one array.
func cubeOf(tensor *wire.Tensor, answers, features int) ([][][]float64, error) {
	if tensor == nil {
		return nil, malformed("no contributions came")
	}
	values, err := floatsOf(tensor)
	switch {
	case err != nil:
		return nil, err
	case len(tensor.Shape) != 3 || tensor.Shape[1] != int64(answers) || tensor.Shape[2] != int64(features):
		return nil, malformed("contributions of shape %v came for %d answers of %d columns", tensor.Shape, answers, features)
	case len(values) == 0:
		return nil, malformed("contributions of shape %v are none", tensor.Shape)
	}
	cube := make([][][]float64, tensor.Shape[0])
	for row := range cube {
		cube[row] = make([][]float64, answers)
		for answer := range cube[row] {
			cube[row][answer], values = values[:features:features], values[features:]
		}
	}
	return cube, nil
}
