package modelwire

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// number is what counts as a number in a file: decimal, with an exponent if need be. Words (nan, inf), hexadecimal digits
// and underscores are text, although strconv would read them.
var number = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$`)

// LoadCSV reads a table from a file; see [ReadCSV].
func LoadCSV(path string) (*Table, error) {
	file, err := os.Open(path)
	if err != nil {
		refused := invalid("%v", err)
		refused.cause = err
		return nil, refused
	}
	defer func() { _ = file.Close() }()
	return ReadCSV(file)
}

// ReadCSV reads a table from comma-separated text with quotes as in RFC 4180. The first line names the columns. An empty
// field is a missing value. The values that are there give a column its type: whole numbers make it an [IntegerColumn],
// other finite decimal numbers a [FloatColumn], true and false in any case a [BooleanColumn], anything else a [TextColumn]. A
// column without any value is an [IntegerColumn].
func ReadCSV(source io.Reader) (*Table, error) {
	records, err := csv.NewReader(withoutMark(source)).ReadAll()
	if err != nil {
		refused := invalid("no table: %v", err)
		refused.cause = err
		return nil, refused
	}
	if len(records) == 0 {
		return nil, invalid("no table: there is no line; the first one names the columns")
	}
	columns := make([]Column, len(records[0]))
	for position, name := range records[0] {
		fields := make([]string, 0, len(records)-1)
		for _, record := range records[1:] {
			fields = append(fields, record[position])
		}
		columns[position] = typed(name, fields)
	}
	return NewTable(columns...)
}

// withoutMark skips the byte order mark that some programs write before UTF-8.
func withoutMark(source io.Reader) io.Reader {
	buffered := bufio.NewReader(source)
	if first, _, err := buffered.ReadRune(); err == nil && first != '\uFEFF' {
		_ = buffered.UnreadRune() // cannot fail after a rune was read
	}
	return buffered
}

// typed gives a column the first type that takes all values that are there.
func typed(name string, fields []string) Column {
	missing := make([]bool, len(fields))
	any := false
	for row, field := range fields {
		missing[row] = field == ""
		any = any || missing[row]
	}
	column := Texts(name, fields...)
	if values, ok := parsed(fields, missing, wholeNumber); ok {
		column = Integers(name, values...)
	} else if values, ok := parsed(fields, missing, realNumber); ok {
		column = Floats(name, values...)
	} else if values, ok := parsed(fields, missing, truthValue); ok {
		column = Booleans(name, values...)
	}
	if any {
		column = column.WithMissing(missing)
	}
	return column
}

// parsed reads all values that are there; false if one of them is no such value.
func parsed[T any](fields []string, missing []bool, parse func(string) (T, error)) ([]T, bool) {
	values := make([]T, len(fields))
	for row, field := range fields {
		if missing[row] {
			continue
		}
		value, err := parse(field)
		if err != nil {
			return nil, false
		}
		values[row] = value
	}
	return values, true
}

func wholeNumber(field string) (int64, error) { return strconv.ParseInt(field, 10, 64) }

func realNumber(field string) (float64, error) {
	if !number.MatchString(field) {
		return math.NaN(), strconv.ErrSyntax
	}
	return strconv.ParseFloat(field, 64) // an error for what is beyond all doubles
}

func truthValue(field string) (bool, error) {
	switch strings.ToLower(field) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, errors.New("neither true nor false")
}
