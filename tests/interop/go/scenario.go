package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/modelwire/modelwire/clients/go"
)

// scenario is a sentence and the steps that show it. Steps are read when they are played: {job} is not known before.
type scenario struct {
	Name  string            `json:"name"`
	Steps []json.RawMessage `json:"steps"`
}

// step is a call and what it shall answer.
type step struct {
	Call               string          `json:"call"`
	Name               string          `json:"name"`
	Bytes              int             `json:"bytes"`
	Model              string          `json:"model"`
	Steps              []algorithm     `json:"steps"`
	CSV                string          `json:"csv"`
	Dataset            string          `json:"dataset"`
	Table              json.RawMessage `json:"table"`
	Matrix             []any           `json:"matrix"`
	Items              []step          `json:"items"`
	Target             string          `json:"target"`
	Targets            []string        `json:"targets"`
	Features           []string        `json:"features"`
	SampleWeight       string          `json:"sample_weight"`
	Seed               int64           `json:"seed"`
	Tries              []try           `json:"tries"`
	Folds              int32           `json:"folds"`
	Group              string          `json:"group"`
	Publish            bool            `json:"publish"`
	Scoring            string          `json:"scoring"`
	NRepeats           int32           `json:"n_repeats"`
	Format             string          `json:"format"`
	RowsPerPiece       int             `json:"rows_per_piece"`
	Alias              string          `json:"alias"`
	Version            int64           `json:"version"`
	ExpectedGeneration *int64          `json:"expected_generation"`
	Job                string          `json:"job"`
	ExpectedBatch      int64           `json:"expected_batch"`
	Expect             map[string]any  `json:"expect"`
	ExpectError        *expectedError  `json:"expect_error"`
	Record             string          `json:"record"`
	SameAs             string          `json:"same_as"`
}

type algorithm struct {
	Algorithm  string         `json:"algorithm"`
	Parameters map[string]any `json:"parameters"`
	Columns    []string       `json:"columns"`
}

// try is a parameter of the step of an algorithm, or of the last one, and what a search tries for it.
type try struct {
	Name      string `json:"name"`
	Algorithm string `json:"algorithm"`
	Values    []any  `json:"values"`
}

type expectedError struct {
	Code     string `json:"code"`
	Contains string `json:"contains"`
}

func load(path string) ([]scenario, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var file struct {
		Scenarios []scenario `json:"scenarios"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return file.Scenarios, nil
}

// read puts run and job where the text of a step names them, and reads it. Numbers stay as they are written.
func read(text json.RawMessage, run, job string) (step, error) {
	var read step
	placed := strings.NewReplacer("{run}", run, "{job}", job).Replace(string(text))
	return read, decode([]byte(placed), &read)
}

func decode(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(into)
}

// pipeline is the steps of a training. A number without '.' and 'e' is whole.
func (s step) pipeline() ([]modelwire.Step, error) {
	steps := make([]modelwire.Step, len(s.Steps))
	for position, algorithm := range s.Steps {
		steps[position] = modelwire.Step{Algorithm: algorithm.Algorithm, Columns: algorithm.Columns, Parameters: modelwire.Parameters{}}
		for name, value := range algorithm.Parameters {
			plain, err := plain(value)
			if err != nil {
				return nil, err
			}
			steps[position].Parameters[name] = plain
		}
	}
	return steps, nil
}

// plain is a number as an int64 or float64, and anything else as it is.
func plain(value any) (any, error) {
	number, ok := value.(json.Number)
	switch {
	case !ok:
		return value, nil
	case strings.ContainsAny(number.String(), ".eE"):
		return number.Float64()
	}
	return number.Int64()
}

// rows are those of a training or an upload: of a file or of a table in the step; nil if they are stored.
func (s step) rows(folder string) (*modelwire.Table, error) {
	switch {
	case s.CSV != "":
		return modelwire.LoadCSV(filepath.Join(folder, s.CSV))
	case s.Table != nil:
		return tableOf(s.Table)
	}
	return nil, nil
}

// matrix is rows of numbers; a list of numbers is one row, and then the second answer is true.
func (s step) matrix() (rows [][]float64, single bool, err error) {
	if _, nested := s.Matrix[0].([]any); !nested {
		row, err := numbers(s.Matrix)
		return [][]float64{row}, true, err
	}
	for _, entry := range s.Matrix {
		values, ok := entry.([]any)
		if !ok {
			return nil, false, fmt.Errorf("a matrix with %v in it", entry)
		}
		row, err := numbers(values)
		if err != nil {
			return nil, false, err
		}
		rows = append(rows, row)
	}
	return rows, false, nil
}

func numbers(values []any) ([]float64, error) {
	row := make([]float64, len(values))
	for position, value := range values {
		number, err := number(value)
		if err != nil {
			return nil, err
		}
		row[position] = number
	}
	return row, nil
}

// number reads a number, or a word for one that JSON does not have.
func number(value any) (float64, error) {
	switch value := value.(type) {
	case json.Number:
		return value.Float64()
	case string:
		return strconv.ParseFloat(value, 64)
	}
	return math.NaN(), fmt.Errorf("%v is no number", value)
}
