package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/modelwire/modelwire/gen/go/wire"
)

// tokens are those that a server saw in a call.
type tokens struct{ inContext, inHeader string }

// doorman greets and notes the tokens of calls.
type doorman struct {
	wire.Health
	seen *tokens
}

func (d doorman) Hello(_ context.Context, request *wire.HelloRequest) (*wire.HelloResponse, error) {
	d.seen.inContext = request.Context.GetToken()
	return &wire.HelloResponse{Greeting: pointer("Hello, World!")}, nil
}

func (d doorman) processor() thrift.TProcessor {
	processor := thrift.NewTMultiplexedProcessor()
	processor.RegisterProcessor("Health", wire.NewHealthProcessor(d))
	processor.RegisterDefault(wire.NewHealthProcessor(d))
	return processor
}

// spoken is what the server of these settings speaks on a transport.
func spoken(settings settings, transport thrift.TTransport) thrift.TProtocol {
	limits := &thrift.TConfiguration{}
	switch settings.transport {
	case "framed":
		transport = thrift.NewTFramedTransportConf(transport, limits)
	case "unframed":
		transport = thrift.NewTBufferedTransport(transport, 4096)
	case "theader", "theader-zlib":
		return headerOver(transport, settings, limits)
	}
	return protocols[settings.protocol](transport, limits)
}

// serve answers at a new address until the test ends.
func (d doorman) serve(t *testing.T, settings settings) (address string) {
	if settings.transport == "http" {
		speaking := factory(func(transport thrift.TTransport) thrift.TProtocol {
			return spoken(settings, transport)
		})
		thriftOverHTTP := thrift.NewThriftHandlerFunc(d.processor(), speaking, speaking)
		server := httptest.NewServer(http.HandlerFunc(func(reply http.ResponseWriter, request *http.Request) {
			d.seen.inHeader = request.Header.Get("Authorization")
			thriftOverHTTP(reply, request)
		}))
		t.Cleanup(server.Close)
		return server.Listener.Addr().String()
	}
	listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		socket, err := listener.Accept()
		if err != nil {
			return
		}
		protocol := spoken(settings, thrift.NewTSocketFromConnConf(socket, nil))
		for proceed := true; proceed; {
			if proceed, err = d.processor().Process(context.Background(), reading{protocol, d.seen}, protocol); err != nil {
				return
			}
		}
	}()
	return "unix:" + listener.Addr().String()
}

type factory func(thrift.TTransport) thrift.TProtocol

func (f factory) GetProtocol(transport thrift.TTransport) thrift.TProtocol { return f(transport) }

// reading notes the header of each message, before the call is answered.
type reading struct {
	thrift.TProtocol
	seen *tokens
}

func (r reading) ReadMessageBegin(ctx context.Context) (string, thrift.TMessageType, int32, error) {
	name, kind, number, err := r.TProtocol.ReadMessageBegin(ctx)
	if header, ok := r.TProtocol.(*thrift.THeaderProtocol); ok && err == nil {
		r.seen.inHeader = header.GetReadHeaders()["authorization"]
	}
	return name, kind, number, err
}

func TestATokenTravelsInHeadersWhereThereAreAny(t *testing.T) {
	for _, transport := range transports {
		for protocol := range protocols {
			for _, multiplexed := range []bool{false, true} {
				settings := settings{transport: transport, protocol: protocol, multiplexed: multiplexed, token: "secret"}
				if strings.HasPrefix(transport, "ttheader") || settings.checkWire() != nil {
					continue // the server here has no TTHeader
				}
				seen := new(tokens)
				settings.address = doorman{seen: seen}.serve(t, settings)
				client, err := connectGenerated(settings)
				if err != nil {
					t.Fatal(err)
				}

				for range 2 {
					*seen = tokens{}
					if _, err := client.hello(t.Context(), "World"); err != nil {
						t.Errorf("%s %s: %v", transport, protocol, err)
					}

					headers := transport != "framed" && transport != "unframed"
					if headers != (seen.inHeader == "Bearer secret") || headers != (seen.inContext == "") {
						t.Errorf("%s %s, multiplexed %v: seen %+v", transport, protocol, multiplexed, *seen)
					}
				}
				client.close()
			}
		}
	}
}
