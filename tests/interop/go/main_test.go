package main

import (
	"strings"
	"testing"
)

func TestWhatTheLibraryCannotDoIsRefusedByNameWithTheReason(t *testing.T) {
	refused := map[string]string{
		"--transport theader --protocol json":       "no JSON over theader: the header says by a number",
		"--transport theader-zlib --protocol json":  "no JSON over theader-zlib",
		"--ca ca.pem --address unix:/run/m.sock":    "no TLS on a Unix socket",
		"--transport ttheader --protocol compact":   "TTHeader carries binary",
		"--transport pigeon":                        `no transport "pigeon"; there are framed, unframed, http, theader, theader-zlib`,
		"--protocol morse":                          `no protocol "morse"; there are binary, compact and json`,
		"--client telephone":                        `no client "telephone"`,
		"--client sdk --transport unframed":         "the sdk is theader and compact only",
		"--client sdk --protocol json":              "the sdk is theader and compact only",
		"--client sdk --multiplexed":                "the sdk is theader and compact only",
		"--client sdk --transport http":             "the sdk is theader and compact only",
		"--transport http --protocol json":          "",
		"--transport unframed --protocol json":      "",
		"--transport theader-zlib --multiplexed":    "",
		"--transport http --ca ca.pem":              "",
		"--transport http --address unix:/run/m":    "",
		"--client sdk":                              "",
		"--client sdk --transport theader --ca ca":  "",
		"--client sdk --ca ca --address unix:/m.so": "",
	}
	for flags, reason := range refused {
		_, err := parse(append([]string{"--scenarios", "x", "--client", "generated"}, strings.Fields(flags)...))

		if reason == "" && err != nil || reason != "" && (err == nil || !strings.Contains(err.Error(), reason)) {
			t.Errorf("%s: got %v", flags, err)
		}
	}
}
