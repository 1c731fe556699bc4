package modelwire

import (
	"context"
	"errors"
	"hash/crc32"
	"net"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// trainer is a server that trains and stores as a test says.
type trainer struct {
	wire.Training
	wire.Models
	wire.Datasets
	trained *wire.TrainRequest
	// evaluated is what Evaluate was asked for.
	evaluated *wire.EvaluateRequest
	polls     []*wire.WatchJobResponse
	appended  []*wire.AppendRowsRequest
	// opened: an upload was.
	opened bool
	// stalled is closed when polls shall be answered again.
	stalled chan struct{}
}

func (s *trainer) Train(_ context.Context, request *wire.TrainRequest) (*wire.TrainResponse, error) {
	s.trained = request
	return &wire.TrainResponse{Job: &wire.Job{ID: pointer("j1"), StateName: pointer("QUEUED"), Model: request.Model}}, nil
}

func (s *trainer) WatchJob(context.Context, *wire.WatchJobRequest) (*wire.WatchJobResponse, error) {
	if len(s.polls) == 0 {
		<-s.stalled
		return polled("RUNNING"), nil
	}
	next := s.polls[0]
	s.polls = s.polls[1:]
	return next, nil
}

func (s *trainer) DescribeModel(_ context.Context, request *wire.DescribeModelRequest) (*wire.DescribeModelResponse, error) {
	model := &wire.ModelVersion{Name: request.Model, Metrics: map[string]float64{"r2": 0.5}}
	return &wire.DescribeModelResponse{Model: model}, nil
}

func (s *trainer) CreateDataset(context.Context, *wire.CreateDatasetRequest) (*wire.CreateDatasetResponse, error) {
	s.opened = true
	return &wire.CreateDatasetResponse{UploadID: pointer("u1")}, nil
}

func (s *trainer) AppendRows(_ context.Context, request *wire.AppendRowsRequest) (*wire.AppendRowsResponse, error) {
	s.appended = append(s.appended, request)
	rows := request.GetOffset() + request.Table.Columns[0].Tensor.Shape[0]
	return &wire.AppendRowsResponse{NRows: &rows}, nil
}

func (s *trainer) CommitDataset(_ context.Context, request *wire.CommitDatasetRequest) (*wire.CommitDatasetResponse, error) {
	return &wire.CommitDatasetResponse{Dataset: &wire.Dataset{Name: pointer("wine"), NRows: request.NRows}}, nil
}

func (s *trainer) connect(t *testing.T) *Client {
	t.Helper()
	return newFake(t, services{training: s, models: s, datasets: s}.answer).connect(t)
}

// polled is an answer to a watcher: a job in a state, and an event for each number.
func polled(state string, numbers ...int64) *wire.WatchJobResponse {
	job := &wire.Job{ID: pointer("j1"), StateName: &state, Model: pointer("wine"), Version: pointer(int64(3))}
	reply := &wire.WatchJobResponse{Job: job}
	for _, number := range numbers {
		reply.Events = append(reply.Events, &wire.JobEvent{Sequence: &number, StateName: &state})
		job.Sequence = &number
	}
	return reply
}

func arrays() Training {
	return Training{
		Steps: Steps("standard_scaler", "linear_regression"),
		Data:  Arrays{Features: [][]float64{{1, 2}, {3, 4}}, Target: Floats("", 5, 6)},
		Seed:  7,
	}
}

func TestArraysTravelAsOneTableWithTheirTarget(t *testing.T) {
	server := &trainer{}

	_, err := server.connect(t).Train(t.Context(), "wine", arrays())

	if err != nil {
		t.Fatal(err)
	}
	sent := server.trained
	if !reflect.DeepEqual(sent.Features, []string{"x0", "x1"}) || sent.GetTarget() != "target" || sent.GetSeed() != 7 {
		t.Errorf("sent %v", sent)
	}
	if len(sent.Table.Columns) != 3 || sent.Table.Columns[2].GetName() != "target" || sent.Context.GetIdempotencyKey() == "" {
		t.Errorf("sent %v", sent)
	}
}

func TestTheShareThatIsHeldOutTravelsAlsoIfItIsNothing(t *testing.T) {
	for _, share := range []*float64{nil, pointer(0.0), pointer(0.25)} {
		server, training := &trainer{}, arrays()
		training.ValidationFraction = share

		_, err := server.connect(t).Train(t.Context(), "wine", training)

		if err != nil || !reflect.DeepEqual(server.trained.ValidationFraction, share) {
			t.Errorf("sent %v, got %v", server.trained, err)
		}
	}
}

func TestSeveralTargetsTravelByTheirNames(t *testing.T) {
	table, err := NewTable(Floats("x", 1, 3), Floats("y", 5, 6), Floats("z", 7, 8))
	if err != nil {
		t.Fatal(err)
	}
	targets := []string{"z", "y"}
	for _, data := range []TrainingData{
		Stored{Dataset: "wine@2", Targets: targets},
		Rows{Table: table, Targets: targets},
		Arrays{Features: [][]float64{{1}, {3}}, Targets: []Column{Floats("z", 7, 8), Floats("y", 5, 6)}},
	} {
		server, training := &trainer{}, arrays()
		training.Data = data

		_, err := server.connect(t).Train(t.Context(), "wine", training)

		if err != nil || !reflect.DeepEqual(server.trained.Targets, targets) || server.trained.Target != nil {
			t.Errorf("sent %v, got %v", server.trained, err)
		}
	}
}

func TestColumnsOfTargetsWithoutNamesAreNumbered(t *testing.T) {
	server, training := &trainer{}, arrays()
	training.Data = Arrays{Features: [][]float64{{1}, {3}}, Targets: []Column{Floats("", 7, 8), Floats("", 5, 6)}}

	_, err := server.connect(t).Train(t.Context(), "wine", training)

	sent := server.trained
	if err != nil || !reflect.DeepEqual(sent.Targets, []string{"target0", "target1"}) || len(sent.Table.Columns) != 3 {
		t.Errorf("sent %v, got %v", sent, err)
	}
}

func TestATargetThatIsNoColumnOfTheRowsIsRefused(t *testing.T) {
	table, err := NewTable(Floats("x", 1, 3), Floats("y", 5, 6))
	if err != nil {
		t.Fatal(err)
	}
	training := arrays()
	training.Data = Rows{Table: table, Targets: []string{"y", "z"}}

	_, err = (&trainer{}).connect(t).Train(t.Context(), "wine", training)

	if !errors.Is(err, ErrInvalidArgument) || !strings.Contains(err.Error(), `no column "z"`) {
		t.Errorf("got %v", err)
	}
}

func TestWeightsOfRowsTravelAsAColumnThatIsNoFeature(t *testing.T) {
	server, training := &trainer{}, arrays()
	training.Data = Arrays{Features: [][]float64{{1}, {3}}, Target: Floats("", 5, 6), Weights: []float64{0.5, 2}}

	_, err := server.connect(t).Train(t.Context(), "wine", training)

	sent := server.trained
	if err != nil || sent.GetSampleWeight() != "sample_weight" || !reflect.DeepEqual(sent.Features, []string{"x0"}) {
		t.Fatalf("sent %v, got %v", sent, err)
	}
	if len(sent.Table.Columns) != 3 || sent.Table.Columns[2].GetName() != "sample_weight" {
		t.Errorf("sent %v", sent.Table)
	}
}

func TestAColumnOfWeightsTravelsByItsName(t *testing.T) {
	for _, name := range []string{"", "count"} {
		server, training := &trainer{}, arrays()
		training.Data, training.SampleWeight = Stored{Dataset: "wine@2", Target: "quality"}, name

		_, err := server.connect(t).Train(t.Context(), "wine", training)

		if err != nil || server.trained.GetSampleWeight() != name || (server.trained.SampleWeight == nil) != (name == "") {
			t.Errorf("sent %v, got %v", server.trained, err)
		}
	}
}

func TestHyperParametersTravelByTheirType(t *testing.T) {
	parameters, err := parametersOf(Step{Algorithm: "k_means", Parameters: Parameters{
		"a": 3, "b": 0.5, "c": true, "d": "random", "e": [][]float64{{1, 2}}, "f": int64(4), "g": []float64{1},
		"h": []int{10, 20}, "i": []int64{},
	}})
	if err != nil {
		t.Fatal(err)
	}
	var got []any
	for _, parameter := range parameters {
		got = append(got, parameterFrom(parameter))
	}

	if want := []any{int64(3), 0.5, true, "random", [][]float64{{1, 2}}, int64(4), []float64{1}, []int64{10, 20}, []int64{}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestATrainingThatCannotBeSentIsRefused(t *testing.T) {
	table := mixed(t)
	for want, change := range map[string]func(*Training){
		"no steps":                     func(training *Training) { training.Steps = nil },
		"no data":                      func(training *Training) { training.Data = nil },
		"limit of k_means is a uint8":  func(training *Training) { training.Steps = []Step{{"k_means", Parameters{"limit": uint8(1)}, nil}} },
		`no column "height"`:           func(training *Training) { training.Data = Rows{Table: table, Target: "height"} },
		"no table":                     func(training *Training) { training.Data = Rows{} },
		"1 names for rows of 2 values": func(training *Training) { training.Data = Arrays{Features: [][]float64{{1, 2}}, Names: []string{"a"}} },
		"store it with Upload":         func(training *Training) { training.Data = Arrays{Features: zeros(1<<18, 5)} },
	} {
		training := arrays()
		change(&training)
		_, err := (&trainer{}).connect(t).Train(t.Context(), "wine", training)
		if !errors.Is(err, ErrInvalidArgument) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

func zeros(rows, columns int) [][]float64 {
	matrix := make([][]float64, rows)
	for row := range matrix {
		matrix[row] = make([]float64, columns)
	}
	return matrix
}

func TestWaitAnswersTheVersionOnceTheJobHasSucceeded(t *testing.T) {
	server := &trainer{polls: []*wire.WatchJobResponse{polled("RUNNING", 1), polled("RUNNING"), polled("SUCCEEDED", 2, 3)}}
	job, err := server.connect(t).Train(t.Context(), "wine", arrays())
	if err != nil {
		t.Fatal(err)
	}

	version, err := job.Wait(t.Context())

	if err != nil || version.Name != "wine@3" || version.Metrics["r2"] != 0.5 || job.State != Succeeded {
		t.Errorf("got %v, %v and %v", version, job, err)
	}
}

func TestWaitFailsWithTheErrorOfTheJob(t *testing.T) {
	failed := polled("FAILED", 1)
	failed.Job.Error = thrown(wire.ErrorCode_INVALID_ARGUMENT, "column \"age\" row 17 is NaN")
	for want, end := range map[Code]*wire.WatchJobResponse{ErrInvalidArgument: failed, ErrCancelled: polled("CANCELLED", 1)} {
		job, err := (&trainer{polls: []*wire.WatchJobResponse{end}}).connect(t).Train(t.Context(), "wine", arrays())
		if err != nil {
			t.Fatal(err)
		}

		if _, err := job.Wait(t.Context()); !errors.Is(err, want) {
			t.Errorf("want %v, got %v", want, err)
		}
	}
}

func TestWaitEndsWithItsContextAndSaysThatTheJobGoesOn(t *testing.T) {
	server := &trainer{stalled: make(chan struct{})}
	job, err := server.connect(t).Train(t.Context(), "wine", arrays())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { close(server.stalled) })
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()

	_, err = job.Wait(ctx)

	if !errors.Is(err, ErrDeadlineExceeded) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "job j1") {
		t.Errorf("got %v", err)
	}
}

// restarting is a server that closes the connection of so many first polls.
type restarting struct {
	trainer
	losses atomic.Int64
}

func (s *restarting) serve(socket net.Conn) {
	if s.losses.Add(-1) < 0 {
		services{training: &s.trainer, models: &s.trainer}.answer(socket)
	}
}

func TestWaitOutlivesARestartOfTheServer(t *testing.T) {
	server := &restarting{trainer: trainer{polls: []*wire.WatchJobResponse{polled("SUCCEEDED", 1)}}}
	server.losses.Store(4)
	client := newFake(t, server.serve).connect(t)

	version, err := (&Job{ID: "j1", client: client}).Wait(t.Context())

	if err != nil || version.Name != "wine@3" {
		t.Errorf("got %v and %v", version, err)
	}
}

func TestAServerThatStaysAwayIsGivenUpWithTheIDOfTheJob(t *testing.T) {
	server := &restarting{}
	server.losses.Store(1 << 30)
	client := newFake(t, server.serve).connect(t)
	client.absence = 50 * time.Millisecond

	_, err := (&Job{ID: "j1", client: client}).Wait(context.Background())

	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), `wait again: GetJob(ctx, "j1")`) {
		t.Errorf("got %v", err)
	}
}

func TestAServerThatStaysAwayIsGivenUpWhenTheContextEnds(t *testing.T) {
	server := &restarting{}
	server.losses.Store(1 << 30)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()

	_, err := (&Job{ID: "j1", client: newFake(t, server.serve).connect(t)}).Wait(ctx)

	if !errors.Is(err, ErrDeadlineExceeded) || !strings.Contains(err.Error(), "job j1 did; it goes on") {
		t.Errorf("got %v", err)
	}
}

func TestAWatcherDoesNotTakeAConnectionFromOtherCalls(t *testing.T) {
	server := &trainer{stalled: make(chan struct{})}
	client := newFake(t, services{training: server, models: server}.answer).connect(t, WithMaxConnections(1))
	watching := make(chan error)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(func() { close(server.stalled) })
	go func() {
		_, err := (&Job{ID: "j1", client: client}).Wait(ctx)
		watching <- err
	}()

	_, err := client.DescribeModel(t.Context(), "wine", WithTimeout(soon))
	cancel()

	if watched := <-watching; err != nil || !errors.Is(watched, ErrCancelled) {
		t.Errorf("got %v and %v", err, watched)
	}
}

func TestEventsAreThoseOfTheJobInOrder(t *testing.T) {
	server := &trainer{polls: []*wire.WatchJobResponse{polled("RUNNING", 1, 2), polled("SUCCEEDED", 3)}}
	var got []int64
	for event, err := range server.connect(t).WatchJob(t.Context(), "j1") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, event.Sequence)
	}

	if !reflect.DeepEqual(got, []int64{1, 2, 3}) {
		t.Errorf("got %v", got)
	}
}

