package modelwire

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// TestMain skips, by name, what needs a server when there is none.
func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv("MODELWIRE_ADDRESS") == "" && flag.Lookup("test.skip").Value.String() == "" {
		fmt.Fprintln(os.Stderr, "skipping Example: it needs a server; set MODELWIRE_ADDRESS, for example to 127.0.0.1:9090")
		if err := flag.Set("test.skip", "^Example"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
