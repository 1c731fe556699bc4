package main

import (
	"strings"
	"testing"
)

// checkRefusals holds the flags against the reasons to refuse them; an empty reason: they are fine.
func checkRefusals(t *testing.T, given string, reasons map[string]string) {
	t.Helper()
	for flags, reason := range reasons {
		_, err := parse(strings.Fields("--scenarios x " + given + " " + flags))

		if reason == "" && err != nil || reason != "" && (err == nil || !strings.Contains(err.Error(), reason)) {
			t.Errorf("%s: got %v", flags, err)
		}
	}
}

func TestWhatTheLibraryCannotDoIsRefusedByNameWithTheReason(t *testing.T) {
	checkRefusals(t, "--client generated --transport framed --protocol binary", map[string]string{
		"--transport theader --protocol json":      "no JSON over theader: the header says by a number",
		"--transport theader-zlib --protocol json": "no JSON over theader-zlib",
		"--ca ca.pem --address unix:/run/m.sock":   "no TLS on a Unix socket",
		"--transport ttheader --protocol compact":  "TTHeader carries binary",
		"--transport ttheader --multiplexed":       "TTHeader carries binary",
		"--transport pigeon":                       `no transport "pigeon"; there are framed, unframed, http, theader, theader-zlib`,
		"--protocol morse":                         `no protocol "morse"; there are binary, compact and json`,
		"--client telephone":                       `no client "telephone"`,
		"--transport http --protocol json":         "",
		"--transport unframed --protocol json":     "",
		"--transport theader-zlib --multiplexed":   "",
		"--transport http --ca ca.pem":             "",
		"--transport http --address unix:/run/m":   "",
	})
}

func TestTheSDKChoosesWhatItSpeaks(t *testing.T) {
	checkRefusals(t, "--client sdk", map[string]string{
		"--transport framed":     "the SDK chooses",
		"--protocol compact":     "the SDK chooses",
		"--multiplexed":          "the SDK chooses",
		"":                       "",
		"--ca ca":                "",
		"--address unix:/m.sock": "",
	})
}
