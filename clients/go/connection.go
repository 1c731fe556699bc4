package modelwire

import (
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
)

const (
	// maxIdle is below the five minutes after which a server closes a silent connection.
	maxIdle = 60 * time.Second
	// maxAge lets a server that is new behind an address get its share; give or take a fifth, so that the connections of a
	// client do not all end at once.
	maxAge = 5 * time.Minute
	// keepAlive is the time between the probes of a silent connection.
	keepAlive = 30 * time.Second
)

// connection carries one call at a time, in frames with headers and the compact protocol. The library's client numbers the
// calls and refuses a reply with another number or name.
type connection struct {
	address address
	// socket is what the frames go through; raw is the one of the system beneath TLS, or the same.
	socket  net.Conn
	raw     net.Conn
	frames  *frames
	client  *thrift.TStandardClient
	expires time.Time
	idle    time.Time
	// reused: calls before this one have had their answer here.
	reused bool
}

// dial connects within the time limit for it, TLS included.
func dial(ctx context.Context, address address, settings settings) (*connection, error) {
	limited, cancel := context.WithTimeout(ctx, settings.connectTimeout)
	defer cancel()
	raw, socket, err := open(limited, address, settings.tls)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, fmt.Errorf("connecting to %s: %w", address.text, ctx.Err())
	case err != nil:
		return nil, err
	}
	frames := newFrames(socket, settings.maxFrameBytes)
	// The library refuses a list or a string that claims to be longer than this before it allocates it.
	limits := &thrift.TConfiguration{MaxMessageSize: int32(settings.maxFrameBytes), MaxFrameSize: int32(settings.maxFrameBytes)}
	protocol := thrift.NewTCompactProtocolConf(frames, limits)
	age := time.Duration(float64(maxAge) * (0.8 + 0.4*rand.Float64()))
	return &connection{
		address: address,
		socket:  socket,
		raw:     raw,
		frames:  frames,
		client:  thrift.NewTStandardClient(protocol, protocol),
		expires: time.Now().Add(age),
	}, nil
}

// open answers the socket of the system and, if a configuration is given, TLS on it; the same socket twice if not.
func open(ctx context.Context, address address, config *tls.Config) (raw, socket net.Conn, err error) {
	dialer := net.Dialer{KeepAlive: keepAlive}
	raw, err = dialer.DialContext(ctx, address.network, address.place)
	if err != nil {
		return nil, nil, &Error{
			Code:      ErrUnavailable,
			Message:   fmt.Sprintf("no connection to %s: %v", address.text, err),
			Hint:      "see whether the server runs and the address is right",
			Execution: NotExecuted,
			cause:     err,
		}
	}
	if config == nil {
		return raw, raw, nil
	}
	secure := tls.Client(raw, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, nil, unsecured(address, config, err)
	}
	return raw, secure, nil
}

// plain: it does not speak TLS.
func (c *connection) plain() bool { return c.socket == c.raw }

// bind closes the connection when the context ends. The function that it answers unbinds them, and says whether the
// connection was left open.
func (c *connection) bind(ctx context.Context) (unbind func() bool) {
	c.frames.begin()
	return context.AfterFunc(ctx, func() { _ = c.raw.Close() }) // without a farewell, which could be kept waiting
}

// usable: it was not idle for too long, is not too old, and the server has not closed it meanwhile.
func (c *connection) usable(now time.Time) bool {
	return now.Sub(c.idle) < maxIdle && now.Before(c.expires) && quiet(c.raw)
}

func (c *connection) close() { _ = c.socket.Close() }
