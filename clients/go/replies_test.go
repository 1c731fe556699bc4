package modelwire

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// oracle answers every call with what a test has prepared, and keeps the last request.
type oracle struct {
	wire.Health
	wire.Inference
	wire.Models
	wire.Training
	wire.Datasets
	predicted *wire.PredictRequest
	prophecy  *wire.PredictResponse
	loaded    *wire.LoadModelRequest
	swapped   *wire.SetAliasRequest
	deleted   *wire.DeleteDatasetRequest
}

func (o *oracle) Predict(_ context.Context, request *wire.PredictRequest) (*wire.PredictResponse, error) {
	o.predicted = request
	return o.prophecy, nil
}

func (o *oracle) Status(context.Context, *wire.StatusRequest) (*wire.StatusResponse, error) {
	return &wire.StatusResponse{Live: pointer(true), Reason: pointer("no model"), JobsInFlight: pointer(int64(2)), Models: []*wire.ModelStatus{
		{Name: pointer("churn"), Version: pointer(int64(3)), Ready: pointer(true)},
	}}, nil
}

func (o *oracle) Describe(context.Context, *wire.DescribeRequest) (*wire.DescribeResponse, error) {
	return &wire.DescribeResponse{
		Version: pointer("0.1.0"),
		Limits:  &wire.Limits{MaxFrameBytes: pointer(int64(7)), MaxDeadlineMs: pointer(int64(1500))},
		Methods: []*wire.MethodDescription{{Name: pointer("predict"), Idempotent: pointer(true)}},
		Algorithms: []*wire.AlgorithmDescription{{Name: pointer("k_means"), Parameters: []*wire.ParameterDescription{
			{Name: pointer("n_clusters"), DefaultValue: &wire.Parameter{Integer: pointer(int64(8))}},
		}}},
	}, nil
}

func (o *oracle) ListModels(_ context.Context, request *wire.ListModelsRequest) (*wire.ListModelsResponse, error) {
	if request.GetAfter() == "churn" {
		return &wire.ListModelsResponse{Models: []*wire.ModelSummary{{Name: pointer("wine")}}}, nil
	}
	alias := &wire.Alias{Name: pointer("stable"), Version: pointer(int64(1)), Generation: pointer(int64(4))}
	summary := &wire.ModelSummary{Name: pointer("churn"), Versions: []int64{1, 2}, Aliases: []*wire.Alias{alias}}
	return &wire.ListModelsResponse{Models: []*wire.ModelSummary{summary}, NextPage: pointer("churn")}, nil
}

func (o *oracle) DescribeModel(context.Context, *wire.DescribeModelRequest) (*wire.DescribeModelResponse, error) {
	return &wire.DescribeModelResponse{Model: &wire.ModelVersion{
		Name: pointer("churn"), Version: pointer(int64(3)), CreatedMs: pointer(int64(1500)),
		Steps: []*wire.Step{{Algorithm: pointer("k_means"), Parameters: []*wire.Parameter{{Name: pointer("k"), Number: pointer(0.5)}}}},
		Schema: &wire.ModelSchema{
			Features: []*wire.ColumnSchema{{Name: pointer("age"), TypeName: pointer("INTEGER")}},
			Target:   &wire.ColumnSchema{Name: pointer("left"), TypeName: pointer("BOOLEAN")},
			Classes:  columnOf(Booleans("left", false, true)),
			Outputs:  []string{"pca0"},
			Targets:  []*wire.ColumnSchema{{Name: pointer("price"), TypeName: pointer("FLOAT")}},
		},
	}}, nil
}

func (o *oracle) SetAlias(_ context.Context, request *wire.SetAliasRequest) (*wire.SetAliasResponse, error) {
	o.swapped = request
	if request.GetVersion() == 0 {
		return &wire.SetAliasResponse{}, nil
	}
	return &wire.SetAliasResponse{Current: &wire.Alias{Name: request.AliasName, Version: request.Version}}, nil
}

func (o *oracle) LoadModel(_ context.Context, request *wire.LoadModelRequest) (*wire.LoadModelResponse, error) {
	o.loaded = request
	return &wire.LoadModelResponse{ModelBytes: pointer(int64(744))}, nil
}

