package modelwire

import (
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// doubling answers twice the first column, as version 1 of a model whose alias moves after the first call.
type doubling struct {
	wire.Inference
	// classes are answered too if there are some.
	classes []string
	// wrongFrom refuses rows from this value on; 0 refuses none.
	wrongFrom float64

	mutex sync.Mutex
	asked []string
	rows  []int
}

func (d *doubling) Predict(_ context.Context, request *wire.PredictRequest) (*wire.PredictResponse, error) {
	rows, err := rowsOf(request.Matrix)
	if err != nil {
		return nil, err
	}
	d.mutex.Lock()
	d.asked, d.rows = append(d.asked, request.GetModel()), append(d.rows, len(rows))
	version := int64(1)
	if len(d.asked) > 1 && !strings.HasSuffix(request.GetModel(), "@1") {
		version = 2
	}
	d.mutex.Unlock()
	if last := rows[len(rows)-1][0]; d.wrongFrom > 0 && last >= d.wrongFrom {
		return nil, &wire.ServiceError{CodeName: pointer("INVALID_ARGUMENT"), Message: pointer("row 5 is NaN")}
	}
	reply := &wire.PredictResponse{Model: pointer("double"), Version: &version, Generation: &version}
	var values []float64
	var labels []string
	for _, row := range rows {
		values = append(values, 2*row[0])
		if d.classes != nil {
			labels = append(labels, d.classes[int(row[0])%len(d.classes)])
		}
	}
	reply.Values = tensorOf(wire.DType_F64, values)
	if d.classes != nil {
		reply.Labels, reply.Classes = columnOf(Texts("labels", labels...)), columnOf(Texts("classes", d.classes...))
	}
	return reply, nil
}

// PredictMany answers all but the last item.
func (d *doubling) PredictMany(_ context.Context, request *wire.PredictManyRequest) (*wire.PredictManyResponse, error) {
	reply := &wire.PredictManyResponse{}
	for _, item := range request.Items {
		reply.Outcomes = append(reply.Outcomes, &wire.PredictOutcome{Response: &wire.PredictResponse{Model: item.Model}})
	}
	refused := &wire.ServiceError{CodeName: pointer("NOT_FOUND"), Message: pointer("gone"), Executed: pointer(false)}
	reply.Outcomes[len(reply.Outcomes)-1] = &wire.PredictOutcome{Error: refused}
	return reply, nil
}

func (d *doubling) connect(t *testing.T, options ...Option) *Client {
	t.Helper()
	return newFake(t, services{inference: d}.answer).connect(t, options...)
}

// counted is rows 0, 1, 2, … of two columns.
func counted(n int) [][]float64 {
	rows := make([][]float64, n)
	for row := range rows {
		rows[row] = []float64{float64(row), float64(row)}
	}
	return rows
}

func TestRowsThatFitACallAreOneCall(t *testing.T) {
	server := &doubling{}

	_, err := server.connect(t, WithMaxFrameBytes(3200)).Predict(t.Context(), "double@canary", counted(100))

	if err != nil || !reflect.DeepEqual(server.asked, []string{"double@canary"}) {
		t.Errorf("asked %v and got %v", server.asked, err)
	}
}

func TestRowsBeyondACallAreAnsweredWholeInOrderAndByOneVersion(t *testing.T) {
	for _, connections := range []int{1, 8} {
		server := &doubling{}
		client := server.connect(t, WithMaxFrameBytes(3200), WithMaxConnections(connections))

		prediction, err := client.Predict(t.Context(), "double@canary", counted(1000))

		if err != nil || prediction.Version != 1 || prediction.Generation != 1 || len(prediction.Values) != 1000 {
			t.Fatalf("got %d values, %v", len(prediction.Values), err)
		}
		for row, value := range prediction.Values {
			if value != 2*float64(row) {
				t.Fatalf("row %d is %v", row, value)
			}
		}
		if server.asked[0] != "double@canary" || server.rows[0] != 1 || len(server.asked) != 11 || slices.Max(server.rows) != 100 {
			t.Errorf("asked %v with %v rows", server.asked, server.rows)
		}
	}
}

func TestAnswersThatAreLargerThanTheirRowsDecideWhereTheseAreCut(t *testing.T) {
	server := &doubling{classes: []string{"no", "maybe", "yes"}}

	prediction, err := server.connect(t, WithMaxFrameBytes(3200)).Predict(t.Context(), "double", counted(500))

	if err != nil || prediction.Labels.Len() != 500 || prediction.Labels.Texts()[499] != "maybe" {
		t.Fatalf("got %d labels, %v", prediction.Labels.Len(), err)
	}
	if want := 1600 / (4 + len("maybe") + 3*8); slices.Max(server.rows) != want {
		t.Errorf("pieces of up to %d rows, not %d", slices.Max(server.rows), want)
	}
}

func TestTheErrorOfAPieceSaysFromWhereItsRowsAreCounted(t *testing.T) {
	server := &doubling{wrongFrom: 901}

	_, err := server.connect(t, WithMaxFrameBytes(3200)).Predict(t.Context(), "double", counted(1000))

	if !errors.Is(err, ErrInvalidArgument) || !strings.Contains(err.Error(), "row 5 is NaN (rows are counted from row 901)") {
		t.Errorf("got %v", err)
	}
}

func TestAContextThatEndsEndsAllPieces(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	_, err := (&doubling{}).connect(t, WithMaxFrameBytes(3200)).Predict(ctx, "double", counted(1000))

	if !errors.Is(err, ErrCancelled) {
		t.Errorf("got %v", err)
	}
}

func TestEachOfManyRequestsHasItsAnswerOrItsError(t *testing.T) {
	client := (&doubling{}).connect(t)
	table := must(NewTable(Floats("x", 1)))

	outcomes, err := client.PredictMany(t.Context(), []PredictRequest{
		{Model: "a", Rows: counted(2)}, {Model: "b", Table: table}, {Model: "c", Rows: counted(1)},
	})

	if err != nil || len(outcomes) != 3 || outcomes[0].Prediction.Model != "a" || outcomes[1].Prediction.Model != "b" {
		t.Fatalf("got %v and %v", outcomes, err)
	}
	if outcomes[0].Err != nil || outcomes[1].Err != nil || !errors.Is(outcomes[2].Err, ErrNotFound) {
		t.Errorf("got %v", outcomes)
	}
}

func TestARequestThatCannotBeSentIsNamed(t *testing.T) {
	client := (&doubling{}).connect(t)
	good := PredictRequest{Model: "a", Rows: counted(1)}
	for what, wrong := range map[string]PredictRequest{
		"no rows": {Model: "b"}, "ragged": {Model: "b", Rows: [][]float64{{1}, {}}},
		"both": {Model: "b", Rows: counted(1), Table: must(NewTable(Floats("x", 1)))},
	} {
		_, err := client.PredictMany(t.Context(), []PredictRequest{good, wrong})

		if !errors.Is(err, ErrInvalidArgument) || !strings.Contains(err.Error(), "request 1: ") {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

// classifier trains "large" on a running server: whether the first of four features is above 0.
func classifier(t *testing.T, client *Client, features [][]float64) {
	t.Helper()
	labels := make([]string, len(features))
	for row := range features {
		labels[row] = map[bool]string{false: "down", true: "up"}[features[row][0] > 0]
	}
	columns := must(fromMatrix(features, nil))
	table := must(NewTable(append(columns, Texts("direction", labels...))...))
	training := Training{Steps: []Step{{Algorithm: "logistic_regression"}}, Data: Rows{Table: table, Target: "direction"}}
	must(must(client.Train(t.Context(), "large", training)).Wait(t.Context()))
}

func TestServerPredictsMoreRowsThanACallHoldsAsTheirPieces(t *testing.T) {
	client := start(t).connect(t)
	random := rand.New(rand.NewPCG(2026, 1122))
	features := make([][]float64, 300_000)
	for row := range features {
		features[row] = []float64{random.NormFloat64(), random.NormFloat64(), random.NormFloat64(), random.NormFloat64()}
	}
	classifier(t, client, features[:60])

	whole := must(client.Predict(t.Context(), "large", features))
	byName := must(client.PredictTable(t.Context(), "large", must(NewTable(must(fromMatrix(features, nil))...))))

	pieces := must(client.Predict(t.Context(), "large", features[:50_000]))
	for from := 50_000; from < len(features); from += 50_000 {
		piece := must(client.Predict(t.Context(), "large", features[from:from+50_000]))
		pieces = pieces.with([]Prediction{piece})
	}
	if !reflect.DeepEqual(whole, pieces) || !reflect.DeepEqual(byName, pieces) {
		t.Error("the whole is not its pieces")
	}
}

func TestServerAnswersManyRequestsAsEachAlone(t *testing.T) {
	client := start(t).connect(t)
	classifier(t, client, [][]float64{{-2, 0, 0, 0}, {-1, 1, 0, 0}, {1, 0, 1, 0}, {2, 0, 0, 1}})
	requests := []PredictRequest{
		{Model: "large", Rows: [][]float64{{1, 2, 3, 4}, {-3, 0.5, 0, 1}}},
		{Model: "nobody", Rows: counted(1)},
		{Model: "large@1", Table: must(NewTable(must(fromMatrix([][]float64{{-1, 2, 3, 4}}, nil))...))},
		{Model: "large", Rows: counted(3)},
	}

	outcomes := must(client.PredictMany(t.Context(), requests))

	codes := make([]string, 0, len(outcomes))
	for position, outcome := range outcomes {
		alone, err := func(request PredictRequest) (Prediction, error) {
			if request.Table != nil {
				return client.PredictTable(t.Context(), request.Model, request.Table)
			}
			return client.Predict(t.Context(), request.Model, request.Rows)
		}(requests[position])
		if !reflect.DeepEqual(outcome.Prediction, alone) || (err == nil) != (outcome.Err == nil) || err != nil && err.Error() != outcome.Err.Error() {
			t.Errorf("request %d: %v, alone %v and %v", position, outcome, alone, err)
		}
		failure := new(Error)
		errors.As(outcome.Err, &failure)
		codes = append(codes, string(failure.Code))
	}
	if !reflect.DeepEqual(codes, []string{"", "NOT_FOUND", "", "INVALID_ARGUMENT"}) {
		t.Errorf("got %v", codes)
	}
}
