package modelwire

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/modelwire/modelwire/gen/go/wire"
)

// fromWire turns what a server threw into an Error; nil stays nil.
func fromWire(thrown *wire.ServiceError) *Error {
	if thrown == nil {
		return nil
	}
	failure := &Error{
		Code:       Code(thrown.GetCodeName()),
		Message:    thrown.GetMessage(),
		Hint:       thrown.GetHint(),
		RetryAfter: duration(thrown.GetRetryAfterMs()),
		RequestID:  thrown.GetRequestID(),
	}
	if failure.Code == "" {
		failure.Code = codeOfNumber(thrown.GetCode())
	}
	if thrown.IsSetExecuted() {
		failure.Execution = map[bool]Execution{false: NotExecuted, true: Executed}[thrown.GetExecuted()]
	}
	return failure
}

// codeOfNumber is for a server that sends a number without its name.
func codeOfNumber(number int32) Code {
	if name := wire.ErrorCode(number).String(); name != "<UNSET>" {
		return Code(name)
	}
	return Code(fmt.Sprintf("ERROR_CODE_%d", number))
}

// failureOf says why a call on a connection failed. The context is asked first: when it has ended, the connection was
// closed for that reason, whatever the socket says.
func failureOf(ctx context.Context, call *call, err error) *Error {
	failure, thrown := new(Error), new(wire.ServiceError)
	switch {
	case errors.As(err, &thrown):
		return fromWire(thrown)
	case errors.As(err, &failure):
		return failure
	case ctx.Err() != nil:
		failure = ended(ctx, call)
	case call.connection != nil && call.connection.frames.broken != nil:
		failure = lost(call.connection, err)
	default:
		return unreadable(call, err)
	}
	if call.connection == nil || !call.connection.frames.sent {
		failure.Execution = NotExecuted
	}
	return failure
}

// ended is the error of a call whose context was cancelled or whose time is up.
func ended(ctx context.Context, call *call) *Error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return &Error{Code: ErrCancelled, Message: call.method + " was cancelled by its context", cause: ctx.Err()}
	}
	allowed := max(0, call.allowed)
	if allowed > time.Millisecond {
		allowed = allowed.Round(time.Millisecond)
	}
	return &Error{
		Code:    ErrDeadlineExceeded,
		Message: fmt.Sprintf("%s was not answered in the %v that it had", call.method, allowed),
		Hint:    "allow it more time with modelwire.WithTimeout and the context's deadline, or send fewer rows",
		cause:   ctx.Err(),
	}
}

// lost is the error of a call whose connection broke.
func lost(connection *connection, err error) *Error {
	if refused := refusal(connection.frames.broken); refused != nil {
		return refused
	}
	hint := "see whether the server runs; its log says why it closed a connection"
	if connection.plain() && !connection.reused {
		hint += "; if it takes TLS only, use modelwire.WithTLS"
	}
	return &Error{
		Code:    ErrUnavailable,
		Message: fmt.Sprintf("the connection to %s was lost: %v", connection.address.text, connection.frames.broken),
		Hint:    hint,
		cause:   err,
		stale:   connection.reused,
	}
}

// unreadable is the error of a reply that is no answer to the call: a refusal by the protocol, or bytes that make no sense.
func unreadable(call *call, err error) *Error {
	failure := malformed("the reply to %s is not valid: %v", call.method, err)
	failure.cause = err
	var refusal thrift.TApplicationException
	switch {
	case !errors.As(err, &refusal):
	case refusal.TypeId() == thrift.UNKNOWN_METHOD:
		failure.Message = fmt.Sprintf("the server does not know %s: %v", call.method, err)
		failure.Hint = "its version may be older than this client's"
		failure.Execution = NotExecuted
	case refusal.TypeId() == thrift.PROTOCOL_ERROR:
		failure.Message = fmt.Sprintf("the server refused to read %s: %v", call.method, err)
		failure.Execution = NotExecuted
	}
	return failure
}
