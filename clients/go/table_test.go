package modelwire

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// mixed is a table with a column of each type and a value missing in each.
func mixed(t *testing.T) *Table {
	t.Helper()
	second := []bool{false, true, false}
	table, err := NewTable(
		Floats("weight", 1.5, 99, math.Inf(-1)).WithMissing(second),
		Integers("age", 41, 99, math.MinInt64).WithMissing(second),
		Booleans("member", true, true, false).WithMissing(second),
		Texts("city", "Zürich", "99", "").WithMissing(second),
	)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestATableSurvivesTheWire(t *testing.T) {
	table := mixed(t)

	for position, sent := range tableOf(table).Columns {
		got, err := columnFrom(sent)

		want := table.columns[position]
		if err != nil || got.Schema() != want.Schema() || got.Len() != 3 {
			t.Fatalf("sent %v, got %v and %v", want, got, err)
		}
		for row := range 3 {
			if got.Value(row) != want.Value(row) {
				t.Errorf("row %d of %q: sent %v, got %v", row, want.Name(), want.Value(row), got.Value(row))
			}
		}
	}
}

func TestAColumnTravelsAsTheInterfaceSays(t *testing.T) {
	age, city := columnOf(Integers("age", 1, -1).WithMissing([]bool{false, true})), columnOf(Texts("city", "ab", "c"))

	want := []byte{1, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255}
	if !reflect.DeepEqual(age.Tensor.Data, want) || !reflect.DeepEqual(age.Missing, []byte{2}) || age.GetType() != 2 {
		t.Errorf("integers travel as %v", age)
	}
	if string(city.TextData) != "abc" || !reflect.DeepEqual(city.TextOffsets, []byte{0, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0}) {
		t.Errorf("text travels as %v", city)
	}
}

func TestWhatIsMissingHoldsNothing(t *testing.T) {
	table := mixed(t)

	weight, _ := table.Column("weight")
	city, _ := table.Column("city")

	if !math.IsNaN(weight.Floats()[1]) || city.Texts()[1] != "" || weight.Value(1) != nil || !weight.IsMissing(1) {
		t.Errorf("got %v and %v", weight, city)
	}
}

func TestColumnsThatMakeNoTableAreRefusedByName(t *testing.T) {
	for want, columns := range map[string][]Column{
		"a table has no columns":                          {},
		"a column has no name":                            {Floats("")},
		`column "a" has no values`:                        {Column{name: "a"}},
		`column "a" is there twice`:                       {Floats("a", 1), Integers("a", 1)},
		`column "b" has 2 values and column "a" has 1`:    {Floats("a", 1), Integers("b", 1, 2)},
		`column "a" has 1 values and its mask of missing`: {Floats("a", 1).WithMissing([]bool{true, false})},
	} {
		_, err := NewTable(columns...)
		if !errors.Is(err, ErrInvalidArgument) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

func TestColumnsAreSelectedAndDroppedByName(t *testing.T) {
	table := mixed(t)

	selected, err := table.Select("city", "age")
	rest, _ := table.Without("city", "age")
	_, missing := table.Select("height")

	if err != nil || !reflect.DeepEqual(selected.names(), []string{"city", "age"}) {
		t.Errorf("selected %v and %v", selected, err)
	}
	if !reflect.DeepEqual(rest.names(), []string{"weight", "member"}) || !errors.Is(missing, ErrInvalidArgument) {
		t.Errorf("left %v; %v", rest, missing)
	}
}

func TestRowsOfDifferentLengthAreRefusedBeforeTheyAreSent(t *testing.T) {
	client, err := New("127.0.0.1:1") // nobody listens there, and nobody is asked
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Predict(t.Context(), "churn", [][]float64{{1, 2}, {3}})

	if !errors.Is(err, ErrInvalidArgument) || !strings.Contains(err.Error(), "row 1 has 1 values and row 0 has 2") {
		t.Fatalf("got %v", err)
	}
}

func TestATensorThatLiesAboutItsShapeIsRefused(t *testing.T) {
	f64, i64, unknown := wire.DType_F64, wire.DType_I64, wire.DType(77)
	for name, tensor := range map[string]*wire.Tensor{
		"too long":     {Dtype: &f64, Shape: []int64{1}, Data: make([]byte, 16)},
		"too short":    {Dtype: &f64, Shape: []int64{3}, Data: make([]byte, 16)},
		"negative":     {Dtype: &f64, Shape: []int64{-1}, Data: make([]byte, 8)},
		"overflowing":  {Dtype: &f64, Shape: []int64{1 << 40, 1 << 40}, Data: make([]byte, 8)},
		"without type": {Shape: []int64{1}, Data: make([]byte, 8)},
		"unknown type": {Dtype: &unknown, Shape: []int64{1}, Data: make([]byte, 8)},
		"another type": {Dtype: &i64, Shape: []int64{1}, Data: make([]byte, 8)},
	} {
		if values, err := floatsOf(tensor); !errors.Is(err, ErrProtocol) {
			t.Errorf("%s: got %v and %v", name, values, err)
		}
	}
}

func TestNarrowNumbersAreWidened(t *testing.T) {
	f32, i32 := wire.DType_F32, wire.DType_I32

	floats, floatErr := floatsOf(&wire.Tensor{Dtype: &f32, Shape: []int64{1}, Data: []byte{0, 0, 192, 63}})
	integers, integerErr := integersOf(&wire.Tensor{Dtype: &i32, Shape: []int64{1}, Data: []byte{255, 255, 255, 255}})

	if floatErr != nil || integerErr != nil || floats[0] != 1.5 || integers[0] != -1 {
		t.Errorf("got %v %v, %v %v", floats, floatErr, integers, integerErr)
	}
}

func TestTextWithWrongOffsetsIsRefused(t *testing.T) {
	for name, offsets := range map[string][]byte{
		"none":     nil,
		"odd":      {0, 0, 0, 0, 1},
		"backward": {0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0},
		"beyond":   {0, 0, 0, 0, 9, 0, 0, 0},
	} {
		_, err := columnFrom(&wire.Column{TypeName: pointer("TEXT"), TextData: []byte("abc"), TextOffsets: offsets})
		if !errors.Is(err, ErrProtocol) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestTheFieldsOfAFileGiveAColumnItsType(t *testing.T) {
	table, err := ReadCSV(strings.NewReader("\uFEFFwhole,real,truth,text,huge,words\r\n" +
		"1,1,true,\"a, \"\"b\"\"\",9223372036854775808,nan\r\n" +
		"-2,,FALSE,,1,1\r\n" +
		"+3,.5e1,True,x,2,2\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []ColumnSchema{{"whole", IntegerColumn}, {"real", FloatColumn}, {"truth", BooleanColumn}, {"text", TextColumn},
		{"huge", FloatColumn}, {"words", TextColumn}}

	if !reflect.DeepEqual(table.Schema(), want) {
		t.Errorf("got %v", table.Schema())
	}
	row := []any{int64(-2), nil, false, nil, 1.0, "1"}
	for position, column := range table.Columns() {
		if column.Value(1) != row[position] {
			t.Errorf("row 1 of %q is %v", column.Name(), column.Value(1))
		}
	}
	if text, _ := table.Column("text"); text.Text(0) != `a, "b"` {
		t.Errorf("quotes were read as %q", text.Text(0))
	}
}

func TestWordsAreNoNumbersAndAColumnWithoutValuesIsOfWholeNumbers(t *testing.T) {
	for field, want := range map[string]ColumnType{
		"NaN": TextColumn, "inf": TextColumn, "-Infinity": TextColumn, "1e999": TextColumn, "0x10": TextColumn, "1_000": TextColumn,
		" 2": TextColumn, "2.": FloatColumn, "-.5E-1": FloatColumn, "+2": IntegerColumn, "": IntegerColumn,
	} {
		table, err := ReadCSV(strings.NewReader("field,row\n" + field + ",1\n"))
		if err != nil {
			t.Fatal(err)
		}
		if got := table.Columns()[0].Type(); got != want {
			t.Errorf("%q makes a column %s, want %s", field, got, want)
		}
	}
}

func TestAFileThatIsNoTableIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"empty":        "",
		"ragged":       "a,b\n1\n",
		"open quote":   "a\n\"1\n",
		"a name twice": "a,a\n1,2\n",
	} {
		if _, err := ReadCSV(strings.NewReader(text)); !errors.Is(err, ErrInvalidArgument) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := LoadCSV("/no/such/file.csv"); !errors.Is(err, ErrInvalidArgument) {
		t.Errorf("no file: got %v", err)
	}
}

func TestPiecesHoldAllRowsInOrderAndKeepTheirSize(t *testing.T) {
	table := mixed(t) // a row of weight, age, member and city takes 21 bytes and the city's own
	var sizes, rows []int
	for piece, err := range table.piecesOf(45) {
		if err != nil {
			t.Fatal(err)
		}
		sizes, rows = append(sizes, piece.bytes()), append(rows, piece.Len())
	}

	if !reflect.DeepEqual(sizes, []int{28, 42}) || !reflect.DeepEqual(rows, []int{1, 2}) {
		t.Errorf("pieces of %v bytes and %v rows", sizes, rows)
	}
}
