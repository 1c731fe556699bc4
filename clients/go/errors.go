package modelwire

import (
	"fmt"
	"time"
)

// Code says in one word what went wrong. It is an error itself, so that errors.Is(err, modelwire.ErrNotFound) works. A
// code that this client does not know keeps the name that the server gave it.
type Code string

// What can go wrong.
const (
	// ErrInvalidArgument: the request is wrong and stays wrong: a shape, a name, a value. The message says which.
	ErrInvalidArgument Code = "INVALID_ARGUMENT"
	// ErrNotFound: no such model, version, alias, job, data set or upload.
	ErrNotFound Code = "NOT_FOUND"
	// ErrAlreadyExists: the name is taken.
	ErrAlreadyExists Code = "ALREADY_EXISTS"
	// ErrFailedPrecondition: right request, wrong state; also a compare-and-swap that lost, and a client that was closed.
	ErrFailedPrecondition Code = "FAILED_PRECONDITION"
	// ErrOverloaded: a bound of the server is reached, and nothing was run.
	ErrOverloaded Code = "OVERLOADED"
	// ErrDeadlineExceeded: the time limit of the call or the deadline of its context passed.
	ErrDeadlineExceeded Code = "DEADLINE_EXCEEDED"
	// ErrCancelled: somebody cancelled the call or the job.
	ErrCancelled Code = "CANCELLED"
	// ErrUnauthenticated: the call needs a token, or the token is unknown.
	ErrUnauthenticated Code = "UNAUTHENTICATED"
	// ErrPermissionDenied: the token does not allow this.
	ErrPermissionDenied Code = "PERMISSION_DENIED"
	// ErrUnavailable: no server can be reached, the connection was lost, or the server cannot answer now.
	ErrUnavailable Code = "UNAVAILABLE"
	// ErrInternal: a fault of the server; its log has the detail under the request id.
	ErrInternal Code = "INTERNAL"
	// ErrProtocol: what came back is no valid reply.
	ErrProtocol Code = "PROTOCOL"
)

// Error is the code as text.
func (c Code) Error() string { return string(c) }

// Execution says whether a call that has ended in an error did its work.
type Execution int

// What is known about the work of a call.
const (
	// ExecutionUnknown: the work may or may not have been done.
	ExecutionUnknown Execution = iota
	// NotExecuted: nothing was run, sending the call again is safe.
	NotExecuted
	// Executed: the work was done.
	Executed
)

// Error is why a call or a job did not succeed. Every error of this package is one.
type Error struct {
	// Code is what to branch on; errors.Is(err, modelwire.ErrNotFound) compares it.
	Code Code
	// Message says what happened and what was expected, with the values.
	Message string
	// Hint says what to do about it. It may be empty.
	Hint string
	// Execution says whether the work was done.
	Execution Execution
	// RetryAfter is the time after which another try may succeed; 0 if the server did not say.
	RetryAfter time.Duration
	// RequestID names the call in the server's log. It may be empty.
	RequestID string

	// cause is what the network or the context said; nil for what a server answered.
	cause error
	// stale: the call met a connection that had been idle and turned out to be broken.
	stale bool
	// lasting: another try would end in the same way.
	lasting bool
}

// Error is the code, the message and the hint.
func (e *Error) Error() string {
	text := "modelwire: " + string(e.Code)
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return text
}

// Unwrap gives errors.Is the code and, where there is one, the error of the network or of the context.
func (e *Error) Unwrap() []error {
	if e.cause == nil {
		return []error{e.Code}
	}
	return []error{e.Code, e.cause}
}

// invalid refuses an argument before anything is sent.
func invalid(format string, values ...any) *Error {
	return &Error{Code: ErrInvalidArgument, Message: fmt.Sprintf(format, values...), Execution: NotExecuted}
}

// malformed refuses what a server sent. The work of the call may well have been done.
func malformed(format string, values ...any) *Error {
	return &Error{Code: ErrProtocol, Message: fmt.Sprintf(format, values...)}
}
