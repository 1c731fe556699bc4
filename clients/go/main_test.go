package modelwire

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

// needed is, for each pattern of names, the variable without which these tests have no server, and what to set it to.
var needed = map[string][2]string{
	"Example":    {"MODELWIRE_ADDRESS", "a server's address, for example 127.0.0.1:9090"},
	"TestServer": {"MODELWIRE_BINARY", "the path of the program"},
}

// TestMain skips, by name, what needs a server when there is none.
func TestMain(m *testing.M) {
	flag.Parse()
	var skipped []string
	for tests, variable := range needed {
		if os.Getenv(variable[0]) == "" {
			fmt.Fprintf(os.Stderr, "skipping %s...: it needs a server; set %s to %s\n", tests, variable[0], variable[1])
			skipped = append(skipped, "^"+tests)
		}
	}
	if len(skipped) > 0 && flag.Lookup("test.skip").Value.String() == "" {
		if err := flag.Set("test.skip", strings.Join(skipped, "|")); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