func TestAnUploadGoesInPiecesWithOffsetAndChecksum(t *testing.T) {
	server := &trainer{}
	table, err := NewTable(Floats("a", 1, 2, 3), Texts("b", "x", "y", "z"))
	if err != nil {
		t.Fatal(err)
	}

	stored, err := server.connect(t).UploadPieces(t.Context(), "wine", table.Pieces(2))

	if err != nil || stored.Rows != 3 || len(server.appended) != 2 {
		t.Fatalf("%d pieces, %v and %v", len(server.appended), stored, err)
	}
	last := server.appended[1]
	sum := crc32.ChecksumIEEE([]byte("\x00\x00\x00\x00\x00\x00\x08\x40z\x00\x00\x00\x00\x01\x00\x00\x00"))
	if last.GetOffset() != 2 || last.GetCrc32() != int64(sum) {
		t.Errorf("the last piece has offset %d and checksum %d, want 2 and %d", last.GetOffset(), last.GetCrc32(), sum)
	}
}

func TestAPieceThatIsTooLargeIsRefused(t *testing.T) {
	table, err := NewTable(Texts("a", strings.Repeat("x", maxInlineBytes)))
	if err != nil {
		t.Fatal(err)
	}

	server := &trainer{}
	_, err = server.connect(t).Upload(t.Context(), "wine", table)

	if !errors.Is(err, ErrInvalidArgument) || server.opened {
		t.Errorf("got %v, opened: %v", err, server.opened)
	}
}

func TestATableWithoutRowsOpensNoUpload(t *testing.T) {
	table, err := NewTable(Floats("a"))
	if err != nil {
		t.Fatal(err)
	}
	server := &trainer{}

	_, err = server.connect(t).Upload(t.Context(), "leak", table)

	if !errors.Is(err, ErrInvalidArgument) || server.opened {
		t.Errorf("got %v, opened: %v", err, server.opened)
	}
}

func TestPagesAreAskedForOneAfterTheOther(t *testing.T) {
	var asked []string
	list := pages(func(after *string) ([]int, *string, error) {
		if after == nil {
			asked = append(asked, "first")
			return []int{1, 2}, pointer("b"), nil
		}
		asked = append(asked, *after)
		return []int{3}, nil, nil
	})
	var got []int
	for entry, err := range list {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, entry)
	}

	if !reflect.DeepEqual(got, []int{1, 2, 3}) || !reflect.DeepEqual(asked, []string{"first", "b"}) {
		t.Errorf("got %v after asking for %v", got, asked)
	}
}
