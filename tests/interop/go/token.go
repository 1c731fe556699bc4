package main

import (
	"context"
	"strings"

	"github.com/apache/thrift/lib/go/thrift"
)

// bearer is the token as the header authorization says it: RFC 6750, section 2.1.
func (s settings) bearer() string { return "Bearer " + s.token }

// tokenInRequest is the token for a transport without headers: it travels in each request.
func (s settings) tokenInRequest() *string {
	if s.transport == "http" || strings.HasPrefix(s.transport, "theader") {
		return nil
	}
	return optional(s.token)
}

// clientOf calls the methods of a service by their bare names or by multiplexed ones, with the token where it is a header.
func clientOf(service string, protocol thrift.TProtocol, settings settings) thrift.TClient {
	out := protocol
	if settings.multiplexed {
		out = thrift.NewTMultiplexedProtocol(protocol, service)
	}
	client := thrift.NewTStandardClient(protocol, out)
	header, ok := protocol.(*thrift.THeaderProtocol)
	if !ok || settings.token == "" {
		return client
	}
	return authorized{client, header, settings.bearer()}
}

// authorized puts the token into the header of each call. The library writes the headers of the context and forgets others,
// if the protocol is not multiplexed; if it is, the other way round.
type authorized struct {
	thrift.TClient
	header *thrift.THeaderProtocol
	bearer string
}

func (a authorized) Call(ctx context.Context, method string, arguments, result thrift.TStruct) (thrift.ResponseMeta, error) {
	const key = "authorization"
	a.header.SetWriteHeader(key, a.bearer)
	ctx = thrift.SetWriteHeaderList(thrift.SetHeader(ctx, key, a.bearer), []string{key})
	return a.TClient.Call(ctx, method, arguments, result)
}
