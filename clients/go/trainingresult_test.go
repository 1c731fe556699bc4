package modelwire

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// paged answers pages of three rows, of which the last one says so, and keeps what was asked for.
type paged struct {
	wire.Models
	labels    []int64
	embedding [][]float64
	skip      int64
	asked     []string
}

func (p *paged) GetTrainingResult_(_ context.Context, request *wire.GetTrainingResultRequest) (*wire.GetTrainingResultResponse, error) {
	p.asked = append(p.asked, fmt.Sprintf("%s from %d", request.GetModel(), request.GetFromRow()))
	total := max(len(p.labels), len(p.embedding))
	first, end := int(request.GetFromRow()), min(int(request.GetFromRow())+3, total)
	reply := &wire.GetTrainingResultResponse{Model: pointer("groups"), Version: pointer(int64(2)), TotalRows: pointer(int64(total))}
	if p.labels != nil {
		reply.Labels = tensorOf(wire.DType_I64, p.labels[first:end])
	}
	if p.embedding != nil {
		reply.Embedding = matrixOf(p.embedding[first:end])
	}
	if end < total {
		reply.NextRow = pointer(int64(end) + p.skip)
	}
	return reply, nil
}

func (p *paged) read(t *testing.T) (TrainingResult, error) {
	t.Helper()
	return newFake(t, services{models: p}.answer).connect(t).TrainingResult(t.Context(), "groups@canary")
}

func TestTrainingResultIsReadInPagesOfOneVersion(t *testing.T) {
	server := &paged{labels: []int64{0, 0, 1, -1, 1, 2, 2}}

	result, err := server.read(t)

	expected := TrainingResult{Model: "groups", Version: 2, Labels: server.labels}
	if err != nil || !reflect.DeepEqual(result, expected) || result.Len() != 7 {
		t.Errorf("got %v, %v", result, err)
	}
	asked := []string{"groups@canary from 0", "groups@2 from 3", "groups@2 from 6"}
	if !reflect.DeepEqual(server.asked, asked) {
		t.Errorf("asked for %v", server.asked)
	}
}

func TestTrainingResultMayBeAnEmbedding(t *testing.T) {
	server := &paged{embedding: [][]float64{{0.1, -2}, {3, 1e-300}, {0, 0}, {7, 8}}}

	result, err := server.read(t)

	if err != nil || !reflect.DeepEqual(result.Embedding, server.embedding) || result.Labels != nil {
		t.Errorf("got %v, %v", result, err)
	}
}

func TestTrainingResultWhosePagesDoNotFollowEachOtherIsNone(t *testing.T) {
	for name, server := range map[string]*paged{
		"a gap":     {labels: []int64{0, 0, 0, 0}, skip: 1},
		"a step":    {labels: []int64{0, 0, 0, 0}, skip: -1},
		"both":      {labels: []int64{0}, embedding: [][]float64{{1}}},
		"no result": {},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := server.read(t); !errors.Is(err, ErrProtocol) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestTrainingResultOfTheServer(t *testing.T) {
	client := start(t).connect(t)
	table, err := NewTable(Floats("x", 0, 0.1, 0.2, 9))
	if err != nil {
		t.Fatal(err)
	}
	job, err := client.Train(t.Context(), "groups", Training{
		Steps: []Step{{Algorithm: "dbscan", Parameters: map[string]any{"min_samples": 2}}}, Data: Rows{Table: table},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := job.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}

	result, err := client.TrainingResult(t.Context(), "groups")
	_, refused := client.Predict(t.Context(), "groups", [][]float64{{0}})

	if err != nil || !reflect.DeepEqual(result.Labels, []int64{0, 0, 0, -1}) {
		t.Errorf("got %v, %v", result, err)
	}
	if !errors.Is(refused, ErrFailedPrecondition) {
		t.Errorf("got %v", refused)
	}
}