func (o *oracle) UnloadModel(context.Context, *wire.UnloadModelRequest) (*wire.UnloadModelResponse, error) {
	return nil, thrown(wire.ErrorCode_FAILED_PRECONDITION, "stable names it")
}

func (o *oracle) DeleteVersion(context.Context, *wire.DeleteVersionRequest) (*wire.DeleteVersionResponse, error) {
	return nil, thrown(wire.ErrorCode_FAILED_PRECONDITION, "stable names it")
}

func (o *oracle) GetJob(_ context.Context, request *wire.GetJobRequest) (*wire.GetJobResponse, error) {
	return &wire.GetJobResponse{Job: &wire.Job{ID: request.JobID, State: pointer(int32(2)), StartedMs: pointer(int64(1))}}, nil
}

func (o *oracle) CancelJob(_ context.Context, request *wire.CancelJobRequest) (*wire.CancelJobResponse, error) {
	return &wire.CancelJobResponse{Job: &wire.Job{ID: request.JobID, StateName: pointer("CANCELLED")}}, nil
}

func (o *oracle) ListJobs(context.Context, *wire.ListJobsRequest) (*wire.ListJobsResponse, error) {
	return &wire.ListJobsResponse{Jobs: []*wire.Job{{ID: pointer("j2")}, {ID: pointer("j1")}}}, nil
}

func (o *oracle) DescribeDataset(context.Context, *wire.DescribeDatasetRequest) (*wire.DescribeDatasetResponse, error) {
	column := &wire.ColumnSchema{Name: pointer("city"), TypeName: pointer("TEXT")}
	return &wire.DescribeDatasetResponse{
		Dataset:    &wire.Dataset{Name: pointer("wine"), NRows: pointer(int64(9)), Columns: []*wire.ColumnSchema{column}},
		Statistics: []*wire.ColumnStatistics{{Column: column, Count: pointer(int64(8)), Missing: pointer(int64(1))}},
	}, nil
}

func (o *oracle) ListDatasets(context.Context, *wire.ListDatasetsRequest) (*wire.ListDatasetsResponse, error) {
	return &wire.ListDatasetsResponse{Datasets: []*wire.Dataset{{Name: pointer("wine")}}}, nil
}

func (o *oracle) DeleteDataset(_ context.Context, request *wire.DeleteDatasetRequest) (*wire.DeleteDatasetResponse, error) {
	o.deleted = request
	return &wire.DeleteDatasetResponse{}, nil
}

func (o *oracle) connect(t *testing.T) *Client {
	t.Helper()
	return newFake(t, services{health: o, inference: o, models: o, training: o, datasets: o}.answer).connect(t)
}

// must is for calls whose success is not what a test is about.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func TestWhatRowsBelongToComesWithTheirClusters(t *testing.T) {
	server := &oracle{prophecy: &wire.PredictResponse{
		Model: pointer("groups"), Version: pointer(int64(1)), Clusters: tensorOf(wire.DType_I64, []int64{1, 0}),
		Probabilities: matrixOf([][]float64{{0.25, 0.75}, {1, 0}}),
	}}

	got, err := server.connect(t).Predict(t.Context(), "groups", [][]float64{{1}, {2}})

	want := Prediction{
		Model: "groups", Version: 1, Clusters: []int64{1, 0}, Probabilities: [][]float64{{0.25, 0.75}, {1, 0}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v and %v", got, err)
	}
	if bytes := got.answerBytes(); bytes != 8+2*8 {
		t.Errorf("an answer takes %d bytes", bytes)
	}
}

