package modelwire

import (
	"context"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// ImportanceOptions say how columns are shuffled; what is left zero is as the server has it.
type ImportanceOptions struct {
	// Scoring is what falls, as scikit-learn names it and [Search] takes it, such as "neg_log_loss"; empty: "r2", "accuracy" or
	// "adjusted_rand_score" by the kind of the model.
	Scoring string
	// Repeats is how often each column is shuffled; 0: five times.
	Repeats int32
	// Seed is that of the shuffling: the same rows and seed give the same answer.
	Seed int64
}

// PermutationImportance says how much the answers of a model rest on each of its columns.
type PermutationImportance struct {
	// Model is the name of the model that answered.
	Model string
	// Version is its version.
	Version int64
	// Generation is how often the alias that was asked for has been set; 0 where a version was asked for.
	Generation int64
	// Samples is how many rows count: all whose weight is above 0.
	Samples int64
	// Scoring is the name of the score: greater is better.
	Scoring string
	// Baseline is the score of the rows as they are; of a negated error 0 or less.
	Baseline float64
	// Features are the columns that the model takes.
	Features []string
	// Mean and Deviation are those of each row of Importances.
	Mean, Deviation []float64
	// Importances are by how much the score falls once a column is shuffled: a row for each of Features, a number for each repeat.
	Importances [][]float64
}

// PermutationImportance asks by how much a score of a model falls when the values of one column are shuffled among the rows.
// Every shuffle predicts all rows: give the call time. The model is named as in [Client.Predict].
//
// It fails with [ErrNotFound] if there is no such model or data set, with [ErrInvalidArgument] if a column, value or score is
// wrong, and with [ErrDeadlineExceeded].
func (c *Client) PermutationImportance(
	ctx context.Context, model string, data EvaluationData, how ImportanceOptions, options ...CallOption,
) (PermutationImportance, error) {
	if data.Data == nil {
		return PermutationImportance{}, invalid("no data to shuffle; give Arrays, Rows or Stored")
	}
	rows := &wire.TrainRequest{SampleWeight: absentIf(data.SampleWeight == "", data.SampleWeight)}
	if err := data.Data.describe(rows); err != nil {
		return PermutationImportance{}, err
	}
	call := c.call(anyNumberOf, options)
	reply, err := invoke(ctx, call, wire.NewTrainingClient(call).PermutationImportance, &wire.PermutationImportanceRequest{
		Context: call.head, Model: &model, Table: rows.Table, Dataset: rows.Dataset, Target: rows.Target,
		SampleWeight: rows.SampleWeight, Scoring: absentIf(how.Scoring == "", how.Scoring),
		NRepeats: absentIf(how.Repeats == 0, how.Repeats), Seed: &how.Seed,
	})
	if err != nil {
		return PermutationImportance{}, err
	}
	return importanceFrom(reply)
}

func importanceFrom(reply *wire.PermutationImportanceResponse) (found PermutationImportance, err error) {
	found = PermutationImportance{
		Model: reply.GetModel(), Version: reply.GetVersion(), Generation: reply.GetGeneration(), Samples: reply.GetNSamples(),
		Scoring: reply.GetScoring(), Baseline: reply.GetBaseline(), Features: reply.Features,
	}
	if found.Mean, err = floatsOf(reply.ImportancesMean); err != nil {
		return PermutationImportance{}, err
	}
	if found.Deviation, err = floatsOf(reply.ImportancesStd); err != nil {
		return PermutationImportance{}, err
	}
	if found.Importances, err = rowsOf(reply.Importances); err != nil {
		return PermutationImportance{}, err
	}
	n := len(found.Features)
	if len(found.Mean) != n || len(found.Deviation) != n || len(found.Importances) != n {
		return PermutationImportance{}, malformed("%d importances came with %d names", len(found.Importances), n)
	}
	return found, nil
}
