package modelwire

import (
	"context"
	"errors"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// PredictRequest is one of several predictions that [Client.PredictMany] asks for: Rows by position or a Table by name,
// exactly one of them, for a model that is named as in [Client.Predict].
type PredictRequest struct {
	Model string
	Rows  [][]float64
	Table *Table
}

// PredictOutcome is what became of a [PredictRequest]: a prediction if Err is nil.
type PredictOutcome struct {
	Prediction Prediction
	// Err is the error that [Client.Predict] would have answered.
	Err error
}

// PredictMany answers independent requests, at most 1,000, in one call: an outcome for each, in their order. An error of one
// request changes no other, and is not tried again.
//
// It fails with [ErrInvalidArgument] if there are more requests, one has no rows, or all take more than a call or its reply
// holds.
func (c *Client) PredictMany(ctx context.Context, requests []PredictRequest, options ...CallOption) ([]PredictOutcome, error) {
	items := make([]*wire.PredictItem, len(requests))
	for position, request := range requests {
		item, err := request.item()
		if err != nil {
			return nil, ofRequest(position, err)
		}
		items[position] = item
	}
	call := c.call(anyNumberOf, options)
	request := &wire.PredictManyRequest{Context: call.head, Items: items}
	reply, err := invoke(ctx, call, wire.NewInferenceClient(call).PredictMany, request)
	if err != nil {
		return nil, err
	}
	return outcomesFrom(reply.Outcomes, len(requests))
}

func (r PredictRequest) item() (*wire.PredictItem, error) {
	item := &wire.PredictItem{Model: &r.Model}
	switch {
	case r.Table != nil && r.Rows != nil:
		return nil, invalid("it has both Rows and a Table; give one of them")
	case r.Table != nil:
		item.Table = tableOf(r.Table)
		return item, nil
	}
	if err := checkMatrix(r.Rows); err != nil {
		return nil, err
	}
	item.Matrix = matrixOf(r.Rows)
	return item, nil
}

// ofRequest says which request an error is about.
func ofRequest(position int, err error) error {
	failure := new(Error)
	if errors.As(err, &failure) {
		return invalid("request %d: %s", position, failure.Message)
	}
	return err
}

func outcomesFrom(sent []*wire.PredictOutcome, asked int) ([]PredictOutcome, error) {
	if len(sent) != asked {
		return nil, malformed("%d outcomes came for %d requests", len(sent), asked)
	}
	outcomes := make([]PredictOutcome, asked)
	for position, outcome := range sent {
		switch {
		case (outcome.Response == nil) == (outcome.Error == nil):
			return nil, malformed("outcome %d is not either an answer or an error", position)
		case outcome.Error != nil:
			outcomes[position].Err = fromWire(outcome.Error)
			continue
		}
		prediction, err := predictionFrom(outcome.Response)
		if err != nil {
			return nil, err
		}
		outcomes[position].Prediction = prediction
	}
	return outcomes, nil
}
