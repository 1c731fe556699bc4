package modelwire

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// maxInlineBytes is the largest table that is sent in one piece: with a request or as a piece of an upload.
const maxInlineBytes = 8 << 20

// weightColumn is what the weights of [Arrays] are sent as.
const weightColumn = "sample_weight"

// Training is what to learn and from what.
type Training struct {
	// Steps are transformers, then one estimator or none; behind a classifier perhaps its calibration.
	Steps []Step
	// Data are the rows: [Arrays], [Rows] or [Stored].
	Data TrainingData
	// Seed of everything random. The same rows, steps and seed give the same model.
	Seed int64
	// ValidationFraction is the share of the rows, from 0 to below 1, that metrics are measured on, by a second model that is
	// fitted without them; 0 leaves it out, and the time that it takes. nil: 0.2. The model itself learns from all rows.
	ValidationFraction *float64
	// SampleWeight is the column of [Rows] or [Stored] that says how often each row counts in what is learned and in metrics:
	// numbers, 0 or greater. A row of weight 2 is the row twice, one of weight 0 is left out; the column is no feature. Empty:
	// each row counts once. [Arrays] have Weights of their own.
	SampleWeight string
}

// TrainingData are rows to learn from: [Arrays], [Rows] or [Stored].
type TrainingData interface {
	describe(*wire.TrainRequest) error
}

// Arrays are rows of numbers that are sent along, with their targets.
type Arrays struct {
	// Features are n rows of equal length.
	Features [][]float64
	// Target are the n values to predict: numbers for a regression; whole numbers, truth values or text for a
	// classification. The zero Column where there is none: clusters, outliers, a transformation. Without a name it is called "target".
	Target Column
	// Targets are, instead of Target, several columns of numbers for a regressor that learns several; without a name they are called
	// target0, target1, ….
	Targets []Column
	// Names are those of the features; nil: x0, x1, ….
	Names []string
	// Weights say how often each row counts, as the column does that Training.SampleWeight names; nil: once.
	Weights []float64
}

// Rows are a table that is sent along. It may have 8 MiB; use [Client.Upload] and [Stored] for more.
type Rows struct {
	Table *Table
	// Target is the column to predict; empty for clusterers, outlier detectors and transformers.
	Target string
	// Targets are, instead of Target, several columns for a regressor that learns several; Predict answers them as
	// [Prediction].Transformed, in this order.
	Targets []string
	// Features are the columns to learn from, in the order in which Predict takes them; nil: all but the targets.
	Features []string
}

// Stored is a data set on the server.
type Stored struct {
	// Dataset is "wine" (newest version) or "wine@2".
	Dataset string
	// Target is the column to predict; empty for clusterers, outlier detectors and transformers.
	Target string
	// Targets are, instead of Target, several columns, as those of [Rows].
	Targets []string
	// Features are the columns to learn from, in the order in which Predict takes them; nil: all but the targets.
	Features []string
}

func (a Arrays) describe(request *wire.TrainRequest) error {
	columns, err := fromMatrix(a.Features, a.Names)
	if err != nil {
		return err
	}
	rows := Rows{}
	for _, column := range columns {
		rows.Features = append(rows.Features, column.name)
	}
	if a.Target.kind != "" {
		rows.Target = a.Target.name
		if rows.Target == "" {
			rows.Target = "target"
		}
		columns = append(columns, a.Target.Renamed(rows.Target))
	}
	for at, target := range a.Targets {
		name := target.name
		if name == "" {
			name = fmt.Sprintf("target%d", at)
		}
		rows.Targets = append(rows.Targets, name)
		columns = append(columns, target.Renamed(name))
	}
	if a.Weights != nil {
		columns = append(columns, Floats(weightColumn, a.Weights...))
		request.SampleWeight = absentIf(false, weightColumn)
	}
	if rows.Table, err = NewTable(columns...); err != nil {
		return err
	}
	return rows.describe(request)
}

func (r Rows) describe(request *wire.TrainRequest) error {
	if r.Table == nil {
		return invalid("no table to learn from")
	}
	for _, name := range r.named() {
		if _, found := r.Table.Column(name); !found {
			return invalid("no column %q; there are %q", name, r.Table.names())
		}
	}
	if size := r.Table.bytes(); size > maxInlineBytes {
		refused := invalid("the table takes %d bytes and %d can be sent along", size, maxInlineBytes)
		refused.Hint = "store it with Upload and train on Stored{Dataset: ...}"
		return refused
	}
	request.Table, request.Features = tableOf(r.Table), r.Features
	request.Target, request.Targets = absentIf(r.Target == "", r.Target), r.Targets
	return nil
}

func (r Rows) named() []string {
	named := append([]string{}, r.Targets...)
	if r.Target != "" {
		named = append(named, r.Target)
	}
	return append(named, r.Features...)
}

func (s Stored) describe(request *wire.TrainRequest) error {
	request.Dataset, request.Features = &s.Dataset, s.Features
	request.Target, request.Targets = absentIf(s.Target == "", s.Target), s.Targets
	return nil
}

// Train starts to train a version of a model and answers the job at once; [Job.Wait] waits for it. The job outlives this
// client and a restart of the server.
//
// It fails with [ErrInvalidArgument] if a name, step, hyper-parameter, column or value is wrong, with [ErrNotFound] if the
// data set is not there, and with [ErrOverloaded] if too many jobs wait.
func (c *Client) Train(ctx context.Context, model string, training Training, options ...CallOption) (*Job, error) {
	steps, err := stepsOf(training.Steps)
	if err != nil {
		return nil, err
	}
	request := &wire.TrainRequest{Model: &model, Steps: steps, Seed: &training.Seed, ValidationFraction: training.ValidationFraction}
	request.SampleWeight = absentIf(training.SampleWeight == "", training.SampleWeight)
	if training.Data == nil {
		return nil, invalid("no data to learn from; give Arrays, Rows or Stored")
	}
	if err := training.Data.describe(request); err != nil {
		return nil, err
	}
	call := c.call(anyNumberOf, options)
	request.Context = call.recognisable()
	reply, err := invoke(ctx, call, wire.NewTrainingClient(call).Train, request)
	if err != nil {
		return nil, err
	}
	return c.jobFrom(reply.Job)
}

// recognisable gives the call an idempotency key if it has none, so that its tries are one call to the server.
func (c *call) recognisable() *wire.RequestContext {
	if c.head.IdempotencyKey == nil {
		key := rand.Text()
		c.head.IdempotencyKey = &key
	}
	return c.head
}
