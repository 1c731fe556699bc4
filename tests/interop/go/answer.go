package main

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// record is an answer: names of the IDL, and values that are records, []any, map[string]float64, int64, float64, bool or
// string. What is absent is not there.
type record = map[string]any

// find follows a dotted path; nil if it ends nowhere.
func find(answer any, path string) any {
	for part := range strings.SplitSeq(path, ".") {
		switch within := answer.(type) {
		case record:
			answer = within[part]
		case []any:
			position, err := strconv.Atoi(part)
			if err != nil || position < 0 || position >= len(within) {
				return nil
			}
			answer = within[position]
		default:
			return nil
		}
	}
	return answer
}

// check compares a value with what is expected of it.
func check(got, expected any) error {
	rule, ok := expected.(map[string]any)
	switch {
	case !ok:
		return holds(equal(got, expected), got, "%v", expected)
	case rule["near"] != nil:
		relative, err := number(rule["relative"])
		if err != nil {
			return err
		}
		return holds(near(got, rule["near"], relative), got, "%v within %v of it", rule["near"], relative)
	case rule["between"] != nil:
		return holds(between(got, rule["between"].([]any)), got, "a number in %v", rule["between"])
	case rule["contains"] != nil:
		return holds(contains(got, rule["contains"]), got, "%v in it", rule["contains"])
	}
	return fmt.Errorf("no such expectation: %v", rule)
}

func holds(does bool, got any, expected string, values ...any) error {
	if does {
		return nil
	}
	return fmt.Errorf("got %v, expected %s", got, fmt.Sprintf(expected, values...))
}

// float is a value as a number, if it is one.
func float(value any) (float64, bool) {
	switch value := value.(type) {
	case float64:
		return value, true
	case int64:
		return float64(value), true
	case json.Number:
		number, err := value.Float64()
		return number, err == nil
	}
	return math.NaN(), false
}

func equal(got, expected any) bool {
	return pairwise(got, expected, func(got, expected any) bool {
		left, numeric := float(got)
		right, too := float(expected)
		return numeric && too && left == right || !numeric && !too && got == expected
	})
}

func near(got, expected any, relative float64) bool {
	return pairwise(got, expected, func(got, expected any) bool {
		left, numeric := float(got)
		right, too := float(expected)
		return numeric && too && math.Abs(left-right) <= relative*max(math.Abs(right), 1e-300)
	})
}

// pairwise compares lists element by element, and anything else as told.
func pairwise(got, expected any, same func(got, expected any) bool) bool {
	left, list := got.([]any)
	right, too := expected.([]any)
	if !list && !too {
		return same(got, expected)
	}
	if list != too || len(left) != len(right) {
		return false
	}
	for position := range left {
		if !pairwise(left[position], right[position], same) {
			return false
		}
	}
	return true
}

func between(got any, limits []any) bool {
	if list, ok := got.([]any); ok {
		for _, entry := range list {
			if !between(entry, limits) {
				return false
			}
		}
		return true
	}
	value, numeric := float(got)
	low, _ := float(limits[0])
	high, _ := float(limits[1])
	return numeric && low <= value && value <= high
}

// contains: a text has the part, or a list the element or one with its name.
func contains(got, part any) bool {
	if text, ok := got.(string); ok {
		return strings.Contains(text, fmt.Sprint(part))
	}
	list, _ := got.([]any)
	for _, entry := range list {
		if named, ok := entry.(record); ok {
			entry = named["name"]
		}
		if equal(entry, part) {
			return true
		}
	}
	return false
}

// bitsOf is what a prediction or an explanation says, with doubles as the 16 hex digits of their bits.
func bitsOf(answer any) record {
	fields, bits := answer.(record), record{}
	for _, name := range []string{
		"values", "labels", "probabilities", "classes", "clusters", "distances", "transformed", "base_values", "contributions",
	} {
		if value, there := fields[name]; there {
			bits[name] = hex(value)
		}
	}
	return bits
}

func hex(value any) any {
	switch value := value.(type) {
	case float64:
		return fmt.Sprintf("%016x", math.Float64bits(value))
	case []any:
		digits := make([]any, len(value))
		for position := range value {
			digits[position] = hex(value[position])
		}
		return digits
	}
	return value
}
