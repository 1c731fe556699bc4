package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/apache/thrift/lib/go/thrift"
)

// transports are those of the Apache library and TTHeader, by their names in tests/interop/README.md.
var transports = []string{"framed", "unframed", "http", "theader", "theader-zlib", "ttheader", "ttheader-framed"}

var protocols = map[string]func(thrift.TTransport, *thrift.TConfiguration) thrift.TProtocol{
	"binary": func(over thrift.TTransport, limits *thrift.TConfiguration) thrift.TProtocol {
		return thrift.NewTBinaryProtocolConf(over, limits)
	},
	"compact": func(over thrift.TTransport, limits *thrift.TConfiguration) thrift.TProtocol {
		return thrift.NewTCompactProtocolConf(over, limits)
	},
	"json": func(over thrift.TTransport, _ *thrift.TConfiguration) thrift.TProtocol {
		return thrift.NewTJSONProtocol(over)
	},
}

// connected opens the transport and answers the protocol over it; THeader is both.
func connected(settings settings) (thrift.TTransport, thrift.TProtocol, error) {
	limits := &thrift.TConfiguration{ConnectTimeout: connectTime, SocketTimeout: answerTime}
	socket, err := socketTo(settings, limits)
	if err != nil {
		return nil, nil, err
	}
	var transport thrift.TTransport
	var protocol thrift.TProtocol
	switch settings.transport {
	case "framed":
		transport = thrift.NewTFramedTransportConf(socket, limits)
	case "http":
		if transport, err = httpTo(settings, limits); err != nil {
			return nil, nil, err
		}
	case "theader", "theader-zlib":
		transport, protocol = socket, headerOver(socket, settings, limits)
	case "ttheader", "ttheader-framed":
		transport = newTTHeader(socket, settings.transport == "ttheader-framed")
	default:
		transport = thrift.NewTBufferedTransport(socket, 4096)
	}
	if protocol == nil {
		protocol = protocols[settings.protocol](transport, limits)
	}
	return transport, protocol, transport.Open()
}

// socketTo is a plain socket, or one that speaks TLS and trusts the certificates of a file.
func socketTo(settings settings, limits *thrift.TConfiguration) (thrift.TTransport, error) {
	trusted, err := settings.trusted()
	if err != nil {
		return nil, err
	}
	if path := settings.unixPath(); path != "" {
		return thrift.NewTSocketFromAddrConf(&net.UnixAddr{Net: "unix", Name: path}, limits), nil
	}
	if trusted == nil {
		return thrift.NewTSocketConf(settings.address, limits), nil
	}
	limits.TLSConfig = trusted
	return thrift.NewTSSLSocketConf(settings.address, limits), nil
}

// unixPath is that of an address "unix:/path", empty for another one.
func (s settings) unixPath() string {
	path, isUnix := strings.CutPrefix(s.address, "unix:")
	if !isUnix {
		return ""
	}
	return path
}

// trusted is a configuration that trusts the certificates of a file and no others; nil without a file.
func (s settings) trusted() (*tls.Config, error) {
	if s.ca == "" {
		return nil, nil
	}
	text, err := os.ReadFile(s.ca)
	if err != nil {
		return nil, err
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s has no certificate", s.ca)
	}
	return &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}, nil
}

func httpTo(settings settings, limits *thrift.TConfiguration) (thrift.TTransport, error) {
	through := &http.Transport{TLSClientConfig: limits.TLSConfig}
	url := "http://" + settings.address + "/"
	if path := settings.unixPath(); path != "" {
		url = "http://localhost/"
		through.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}
	} else if settings.ca != "" {
		url = "https://" + settings.address + "/"
	}
	client := &http.Client{Timeout: answerTime, Transport: through}
	transport, err := thrift.NewTHttpClientWithOptions(url, thrift.THttpClientOptions{Client: client})
	if poster, ok := transport.(*thrift.THttpClient); ok && settings.token != "" {
		poster.SetHeader("Authorization", settings.bearer())
	}
	return transport, err
}

func headerOver(socket thrift.TTransport, settings settings, limits *thrift.TConfiguration) thrift.TProtocol {
	id := thrift.THeaderProtocolCompact
	if settings.protocol == "binary" {
		id = thrift.THeaderProtocolBinary
	}
	limits.THeaderProtocolID = thrift.THeaderProtocolIDPtrMust(id)
	if settings.transport == "theader-zlib" {
		limits.THeaderTransforms = []thrift.THeaderTransformID{thrift.TransformZlib}
	}
	return thrift.NewTHeaderProtocolConf(socket, limits)
}
