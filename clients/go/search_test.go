package modelwire

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// seeker is a server that has searched.
type seeker struct {
	trainer
	searched *wire.SearchRequest
}

func (s *seeker) Search(_ context.Context, request *wire.SearchRequest) (*wire.SearchResponse, error) {
	s.searched = request
	return &wire.SearchResponse{Job: &wire.Job{ID: pointer("j1"), StateName: pointer("QUEUED"), Model: request.Model}}, nil
}

func (s *seeker) GetSearchResult_(context.Context, *wire.GetSearchResultRequest) (*wire.GetSearchResultResponse, error) {
	parameter := &wire.Parameter{Name: pointer("alpha"), Number: pointer(0.5)}
	return &wire.GetSearchResultResponse{
		Scoring: pointer("r2"), NSplits: pointer(int32(2)),
		Candidates: []*wire.SearchCandidate{
			{
				Number: pointer(int64(2)), Rank: pointer(int64(1)), MeanTestScore: pointer(0.25), StdTestScore: pointer(0.125),
				SplitTestScores: []float64{0.125, 0.375}, MeanFitSeconds: pointer(1.5), NResources: pointer(int64(100)),
				Parameters: []*wire.CandidateParameter{{Step: pointer(int32(1)), Algorithm: pointer("ridge"), Parameter: parameter}},
			},
			{Number: pointer(int64(1)), Rank: pointer(int64(2)), Error: pointer("fold 1 of 2: why")},
		},
		BestSteps: []*wire.Step{{Algorithm: pointer("ridge"), Parameters: []*wire.Parameter{parameter}}},
	}, nil
}

func (s *seeker) connect(t *testing.T) *Client {
	t.Helper()
	return newFake(t, services{training: s, models: s, datasets: s}.answer).connect(t)
}

func TestWhatIsSearchedTravels(t *testing.T) {
	server := &seeker{}
	client := server.connect(t)

	job, err := client.Search(t.Context(), "line", Search{
		Training: Training{Steps: Steps("pca", "ridge"), Data: Stored{Dataset: "rows@2", Target: "y"}, Seed: 3},
		Parameters: []SearchedParameter{
			{Name: "alpha", Values: []any{1.0, 2}},
			{Name: "pca__n_components", Distribution: "integers", Low: 1, High: 3},
			{Name: "whiten", Step: pointer(int32(0)), Values: []any{true}},
		},
		Strategy: "random", Candidates: 5, Folds: Folds{Splits: 3, Group: "patient"}, Scoring: "neg_rmse", Publish: true,
	})

	sent := server.searched
	if err != nil || job.ID != "j1" || sent.GetDataset() != "rows@2" || sent.GetSeed() != 3 || !sent.GetPublish() ||
		sent.GetStrategy() != "random" || sent.GetNCandidates() != 5 || sent.Factor != nil || sent.GetScoring() != "neg_rmse" ||
		sent.CrossValidation.GetNSplits() != 3 || sent.CrossValidation.GetGroup() != "patient" || sent.CrossValidation.Kind != nil {
		t.Fatalf("sent %v, got %v, %v", sent, job, err)
	}
	first, second, third := sent.Parameters[0], sent.Parameters[1], sent.Parameters[2]
	if first.GetName() != "alpha" || first.Step != nil || first.Algorithm != nil || first.Values[0].GetNumber() != 1 ||
		first.Values[1].GetInteger() != 2 || second.GetAlgorithm() != "pca" || second.GetName() != "n_components" ||
		second.GetDistribution() != "integers" || second.GetHigh() != 3 || third.GetStep() != 0 || !third.IsSetStep() {
		t.Errorf("sent %v", sent.Parameters)
	}
	if _, err := client.Search(t.Context(), "line", Search{Training: Training{Steps: Steps("ridge")}}); !errors.Is(err, ErrInvalidArgument) {
		t.Errorf("got %v", err)
	}
}

func TestSeveralTargetsOfASearchTravelByTheirNames(t *testing.T) {
	server, targets := &seeker{}, []string{"z", "y"}

	_, err := server.connect(t).Search(t.Context(), "lines", Search{
		Training:   Training{Steps: Steps("ridge"), Data: Stored{Dataset: "rows", Targets: targets}},
		Parameters: []SearchedParameter{{Name: "alpha", Values: []any{1.0}}},
	})

	if sent := server.searched; err != nil || !reflect.DeepEqual(sent.Targets, targets) || sent.Target != nil {
		t.Errorf("sent %v, got %v", sent, err)
	}
}

// pager is a server that answers a candidate at a time.
type pager struct {
	seeker
	// skip is how much too far a page points to the next one.
	skip int64
}

func (p *pager) GetSearchResult_(_ context.Context, request *wire.GetSearchResultRequest) (*wire.GetSearchResultResponse, error) {
	place := request.GetFromCandidate()
	reply := &wire.GetSearchResultResponse{
		Scoring: pointer("r2"), Candidates: []*wire.SearchCandidate{{Number: pointer(10 + place)}},
	}
	if place < 2 {
		reply.NextCandidate = pointer(place + 1 + p.skip)
	}
	return reply, nil
}

func (p *pager) connect(t *testing.T) *Client {
	t.Helper()
	return newFake(t, services{training: p, models: p, datasets: p}.answer).connect(t)
}

func TestALargeTableIsReadPageByPage(t *testing.T) {
	found, err := (&pager{}).connect(t).SearchResult(t.Context(), "j1")

	if err != nil || len(found.Candidates) != 3 || found.Candidates[0].Number != 10 || found.Candidates[2].Number != 12 {
		t.Errorf("got %v, %v", found, err)
	}
	if _, err := (&pager{skip: 1}).connect(t).SearchResult(t.Context(), "j1"); err == nil {
		t.Error("a table that leaves candidates out was taken")
	}
}

func TestATableIsItsCandidatesBestFirst(t *testing.T) {
	found, err := (&seeker{}).connect(t).SearchResult(t.Context(), "j1")

	want := SearchResult{
		Scoring: "r2", Splits: 2, BestSteps: []Step{{Algorithm: "ridge", Parameters: Parameters{"alpha": 0.5}}},
		Candidates: []Candidate{
			{
				Number: 2, Rank: 1, MeanTestScore: pointer(0.25), StdTestScore: pointer(0.125), SplitTestScores: []float64{0.125, 0.375},
				MeanFitSeconds: 1.5, Resources: 100,
				Parameters: []CandidateParameter{{Step: 1, Algorithm: "ridge", Name: "alpha", Value: 0.5}},
			},
			{Number: 1, Rank: 2, Err: "fold 1 of 2: why"},
		},
	}
	if err != nil || !reflect.DeepEqual(found, want) {
		t.Errorf("got %+v, %v", found, err)
	}
}

func TestASearchThatPublishesNothingIsWaitedForByItsTable(t *testing.T) {
	ended := func() *seeker {
		job := &wire.Job{ID: pointer("j1"), StateName: pointer("SUCCEEDED"), Model: pointer("line")}
		return &seeker{trainer: trainer{polls: []*wire.WatchJobResponse{{Job: job}}}}
	}

	found, err := (&Job{ID: "j1", client: ended().connect(t)}).SearchResult(t.Context())
	_, refused := (&Job{ID: "j1", client: ended().connect(t)}).Wait(t.Context())

	if err != nil || len(found.Candidates) != 2 || !errors.Is(refused, ErrFailedPrecondition) {
		t.Errorf("got %+v, %v and %v", found, err, refused)
	}
}
