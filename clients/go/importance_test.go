package modelwire

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// shuffler answers importances of these columns, and keeps what was asked for.
type shuffler struct {
	trainer
	features []string
	asked    *wire.PermutationImportanceRequest
}

func (s *shuffler) PermutationImportance(
	_ context.Context, request *wire.PermutationImportanceRequest,
) (*wire.PermutationImportanceResponse, error) {
	s.asked = request
	return &wire.PermutationImportanceResponse{
		Model: request.Model, Version: pointer(int64(3)), NSamples: pointer(int64(2)), Scoring: pointer("neg_mean_absolute_error"),
		Baseline: pointer(-0.25), Features: s.features, Importances: matrixOf([][]float64{{0.5, 1}, {0, 0}}),
		ImportancesMean: tensorOf(wire.DType_F64, []float64{0.75, 0}), ImportancesStd: tensorOf(wire.DType_F64, []float64{0.25, 0}),
	}, nil
}

func (s *shuffler) importance(t *testing.T) (PermutationImportance, error) {
	t.Helper()
	client := newFake(t, services{training: s}.answer).connect(t)
	rows := EvaluationData{Data: Arrays{Features: [][]float64{{1}, {2}}, Target: Floats("", 3, 4)}}
	return client.PermutationImportance(t.Context(), "house", rows, ImportanceOptions{Scoring: "neg_mean_absolute_error", Repeats: 2, Seed: 7})
}

func TestImportancesAreARowForEachColumn(t *testing.T) {
	server := &shuffler{features: []string{"size", "noise"}}

	found, err := server.importance(t)

	expected := PermutationImportance{
		Model: "house", Version: 3, Samples: 2, Scoring: "neg_mean_absolute_error", Baseline: -0.25, Features: server.features,
		Mean: []float64{0.75, 0}, Deviation: []float64{0.25, 0}, Importances: [][]float64{{0.5, 1}, {0, 0}},
	}
	if err != nil || !reflect.DeepEqual(found, expected) {
		t.Errorf("got %+v, %v", found, err)
	}
	sent := server.asked
	if sent.GetTarget() != "target" || sent.GetScoring() != "neg_mean_absolute_error" || sent.GetNRepeats() != 2 || sent.GetSeed() != 7 {
		t.Errorf("sent %v", sent)
	}
}

func TestImportancesOfOtherColumnsAreRefused(t *testing.T) {
	if _, err := (&shuffler{features: []string{"size"}}).importance(t); !errors.Is(err, ErrProtocol) {
		t.Errorf("got %v", err)
	}
}
