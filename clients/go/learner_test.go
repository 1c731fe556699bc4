package modelwire

import (
	"errors"
	"reflect"
	"testing"
)

func TestServerLearnsBatchByBatchAndIsAskedMeanwhile(t *testing.T) {
	client := must(Dial(t.Context(), start(t).address))
	defer client.Close()
	never, features := int64(0), [][]float64{{0, 1}, {1, 0}, {1, 1}, {0, 0}}
	batch := Batch{
		Steps:   Steps("ftrl_classifier"),
		Data:    Arrays{Features: features, Target: Texts("side", "left", "right", "right", "left")},
		Classes: Texts("", "right", "left"),
	}

	first := must(client.PartialFit(t.Context(), "batches", batch, WithIdempotencyKey("b1")))
	again := must(client.PartialFit(t.Context(), "batches", batch, WithIdempotencyKey("b1")))
	batch.Steps, batch.Expected, batch.PublishEvery = nil, 2, &never
	second := must(client.PartialFit(t.Context(), "batches", batch))
	_, late := client.PartialFit(t.Context(), "batches", batch)

	if first.Number != 1 || first.Version != 1 || !reflect.DeepEqual(again, first) || !(first.Loss > 0) {
		t.Errorf("the first batch is %+v, and again %+v", first, again)
	}
	if second.Number != 2 || second.Version != 0 || second.Loss >= first.Loss {
		t.Errorf("the second batch is %+v", second)
	}
	if !errors.Is(late, ErrFailedPrecondition) {
		t.Errorf("a batch that is not the expected one: %v", late)
	}
	learner := must(client.GetLearner(t.Context(), "batches"))
	if learner.Batches != 2 || learner.Samples != 8 || learner.Target != "side" || len(learner.Recent) != 2 || learner.PublishEvery != 0 {
		t.Errorf("the learner is %+v", learner)
	}
	if prediction := must(client.Predict(t.Context(), "batches", features)); prediction.Version != 1 {
		t.Errorf("version %d answers", prediction.Version)
	}
	if err := client.DeleteLearner(t.Context(), "batches"); err != nil {
		t.Error(err)
	}
	if _, err := client.GetLearner(t.Context(), "batches"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a learner that was deleted: %v", err)
	}
}
