package modelwire

import (
	"context"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// explainer answers every call with what a test has prepared, and keeps the last request.
type explainer struct {
	wire.Inference
	asked    *wire.ExplainRequest
	prepared *wire.ExplainResponse
}

func (e *explainer) Explain(_ context.Context, request *wire.ExplainRequest) (*wire.ExplainResponse, error) {
	e.asked = request
	return e.prepared, nil
}

func (e *explainer) connect(t *testing.T) *Client {
	t.Helper()
	return newFake(t, services{inference: e}.answer).connect(t)
}

// explained is a reply whose parts fit: two rows, two classes, two columns.
func explained() *wire.ExplainResponse {
	return &wire.ExplainResponse{
		Model: pointer("iris"), Version: pointer(int64(3)), Generation: pointer(int64(2)), Scale: pointer("probability"),
		BaseValues:    tensorOf(wire.DType_F64, []float64{0.5, 0.25}),
		Contributions: tensorOf(wire.DType_F64, []float64{1, 2, 3, 4, 5, 6, 7, 8}, 2, 2, 2),
		Features:      []string{"length", "width"}, Classes: columnOf(Texts("species", "a", "b")),
	}
}

func TestAnExplanationHasAllThatTheServerSays(t *testing.T) {
	server := &explainer{prepared: explained()}

	got, err := server.connect(t).Explain(t.Context(), "iris@canary", [][]float64{{1, 2}, {3, 4}})

	want := Explanation{
		Model: "iris", Version: 3, Generation: 2, Scale: "probability", BaseValues: []float64{0.5, 0.25},
		Contributions: [][][]float64{{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}}, Features: []string{"length", "width"},
		Classes: Texts("species", "a", "b"),
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v and %v", got, err)
	}
	if server.asked.GetModel() != "iris@canary" || !reflect.DeepEqual(server.asked.Matrix.Shape, []int64{2, 2}) {
		t.Errorf("sent %v", server.asked)
	}
}

func TestATableIsExplainedByName(t *testing.T) {
	server := &explainer{prepared: explained()}
	client := server.connect(t)

	_, err := client.ExplainTable(t.Context(), "iris", mixed(t))
	_, none := client.ExplainTable(t.Context(), "iris", nil)
	_, ragged := client.Explain(t.Context(), "iris", [][]float64{{1}, {}})

	if err != nil || server.asked.Matrix != nil || server.asked.Table.Columns[3].GetName() != "city" {
		t.Errorf("sent %v and got %v", server.asked, err)
	}
	if !errors.Is(none, ErrInvalidArgument) || !errors.Is(ragged, ErrInvalidArgument) {
		t.Errorf("no table: %v; ragged rows: %v", none, ragged)
	}
}

func TestAnExplanationOfSeveralTargetsNamesThem(t *testing.T) {
	reply := explained()
	reply.Classes, reply.Outputs = nil, []string{"y", "z"}

	explanation, err := (&explainer{prepared: reply}).connect(t).Explain(t.Context(), "lines", [][]float64{{1, 2}, {3, 4}})

	if err != nil || !reflect.DeepEqual(explanation.Outputs, []string{"y", "z"}) || len(explanation.BaseValues) != 2 {
		t.Errorf("got %v, %v", explanation, err)
	}
}

func TestAnExplanationWhosePartsDoNotFitIsAProtocolError(t *testing.T) {
	for what, spoil := range map[string]func(*wire.ExplainResponse){
		"no base values":       func(reply *wire.ExplainResponse) { reply.BaseValues = nil },
		"three base values":    func(reply *wire.ExplainResponse) { reply.BaseValues = tensorOf(wire.DType_F64, make([]float64, 3)) },
		"whole base values":    func(reply *wire.ExplainResponse) { reply.BaseValues = tensorOf(wire.DType_I64, make([]int64, 2)) },
		"no contributions":     func(reply *wire.ExplainResponse) { reply.Contributions = nil },
		"flat contributions":   func(reply *wire.ExplainResponse) { reply.Contributions.Shape = []int64{4, 2} },
		"too few bytes":        func(reply *wire.ExplainResponse) { reply.Contributions.Shape = []int64{3, 2, 2} },
		"one column":           func(reply *wire.ExplainResponse) { reply.Features = reply.Features[:1] },
		"no class":             func(reply *wire.ExplainResponse) { reply.Classes = nil },
		"classes of no colour": func(reply *wire.ExplainResponse) { reply.Classes = &wire.Column{TypeName: pointer("COLOUR")} },
	} {
		reply := explained()
		spoil(reply)

		_, err := (&explainer{prepared: reply}).connect(t).Explain(t.Context(), "iris", [][]float64{{1, 2}})

		if !errors.Is(err, ErrProtocol) {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

// train waits for a model of an algorithm, under the name of that.
func train(t *testing.T, client *Client, algorithm string, table *Table, target string, parameters map[string]any) {
	t.Helper()
	training := Training{
		Steps: []Step{{Algorithm: algorithm, Parameters: parameters}}, Data: Rows{Table: table, Target: target},
	}
	must(must(client.Train(t.Context(), algorithm, training)).Wait(t.Context()))
}

// sums are what the parts of an explanation come to, for each row and answer.
func sums(explanation Explanation) [][]float64 {
	sums := make([][]float64, len(explanation.Contributions))
	for row, answers := range explanation.Contributions {
		for answer, parts := range answers {
			sum := explanation.BaseValues[answer]
			for _, part := range parts {
				sum += part
			}
			sums[row] = append(sums[row], sum)
		}
	}
	return sums
}

func TestServerSaysWhatColumnsAddToWhatItPredicts(t *testing.T) {
	client := start(t).connect(t)
	var a, b, line []float64
	var sign []string
	for row := range 60 {
		a, b = append(a, float64(row*37%101)/10), append(b, float64(row*53%101)/10)
		line = append(line, 2*a[row]-3*b[row]+1)
		sign = append(sign, map[bool]string{false: "down", true: "up"}[line[row] > 0])
	}
	signs := must(NewTable(Floats("a", a...), Floats("b", b...), Texts("sign", sign...)))
	train(t, client, "linear_regression", must(NewTable(Floats("a", a...), Floats("b", b...), Floats("line", line...))), "line", nil)
	train(t, client, "random_forest_classifier", signs, "sign", map[string]any{"n_estimators": 5})
	train(t, client, "k_neighbors_classifier", signs, "sign", nil)
	rows := [][]float64{{9, 1}, {1, 8}}

	regression := must(client.Explain(t.Context(), "linear_regression", rows))
	forest := must(client.ExplainTable(t.Context(), "random_forest_classifier@1", must(NewTable(Floats("b", 1, 8), Floats("a", 9, 1)))))
	_, none := client.Explain(t.Context(), "k_neighbors_classifier", rows)

	if regression.Scale != "value" || regression.Generation != 1 || regression.Classes.Len() != 0 ||
		math.Abs(regression.Contributions[1][0][1]+24) > 1e-9 {
		t.Errorf("got %+v", regression)
	}
	if forest.Scale != "probability" || forest.Generation != 0 || !reflect.DeepEqual(forest.Features, []string{"a", "b"}) ||
		!reflect.DeepEqual(forest.Classes.Texts(), []string{"down", "up"}) {
		t.Errorf("got %+v", forest)
	}
	values := must(client.Predict(t.Context(), "linear_regression", rows)).Values
	probabilities := must(client.Predict(t.Context(), "random_forest_classifier", rows)).Probabilities
	for row := range rows {
		if got := sums(regression)[row][0]; math.Abs(got-values[row]) > 1e-9 {
			t.Errorf("row %d: the parts are %v and the value is %v", row, got, values[row])
		}
		for class, probability := range probabilities[row] {
			if got := sums(forest)[row][class]; math.Abs(got-probability) > 1e-12 {
				t.Errorf("row %d, class %d: the parts are %v and the probability is %v", row, class, got, probability)
			}
		}
	}
	if !errors.Is(none, ErrFailedPrecondition) || !strings.Contains(none.Error(), "a sum over columns") {
		t.Errorf("got %v", none)
	}
}
