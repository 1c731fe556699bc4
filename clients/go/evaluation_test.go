package modelwire

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/modelwire/modelwire/gen/go/wire"
)

func (s *trainer) Evaluate(_ context.Context, request *wire.EvaluateRequest) (*wire.EvaluateResponse, error) {
	s.evaluated = request
	return &wire.EvaluateResponse{
		Model: request.Model, Version: pointer(int64(3)), NSamples: pointer(int64(4)),
		Metrics: map[string]float64{"accuracy": 0.75}, Labels: columnOf(Booleans("labels", false, true)),
		Classes: []*wire.ClassMetrics{
			{Recall: pointer(0.0), F1: pointer(0.0), Support: pointer(1.0)},
			{Precision: pointer(0.75), Recall: pointer(1.0), F1: pointer(0.8), Support: pointer(3.0)},
		},
		Confusion: matrixOf([][]float64{{0, 1}, {0, 3}}),
	}, nil
}

func TestAnEvaluationIsMetricsClassesAndConfusions(t *testing.T) {
	server := &trainer{}

	found, err := server.connect(t).Evaluate(t.Context(), "door", EvaluationData{Data: Arrays{
		Features: [][]float64{{1}, {2}}, Target: Booleans("", true, false), Weights: []float64{1, 2},
	}})

	if err != nil || server.evaluated.GetTarget() != "target" || server.evaluated.GetSampleWeight() != "sample_weight" {
		t.Fatalf("sent %v, got %v", server.evaluated, err)
	}
	want := []ClassMetrics{
		{Recall: pointer(0.0), Support: 1},
		{Precision: pointer(0.75), Recall: pointer(1.0), F1: 0.8, Support: 3},
	}
	if found.Model != "door" || found.Version != 3 || found.Samples != 4 || found.Metrics["accuracy"] != 0.75 ||
		!reflect.DeepEqual(found.Classes, want) || !reflect.DeepEqual(found.Labels.Booleans(), []bool{false, true}) ||
		!reflect.DeepEqual(found.Confusion, [][]float64{{0, 1}, {0, 3}}) {
		t.Errorf("got %+v", found)
	}
}

func TestAStoredDataSetIsEvaluatedOnByItsName(t *testing.T) {
	server := &trainer{}

	_, err := server.connect(t).Evaluate(t.Context(), "door", EvaluationData{Data: Stored{Dataset: "rows@2"}, SampleWeight: "count"})

	sent := server.evaluated
	if err != nil || sent.GetDataset() != "rows@2" || sent.Target != nil || sent.GetSampleWeight() != "count" {
		t.Errorf("sent %v, got %v", sent, err)
	}
	if _, err := server.connect(t).Evaluate(t.Context(), "door", EvaluationData{}); !errors.Is(err, ErrInvalidArgument) {
		t.Errorf("got %v", err)
	}
}
