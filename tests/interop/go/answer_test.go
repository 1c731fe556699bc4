package main

import (
	"math"
	"testing"
)

func TestExpectationsHoldForWhatTheySay(t *testing.T) {
	answer := record{
		"version": int64(1), "reason": nil, "text": "a name of 300 characters",
		"values": []any{[]any{1.5, 2.5}}, "models": []any{record{"name": "churn"}}, "aliases": []any{"stable"},
	}
	for text, want := range map[string]bool{
		`{"version": 1}`:    true,
		`{"version": 1.0}`:  true,
		`{"version": 2}`:    false,
		`{"version": "1"}`:  false,
		`{"version": null}`: false,
		`{"nothing": null}`: true,
		`{"values.0.1": {"near": 2.6, "relative": 0.1}}`:          true,
		`{"values.0.1": {"near": 2.6, "relative": 0.01}}`:         false,
		`{"values": {"near": [[1.5, 2.5]], "relative": 0}}`:       true,
		`{"values": {"near": [[1.5, 2.5, 3]], "relative": 0}}`:    false,
		`{"values": {"near": [1.5, 2.5], "relative": 0}}`:         false,
		`{"values": {"between": [1, 3]}}`:                         true,
		`{"values": {"between": [2, 3]}}`:                         false,
		`{"text": {"contains": "300"}}`:                           true,
		`{"text": {"contains": "301"}}`:                           false,
		`{"models": {"contains": "churn"}}`:                       true,
		`{"aliases": {"contains": "stable"}}`:                     true,
		`{"aliases": {"contains": "canary"}}`:                     false,
		`{"nothing": {"contains": "canary"}}`:                     false,
		`{"nothing": {"near": 1, "relative": 1}}`:                 false,
		`{"values.7": {"between": [1, 2]}}`:                       false,
		`{"version": {"about": 1}}`:                               false,
		`{"values": [[1.5, 2.5]], "models.0": {"contains": "x"}}`: false,
	} {
		var expected map[string]any
		if err := decode([]byte(text), &expected); err != nil {
			t.Fatal(err)
		}
		holds := true
		for path, rule := range expected {
			holds = holds && check(find(answer, path), rule) == nil
		}
		if holds != want {
			t.Errorf("%s holds: %v", text, holds)
		}
	}
}

func TestDoublesAreRecordedAsTheirBits(t *testing.T) {
	bits := bitsOf(record{"values": []any{1.0, math.Copysign(0, -1)}, "labels": []any{"a"}, "version": int64(1)})

	list := bits["values"].([]any)
	if list[0] != "3ff0000000000000" || list[1] != "8000000000000000" || len(bits) != 2 {
		t.Errorf("got %v", bits)
	}
}

func TestATableKeepsTheOrderAndTheTypesOfItsColumns(t *testing.T) {
	table, err := tableOf([]byte(`{"z": [1, null], "a": [1.0, 2], "flag": [true, false], "text": ["x", null]}`))
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, column := range table.Columns() {
		got += column.Name() + " " + string(column.Type()) + ", "
	}

	if got != "z INTEGER, a FLOAT, flag BOOLEAN, text TEXT, " {
		t.Errorf("got %s", got)
	}
}
