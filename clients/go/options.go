package modelwire

import (
	"crypto/tls"
	"math"
	"time"
)

// Defaults of a client and of its calls.
const (
	// DefaultTimeout is how long a call may take, with all its tries.
	DefaultTimeout = 30 * time.Second
	// DefaultConnectTimeout is how long it may take to connect.
	DefaultConnectTimeout = time.Second
	// DefaultMaxConnections is how many connections a client keeps; more calls than that at once wait for one.
	DefaultMaxConnections = 8
	// DefaultMaxFrameBytes is the largest request and reply, as in every Thrift library.
	DefaultMaxFrameBytes = 16_384_000
)

// Option is a setting of a client. Every [CallOption] is one too: it then holds for each call that does not say otherwise.
type Option interface{ apply(*settings) }

// CallOption is a setting of one call.
type CallOption func(*callSettings)

type settings struct {
	connectTimeout time.Duration
	maxConnections int
	maxFrameBytes  int
	// tls is nil for connections without TLS.
	tls  *tls.Config
	call callSettings
}

type callSettings struct {
	timeout        time.Duration
	requestID      *string
	traceparent    *string
	token          *string
	priority       *int32
	idempotencyKey *string
	minGeneration  *int64
}

type clientOption func(*settings)

func (o clientOption) apply(settings *settings) { o(settings) }

func (o CallOption) apply(settings *settings) { o(&settings.call) }

func newSettings(options []Option) settings {
	chosen := settings{
		connectTimeout: DefaultConnectTimeout,
		maxConnections: DefaultMaxConnections,
		maxFrameBytes:  DefaultMaxFrameBytes,
		call:           callSettings{timeout: DefaultTimeout},
	}
	for _, option := range options {
		option.apply(&chosen)
	}
	return chosen
}

func (s settings) check() error {
	switch {
	case s.connectTimeout <= 0:
		return invalid("a connect time limit of %v; it must be above 0", s.connectTimeout)
	case s.maxConnections < 1:
		return invalid("%d connections; a client needs at least 1", s.maxConnections)
	case s.maxFrameBytes < 1 || s.maxFrameBytes > math.MaxInt32:
		return invalid("frames of at most %d bytes; the limit is 1 to %d", s.maxFrameBytes, math.MaxInt32)
	}
	return nil
}

// WithConnectTimeout limits the time to connect; [DefaultConnectTimeout] if absent.
func WithConnectTimeout(timeout time.Duration) Option {
	return clientOption(func(s *settings) { s.connectTimeout = timeout })
}

// WithMaxConnections limits the connections of a client; [DefaultMaxConnections] if absent.
func WithMaxConnections(connections int) Option {
	return clientOption(func(s *settings) { s.maxConnections = connections })
}

// WithMaxFrameBytes limits requests and replies, in bytes; [DefaultMaxFrameBytes] if absent. What the server takes is in
// [Client.Describe].
func WithMaxFrameBytes(bytes int) Option {
	return clientOption(func(s *settings) { s.maxFrameBytes = bytes })
}

// WithTLS makes connections speak TLS. The server's certificate has to be signed by an authority of RootCAs, or by one that the
// system trusts if that is nil; it has to name the host of the address, or ServerName if that is set. Certificates are what the
// client shows to a server that asks for one. A nil configuration is an empty one. InsecureSkipVerify is
// [ErrInvalidArgument]: pass the authority in RootCAs instead. Sessions are not resumed, since a client keeps its connections.
//
// A server that refuses the client's certificate is [ErrUnauthenticated], one whose certificate is not trusted
// [ErrUnavailable], with what to do about it.
func WithTLS(config *tls.Config) Option {
	if config == nil {
		config = new(tls.Config)
	}
	return clientOption(func(s *settings) { s.tls = config })
}

// WithTimeout limits how long a call may take, with all its tries; [DefaultTimeout] if absent. A context that ends sooner
// ends the call sooner.
func WithTimeout(timeout time.Duration) CallOption {
	return func(c *callSettings) { c.timeout = timeout }
}

// WithToken says who calls; an empty text says nothing. Without [WithTLS] a token can be read on its way. It appears in no
// error and nowhere else but in the calls.
func WithToken(token string) CallOption {
	return func(c *callSettings) { c.token = absentIf(token == "", token) }
}

// WithRequestID names the call, in at most 128 characters; the name comes back in errors and stands in the server's log.
func WithRequestID(id string) CallOption {
	return func(c *callSettings) { c.requestID = &id }
}

// WithTraceparent passes a W3C trace context on.
func WithTraceparent(traceparent string) CallOption {
	return func(c *callSettings) { c.traceparent = &traceparent }
}

// WithPriority lets calls of a higher priority go first; 0 if absent.
func WithPriority(priority int32) CallOption {
	return func(c *callSettings) { c.priority = &priority }
}

// WithIdempotencyKey lets the server recognise a call that it has seen, by at most 128 characters. [Client.Train] with a
// repeated key answers the job that the first call started. [Client.Upload] of the same rows goes on with the first upload, as
// long as that is not complete; then it fails with [ErrFailedPrecondition]. If absent, only the tries of one call have a key
// in common.
func WithIdempotencyKey(key string) CallOption {
	return func(c *callSettings) { c.idempotencyKey = &key }
}

// WithMinGeneration refuses an answer of a server that has not yet seen this generation of an alias.
func WithMinGeneration(generation int64) CallOption {
	return func(c *callSettings) { c.minGeneration = &generation }
}
