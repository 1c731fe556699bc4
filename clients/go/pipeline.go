package modelwire

import (
	"maps"
	"slices"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// Step is one step of a pipeline: a transformer, or the estimator that ends it.
type Step struct {
	// Algorithm is the name of one of [Client.Describe], for example "standard_scaler".
	Algorithm string
	// Parameters are its hyper-parameters; what is absent has its default.
	Parameters Parameters
	// Columns are those that a transformer works on, the others pass through; nil: all.
	Columns []string
}

// Parameters are hyper-parameters by name. An int or int64 is an integer, a float64 a number, a bool a flag, a string text,
// an []int or []int64 a list of whole numbers, and a [][]float64 or []float64 a tensor.
type Parameters map[string]any

// Steps is a pipeline of algorithms with their defaults.
func Steps(algorithms ...string) []Step {
	steps := make([]Step, len(algorithms))
	for position, algorithm := range algorithms {
		steps[position].Algorithm = algorithm
	}
	return steps
}

func stepsOf(steps []Step) ([]*wire.Step, error) {
	if len(steps) == 0 {
		return nil, invalid("no steps; a pipeline ends with an estimator, for example \"linear_regression\"")
	}
	sent := make([]*wire.Step, len(steps))
	for position, step := range steps {
		parameters, err := parametersOf(step)
		if err != nil {
			return nil, err
		}
		sent[position] = &wire.Step{Algorithm: &step.Algorithm, Parameters: parameters, Columns: step.Columns}
	}
	return sent, nil
}

// parametersOf is in the order of their names, so that the same pipeline is always the same bytes.
func parametersOf(step Step) ([]*wire.Parameter, error) {
	var parameters []*wire.Parameter
	for _, name := range slices.Sorted(maps.Keys(step.Parameters)) {
		parameter, err := parameterOf(step.Parameters[name])
		if err != nil {
			return nil, invalid("%s of %s %v", name, step.Algorithm, err.Message)
		}
		parameter.Name = &name
		parameters = append(parameters, parameter)
	}
	return parameters, nil
}

func parameterOf(value any) (*wire.Parameter, *Error) {
	switch value := value.(type) {
	case int:
		integer := int64(value)
		return &wire.Parameter{Integer: &integer}, nil
	case int64:
		return &wire.Parameter{Integer: &value}, nil
	case float64:
		return &wire.Parameter{Number: &value}, nil
	case bool:
		return &wire.Parameter{Flag: &value}, nil
	case string:
		return &wire.Parameter{Text: &value}, nil
	case []int:
		integers := make([]int64, len(value))
		for position, each := range value {
			integers[position] = int64(each)
		}
		return &wire.Parameter{Tensor: tensorOf(wire.DType_I64, integers)}, nil
	case []int64:
		return &wire.Parameter{Tensor: tensorOf(wire.DType_I64, value)}, nil
	case []float64:
		return &wire.Parameter{Tensor: tensorOf(wire.DType_F64, value)}, nil
	case [][]float64:
		if err := checkMatrix(value); err != nil {
			return nil, invalid("is no matrix; it needs a row, and all rows the same length")
		}
		return &wire.Parameter{Tensor: matrixOf(value)}, nil
	}
	return nil, invalid("is a %T; it must be an int, int64, float64, bool, string, []int, []int64, []float64 or [][]float64", value)
}

func stepsFrom(sent []*wire.Step) []Step {
	steps := make([]Step, len(sent))
	for position, step := range sent {
		steps[position] = Step{Algorithm: step.GetAlgorithm(), Columns: step.Columns, Parameters: Parameters{}}
		for _, parameter := range step.Parameters {
			steps[position].Parameters[parameter.GetName()] = parameterFrom(parameter)
		}
	}
	return steps
}

// parameterFrom is the one value that is set; nil if there is none.
func parameterFrom(sent *wire.Parameter) any {
	switch {
	case sent == nil:
		return nil
	case sent.IsSetInteger():
		return sent.GetInteger()
	case sent.IsSetNumber():
		return sent.GetNumber()
	case sent.IsSetFlag():
		return sent.GetFlag()
	case sent.IsSetText():
		return sent.GetText()
	}
	return tensorValue(sent.Tensor)
}

// tensorValue is rows if there are two dimensions, else a plain slice, of int64 or float64; nil for what this client cannot
// read.
func tensorValue(tensor *wire.Tensor) any {
	if tensor == nil {
		return nil
	}
	if rows, err := rowsOf(tensor); err == nil {
		return rows
	}
	if values, err := floatsOf(tensor); err == nil {
		return values
	}
	if values, err := integersOf(tensor); err == nil {
		return values
	}
	return nil
}
