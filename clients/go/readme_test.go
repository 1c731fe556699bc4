package modelwire

import (
	"os"
	"strings"
	"testing"
)

func TestTheQuickStartOfTheReadmeIsTheExampleThatRuns(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(readme), "```go\n")
	code, _, _ := strings.Cut(after, "```")

	if !strings.Contains(string(example), code) || !strings.Contains(code, "func quickstart(") {
		t.Errorf("README.md shows other code than example_test.go:\n%s", code)
	}
}