func TestAPredictionHasAllThatTheModelHas(t *testing.T) {
	server := &oracle{prophecy: &wire.PredictResponse{
		Model: pointer("churn"), Version: pointer(int64(3)), Generation: pointer(int64(2)),
		Values: tensorOf(wire.DType_F64, []float64{0.5, 1.5}), Labels: columnOf(Texts("left", "no", "yes")),
		Probabilities: matrixOf([][]float64{{0.9, 0.1}, {0.2, 0.8}}), Classes: columnOf(Texts("left", "no", "yes")),
		Clusters: tensorOf(wire.DType_I64, []int64{0, 1}), Distances: matrixOf([][]float64{{1}, {2}}),
	}}

	got, err := server.connect(t).Predict(t.Context(), "churn", [][]float64{{1, 2, 3}, {4, 5, 6}})

	want := Prediction{
		Model: "churn", Version: 3, Generation: 2, Values: []float64{0.5, 1.5}, Labels: Texts("left", "no", "yes"),
		Probabilities: [][]float64{{0.9, 0.1}, {0.2, 0.8}}, Classes: Texts("left", "no", "yes"),
		Clusters: []int64{0, 1}, Distances: [][]float64{{1}, {2}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v and %v", got, err)
	}
	if sent := server.predicted.Matrix; !reflect.DeepEqual(sent.Shape, []int64{2, 3}) || sent.Data[8+6] != 0 || sent.Data[8+7] != 0x40 {
		t.Errorf("the matrix was sent as %v", sent)
	}
}

func TestAPredictionThatCannotBeReadIsAProtocolError(t *testing.T) {
	for name, prophecy := range map[string]*wire.PredictResponse{
		"values":        {Values: tensorOf(wire.DType_F64, []float64{1}, 2)},
		"labels":        {Labels: &wire.Column{TypeName: pointer("COLOUR")}},
		"probabilities": {Probabilities: tensorOf(wire.DType_F64, []float64{1})},
		"classes":       {Classes: &wire.Column{Type: pointer(int32(4)), TextOffsets: []byte{1}}},
		"clusters":      {Clusters: tensorOf(wire.DType_BOOL, []bool{true})},
		"distances":     {Distances: tensorOf(wire.DType_F64, []float64{}, 1, 0)},
		"transformed":   {Transformed: tensorOf(wire.DType_F64, []float64{1})},
	} {
		_, err := (&oracle{prophecy: prophecy}).connect(t).Predict(t.Context(), "churn", [][]float64{{1}})

		if !errors.Is(err, ErrProtocol) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestATableIsSentByName(t *testing.T) {
	server := &oracle{prophecy: &wire.PredictResponse{}}

	_, err := server.connect(t).PredictTable(t.Context(), "churn", mixed(t))
	_, none := server.connect(t).PredictTable(t.Context(), "churn", nil)

	if err != nil || server.predicted.Matrix != nil || server.predicted.Table.Columns[3].GetName() != "city" {
		t.Errorf("sent %v and got %v", server.predicted, err)
	}
	if !errors.Is(none, ErrInvalidArgument) {
		t.Errorf("no table: %v", none)
	}
}

func TestAServerTellsHowItIsAndWhatItCanDo(t *testing.T) {
	client := (&oracle{}).connect(t)

	status := must(client.Status(t.Context()))
	description := must(client.Describe(t.Context()))

	if !status.Live || status.Ready || status.Reason != "no model" || status.JobsInFlight != 2 || !status.Models[0].Ready {
		t.Errorf("got %+v", status)
	}
	if description.Limits.MaxFrameBytes != 7 || description.Limits.MaxDeadline != 1500*time.Millisecond ||
		!description.Methods[0].Idempotent || description.Algorithms[0].Parameters[0].Default != int64(8) {
		t.Errorf("got %+v", description)
	}
}

func TestModelsAreListedOverAllPages(t *testing.T) {
	var got []ModelSummary
	for model, err := range (&oracle{}).connect(t).ListModels(t.Context()) {
		got = append(got, must(model, err))
	}

	want := []ModelSummary{{Name: "churn", Versions: []int64{1, 2}, Aliases: []Alias{{"stable", 1, 4}}}, {Name: "wine"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestAVersionIsDescribedInGoTypes(t *testing.T) {
	version := must((&oracle{}).connect(t).DescribeModel(t.Context(), "churn"))

	if version.Reference() != "churn@3" || !version.Created.Equal(time.UnixMilli(1500)) || version.Steps[0].Parameters["k"] != 0.5 {
		t.Errorf("got %+v", version)
	}
	want := ModelSchema{
		Features: []ColumnSchema{{"age", IntegerColumn}}, Target: ColumnSchema{"left", BooleanColumn},
		Classes: Booleans("left", false, true), Outputs: []string{"pca0"}, Targets: []ColumnSchema{{"price", FloatColumn}},
	}
	if !reflect.DeepEqual(version.Schema, want) {
		t.Errorf("got %+v", version.Schema)
	}
}

func TestAnAliasIsSetSwappedAndRemoved(t *testing.T) {
	server := &oracle{}
	client := server.connect(t)

	set := must(client.SetAlias(t.Context(), "churn", "canary", 2))
	whatever := server.swapped.ExpectedGeneration
	must(client.SwapAlias(t.Context(), "churn", "canary", 2, 0))
	seen := server.swapped.ExpectedGeneration
	err := client.RemoveAlias(t.Context(), "churn", "canary")

	if set.Version != 2 || whatever != nil || seen == nil || *seen != 0 {
		t.Errorf("got %v; set with %v, swapped with %v", set, whatever, seen)
	}
	if err != nil || server.swapped.GetVersion() != 0 || !server.swapped.IsSetVersion() {
		t.Errorf("removed with %v and %v", server.swapped, err)
	}
}

func TestAVersionIsLoadedAndOthersGiveWayIfTheyAreToldTo(t *testing.T) {
	server := &oracle{}
	client := server.connect(t)

	bytes := must(client.LoadModel(t.Context(), "churn", 2))
	beside := server.loaded.Replacement
	must(client.ReplaceModel(t.Context(), "churn", 2))

	if bytes != 744 || beside != nil || server.loaded.GetReplacement() != "drop_first" || server.loaded.GetVersion() != 2 {
		t.Errorf("got %d; loaded with %v, replaced with %v", bytes, beside, server.loaded)
	}
}

func TestAVersionThatAnAliasNamesIsNotUnloaded(t *testing.T) {
	err := (&oracle{}).connect(t).UnloadModel(t.Context(), "churn", 1)

	if !errors.Is(err, ErrFailedPrecondition) {
		t.Errorf("got %v", err)
	}
}

func TestAVersionThatAnAliasNamesIsNotDeleted(t *testing.T) {
	err := (&oracle{}).connect(t).DeleteVersion(t.Context(), "churn", 1)

	if !errors.Is(err, ErrFailedPrecondition) {
		t.Errorf("got %v", err)
	}
}

func TestJobsAreAskedForListedAndCancelled(t *testing.T) {
	client := (&oracle{}).connect(t)
	var listed []string
	for job, err := range client.ListJobs(t.Context()) {
		listed = append(listed, must(job, err).ID)
	}

	running := must(client.GetJob(t.Context(), "j7"))
	cancelled := must(client.CancelJob(t.Context(), "j7"))

	if running.ID != "j7" || running.State != Running || running.Started.IsZero() || !running.Finished.IsZero() {
		t.Errorf("got %+v", running)
	}
	if !cancelled.State.Ended() || !reflect.DeepEqual(listed, []string{"j2", "j1"}) {
		t.Errorf("got %+v and %v", cancelled, listed)
	}
}

func TestDataSetsAreDescribedListedAndDeleted(t *testing.T) {
	server := &oracle{}
	client := server.connect(t)
	for dataset, err := range client.ListDatasets(t.Context()) {
		must(dataset, err)
	}

	description := must(client.DescribeDataset(t.Context(), "wine"))
	one := client.DeleteDataset(t.Context(), "wine", 2)
	version := server.deleted.Version
	all := client.DeleteDatasets(t.Context(), "wine")

	if description.Rows != 9 || description.Statistics[0].Missing != 1 || description.Statistics[0].Mean != nil {
		t.Errorf("got %+v", description)
	}
	if one != nil || all != nil || *version != 2 || server.deleted.Version != nil {
		t.Errorf("deleted with %v, then %v: %v, %v", version, server.deleted.Version, one, all)
	}
}
