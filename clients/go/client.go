package modelwire

import (
	"context"
	"time"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// maxWatches is how many jobs a client watches at once; each takes a connection of its own for as long as a server may
// keep it waiting, so that it never holds up another call.
const maxWatches = 64

// Client calls one Modelwire server. Close it when you are done; reuse it, for it keeps its connections; goroutines may
// share it.
type Client struct {
	settings settings
	calls    *pool
	watches  *pool
	// absence is how long a server may be away from a watcher.
	absence time.Duration
}

// New makes a client of the server at an address, "host:port" or "unix:/path" for a socket in the file system. It connects
// when a call needs it.
func New(address string, options ...Option) (*Client, error) {
	settings := newSettings(options)
	if err := settings.check(); err != nil {
		return nil, err
	}
	server, err := addressOf(address)
	if err != nil {
		return nil, err
	}
	if err := checkTLS(settings.tls, server); err != nil {
		return nil, err
	}
	settings.tls = secured(settings.tls, server)
	connect := func(ctx context.Context) (*connection, error) { return dial(ctx, server, settings) }
	return &Client{
		settings: settings,
		calls:    newPool(settings.maxConnections, connect),
		watches:  newPool(maxWatches, connect),
		absence:  longestAbsence,
	}, nil
}

// Dial is [New], and connects at once: an address where no server listens is an error here rather than in the first call.
func Dial(ctx context.Context, address string, options ...Option) (*Client, error) {
	client, err := New(address, options...)
	if err != nil {
		return nil, err
	}
	connection, err := client.calls.take(ctx)
	if err != nil {
		return nil, failureOf(ctx, &call{method: "Dial"}, err)
	}
	client.calls.give(connection, true)
	return client, nil
}

// Close closes all connections. Calls that run end with [ErrUnavailable], later ones with [ErrFailedPrecondition].
func (c *Client) Close() error {
	c.calls.close()
	c.watches.close()
	return nil
}

// call prepares a call with the client's settings and its own.
func (c *Client) call(repeat repeat, options []CallOption) *call {
	chosen := c.settings.call
	for _, option := range options {
		option(&chosen)
	}
	return &call{
		pool:    c.calls,
		method:  "the call", // until generated code names it
		timeout: chosen.timeout,
		repeat:  repeat,
		head: &wire.RequestContext{
			RequestID:      chosen.requestID,
			Traceparent:    chosen.traceparent,
			Token:          chosen.token,
			Priority:       chosen.priority,
			IdempotencyKey: chosen.idempotencyKey,
			MinGeneration:  chosen.minGeneration,
		},
	}
}
