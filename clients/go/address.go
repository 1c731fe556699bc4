package modelwire

import (
	"cmp"
	"net"
	"strings"
)

// unixPrefix stands before the path of a socket in the file system.
const unixPrefix = "unix:"

// address is where a server listens.
type address struct {
	// text is what the caller wrote.
	text string
	// network and place are what the package net dials.
	network, place string
	// host is what the server's certificate has to name; empty for a socket in the file system.
	host string
}

// addressOf reads "host:port" or "unix:/path".
func addressOf(text string) (address, error) {
	if path, isUnix := strings.CutPrefix(text, unixPrefix); isUnix {
		if path == "" {
			return address{}, invalid("%q is no address: it has no path; one of a socket in the file system is \"unix:/path\"", text)
		}
		return address{text: text, network: "unix", place: path}, nil
	}
	host, _, err := net.SplitHostPort(text)
	if err != nil {
		return address{}, invalid("%q is no address: %v; an address is \"host:port\" or \"unix:/path\"", text, err)
	}
	return address{text: text, network: "tcp", place: text, host: cmp.Or(host, "localhost")}, nil
}
