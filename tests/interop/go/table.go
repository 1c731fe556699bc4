package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/modelwire/modelwire/clients/go"
)

// tableOf reads {"column": [values]} and keeps the order of the columns.
func tableOf(text json.RawMessage) (*modelwire.Table, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	var columns []modelwire.Column
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		var values []any
		if err := decoder.Decode(&values); err != nil {
			return nil, err
		}
		column, err := columnOf(fmt.Sprint(name), values)
		if err != nil {
			return nil, err
		}
		columns = append(columns, column)
	}
	return modelwire.NewTable(columns...)
}

// columnOf gives a column the type of its values; null is missing.
func columnOf(name string, values []any) (modelwire.Column, error) {
	missing, whole, kind := make([]bool, len(values)), true, ""
	for row, value := range values {
		missing[row] = value == nil
		switch value := value.(type) {
		case json.Number:
			whole = whole && !strings.ContainsAny(value.String(), ".eE")
			kind = "number"
		case bool:
			kind = "flag"
		case string:
			kind = "text"
		}
	}
	switch {
	case kind == "number" && whole:
		integers, err := present(values, func(value any) (int64, error) { return value.(json.Number).Int64() })
		return modelwire.Integers(name, integers...).WithMissing(missing), err
	case kind == "number":
		floats, err := present(values, number)
		return modelwire.Floats(name, floats...).WithMissing(missing), err
	case kind == "flag":
		flags, err := present(values, as[bool])
		return modelwire.Booleans(name, flags...).WithMissing(missing), err
	}
	texts, err := present(values, as[string])
	return modelwire.Texts(name, texts...).WithMissing(missing), err
}

func present[T any](values []any, convert func(any) (T, error)) ([]T, error) {
	converted := make([]T, len(values))
	for row, value := range values {
		if value == nil {
			continue
		}
		var err error
		if converted[row], err = convert(value); err != nil {
			return nil, err
		}
	}
	return converted, nil
}

func as[T any](value any) (T, error) {
	typed, ok := value.(T)
	if !ok {
		return typed, fmt.Errorf("%v among values of type %T", value, typed)
	}
	return typed, nil
}
