package modelwire

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/modelwire/modelwire/gen/go/wire"
)

const (
	maxTries = 3
	minPause = 10 * time.Millisecond
	maxPause = time.Second
)

// repeat says whether calling a method twice does what calling it once does.
type repeat bool

const (
	once        repeat = false
	anyNumberOf repeat = true
)

// call is one call with all its tries. It is the Thrift client that generated code speaks through, and lends it the
// connection of the current try.
type call struct {
	pool       *pool
	head       *wire.RequestContext
	timeout    time.Duration
	repeat     repeat
	method     string
	connection *connection
	// allowed is how long the call may take in all: its time limit or what the context leaves.
	allowed time.Duration
}

// Call is what generated code asks for.
func (c *call) Call(ctx context.Context, method string, arguments, result thrift.TStruct) (thrift.ResponseMeta, error) {
	c.method = method
	return c.connection.client.Call(ctx, method, arguments, result)
}

// invoke calls a method of a generated client whose Thrift client is this call. What was not executed is tried again, and
// so is a call that may be repeated if the connection had been idle and was broken; never past the deadline.
func invoke[Q, R any](ctx context.Context, call *call, method func(context.Context, Q) (R, error), request Q) (R, error) {
	ctx, cancel := context.WithTimeout(ctx, call.timeout)
	defer cancel()
	deadline, _ := ctx.Deadline()
	call.allowed = time.Until(deadline)
	for try := 1; ; try++ {
		reply, failure := attempt(ctx, call, method, request)
		if failure == nil {
			return reply, nil
		}
		pause := pauseAfter(try, failure)
		if try == maxTries || !call.mayRepeat(failure) || time.Until(deadline) <= pause {
			return reply, failure
		}
		rest(ctx, pause)
	}
}

// attempt is one try, on one connection.
func attempt[Q, R any](ctx context.Context, call *call, method func(context.Context, Q) (R, error), request Q) (R, *Error) {
	var reply R
	connection, err := call.pool.take(ctx)
	if err != nil {
		call.connection = nil
		return reply, failureOf(ctx, call, err)
	}
	call.connection = connection
	call.head.DeadlineMs = millisecondsLeft(ctx)
	unbind := connection.bind(ctx)
	reply, err = method(ctx, request)
	open := unbind()
	thrown := new(wire.ServiceError)
	answered := err == nil || errors.As(err, &thrown)
	call.pool.give(connection, open && answered && connection.frames.clean())
	if err != nil {
		return reply, failureOf(ctx, call, err)
	}
	return reply, nil
}

// millisecondsLeft is at least 1: a call whose time is up fails here and need not ask the server.
func millisecondsLeft(ctx context.Context) *int64 {
	deadline, _ := ctx.Deadline()
	left := max(1, time.Until(deadline).Milliseconds())
	return &left
}

func (c *call) mayRepeat(failure *Error) bool {
	refused := failure.Code == ErrOverloaded || failure.Code == ErrUnavailable
	return refused && failure.Execution == NotExecuted && !failure.lasting || failure.stale && c.repeat == anyNumberOf
}

// pauseAfter is a random time up to 10 ms, then twice that with each try (full jitter), or longer if the server said so.
func pauseAfter(try int, failure *Error) time.Duration {
	most := min(minPause<<(try-1), maxPause)
	return max(rand.N(most), failure.RetryAfter)
}

func rest(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
