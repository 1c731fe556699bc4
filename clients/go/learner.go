package modelwire

import (
	"context"
	"math"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// Batch is rows to learn from. What is said of the learner makes it, with its first batch; after that it may be left out, and
// said again it has to be the same.
type Batch struct {
	// Steps are an algorithm that learns batch by batch, perhaps behind a transformer that does.
	Steps []Step
	// Data are the rows: [Arrays] or [Rows].
	Data TrainingData
	// Classes are the labels that there will be; the zero Column: those of the first batch.
	Classes Column
	// Seed of everything random; nil: 0. The same batches in the same order give the same model.
	Seed *int64
	// PublishEvery publishes a version after so many batches; 0: only when Publish asks for it; nil: 1. Said again it holds from
	// then on, as do the next two.
	PublishEvery *int64
	// KeepVersions are kept, the newest ones; older ones that no alias names are deleted; nil: 5.
	KeepVersions *int64
	// MoveStable is whether the alias stable goes to each new version; nil: true. The first
	// batch of a model that has versions already has to say it.
	MoveStable *bool
	// Expected is the number that this batch should get, from 1; refused if it would be another. 0: whichever is next.
	Expected int64
	// Publish publishes a version after this batch.
	Publish bool
}

// LearnedBatch is what was learned from a batch.
type LearnedBatch struct {
	// Number is 1, 2, 3, … within the learner.
	Number int64
	// Samples are its rows.
	Samples int64
	// Loss is its mean loss before anything was learned from it; NaN while there was nothing to predict it with.
	Loss float64
	// Version was published after it; 0: none was.
	Version int64
	// Notes say what else there is to know: columns that were passed over, a version that is not served (yet), an alias that stayed.
	Notes []string
}

// Learner is a model that learns batch by batch.
type Learner struct {
	Model string
	// Steps is the algorithm with every hyper-parameter, defaults written out.
	Steps []Step
	// Features are in the order in which Predict takes them.
	Features []string
	Target   string
	// Classes are ascending; the zero Column but for a classification.
	Classes Column
	Seed    int64
	// PublishEvery, KeepVersions and MoveStable are those of [Batch].
	PublishEvery, KeepVersions int64
	MoveStable                 bool
	// Batches that it has learned from, and Samples that these had.
	Batches, Samples int64
	// Recent are the last batches, oldest first, at most 100.
	Recent []LearnedBatch
	// LastVersion was published last; 0: none was.
	LastVersion int64
}

// PartialFit lets a model learn from a batch of rows and answers when that is durable. The first batch of a model makes its
// learner and needs steps and a target. Its tries have an idempotency key in common, so that nothing is learned twice.
//
// It fails with [ErrInvalidArgument] if a name, step, hyper-parameter, column, class or value is wrong, with [ErrNotFound] if
// there is no learner and no step, with [ErrFailedPrecondition] if another batch is expected, and with [ErrOverloaded] if too
// many calls wait. Nothing was learned then.
func (c *Client) PartialFit(ctx context.Context, model string, batch Batch, options ...CallOption) (LearnedBatch, error) {
	if batch.Data == nil {
		return LearnedBatch{}, invalid("no data to learn from; give Arrays or Rows")
	}
	rows := &wire.TrainRequest{}
	if err := batch.Data.describe(rows); err != nil {
		return LearnedBatch{}, err
	}
	if rows.Table == nil {
		return LearnedBatch{}, invalid("a batch is sent along; give Arrays or Rows")
	}
	request := &wire.PartialFitRequest{
		Model: &model, Table: rows.Table, Target: rows.Target, Features: rows.Features, Seed: batch.Seed,
		PublishEvery: batch.PublishEvery, KeepVersions: batch.KeepVersions, MoveStable: batch.MoveStable,
		ExpectedBatch: absentIf(batch.Expected == 0, batch.Expected), Publish: absentIf(!batch.Publish, batch.Publish),
	}
	if len(batch.Steps) > 0 {
		steps, err := stepsOf(batch.Steps)
		if err != nil {
			return LearnedBatch{}, err
		}
		request.Steps = steps
	}
	if batch.Classes.kind != "" {
		request.Classes = columnOf(batch.Classes)
	}
	call := c.call(anyNumberOf, options)
	request.Context = call.recognisable()
	reply, err := invoke(ctx, call, wire.NewTrainingClient(call).PartialFit, request)
	if err != nil {
		return LearnedBatch{}, err
	}
	return learnedFrom(reply), nil
}

// GetLearner asks how a learner is. It fails with [ErrNotFound].
func (c *Client) GetLearner(ctx context.Context, model string, options ...CallOption) (*Learner, error) {
	call := c.call(anyNumberOf, options)
	request := &wire.GetLearnerRequest{Context: call.head, Model: &model}
	reply, err := invoke(ctx, call, wire.NewTrainingClient(call).GetLearner, request)
	if err != nil {
		return nil, err
	}
	return learnerFrom(reply.Learner)
}

// DeleteLearner deletes a learner; the versions that it published stay. It fails with [ErrNotFound].
func (c *Client) DeleteLearner(ctx context.Context, model string, options ...CallOption) error {
	call := c.call(once, options)
	request := &wire.DeleteLearnerRequest{Context: call.head, Model: &model}
	_, err := invoke(ctx, call, wire.NewTrainingClient(call).DeleteLearner, request)
	return err
}

func learnerFrom(sent *wire.Learner) (*Learner, error) {
	if sent == nil {
		sent = &wire.Learner{}
	}
	learner := &Learner{
		Model: sent.GetModel(), Steps: stepsFrom(sent.Steps), Features: sent.Features, Target: sent.GetTarget(),
		Seed: sent.GetSeed(), PublishEvery: sent.GetPublishEvery(), KeepVersions: sent.GetKeepVersions(),
		MoveStable: sent.GetMoveStable(), Batches: sent.GetBatches(), Samples: sent.GetSamples(),
		LastVersion: sent.GetLastVersion(),
	}
	for _, batch := range sent.Recent {
		learner.Recent = append(learner.Recent, learnedFrom(batch))
	}
	if sent.Classes == nil {
		return learner, nil
	}
	classes, err := columnFrom(sent.Classes)
	if err != nil {
		return nil, err
	}
	learner.Classes = classes
	return learner, nil
}

// learnedOnWire is what the answer to a batch and a batch of a learner have in common.
type learnedOnWire interface {
	GetBatch() int64
	GetNSamples() int64
	IsSetLoss() bool
	GetLoss() float64
	GetVersion() int64
	GetNotes() []string
}

func learnedFrom(sent learnedOnWire) LearnedBatch {
	learned := LearnedBatch{
		Number: sent.GetBatch(), Samples: sent.GetNSamples(), Loss: math.NaN(), Version: sent.GetVersion(), Notes: sent.GetNotes(),
	}
	if sent.IsSetLoss() {
		learned.Loss = sent.GetLoss()
	}
	return learned
}
