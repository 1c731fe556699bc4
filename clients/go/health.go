package modelwire

import (
	"context"
	"time"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// Greeting is how a server introduces itself.
type Greeting struct {
	// Greeting is "Hello, World!"
	Greeting string
	// Server is "modelwire".
	Server string
	// Version is the server's, for example "0.1.0".
	Version string
	// Uptime is how long it has been running.
	Uptime time.Duration
	// Time is the server's clock, in UTC.
	Time time.Time
}

// Status is how a server is.
type Status struct {
	// Live: the process answers.
	Live bool
	// Ready: there is a model, every version on disk is loaded, and the server is not draining.
	Ready bool
	// Reason is why it is not ready.
	Reason string
	Models []ModelStatus
	// RowsInFlight wait for a prediction or are in one.
	RowsInFlight int64
	// JobsInFlight wait or run.
	JobsInFlight int64
}

// ModelStatus is how one version of a model is.
type ModelStatus struct {
	Name    string
	Version int64
	// Ready: it is loaded and answers.
	Ready bool
	// Reason is why it is not ready.
	Reason string
}

// Hello greets the server. An empty name is the World's; one of more than 256 characters is [ErrInvalidArgument].
func (c *Client) Hello(ctx context.Context, name string, options ...CallOption) (Greeting, error) {
	call := c.call(anyNumberOf, options)
	request := &wire.HelloRequest{Context: call.head, Name: absentIf(name == "", name)}
	reply, err := invoke(ctx, call, wire.NewHealthClient(call).Hello, request)
	if err != nil {
		return Greeting{}, err
	}
	return Greeting{
		Greeting: reply.GetGreeting(),
		Server:   reply.GetServer(),
		Version:  reply.GetVersion(),
		Uptime:   duration(reply.GetUptimeMs()),
		Time:     timeOf(reply.TimeMs),
	}, nil
}

// Status asks whether the server and each model are live and ready.
func (c *Client) Status(ctx context.Context, options ...CallOption) (Status, error) {
	call := c.call(anyNumberOf, options)
	reply, err := invoke(ctx, call, wire.NewHealthClient(call).Status, &wire.StatusRequest{Context: call.head})
	if err != nil {
		return Status{}, err
	}
	status := Status{
		Live:         reply.GetLive(),
		Ready:        reply.GetReady(),
		Reason:       reply.GetReason(),
		RowsInFlight: reply.GetRowsInFlight(),
		JobsInFlight: reply.GetJobsInFlight(),
	}
	for _, model := range reply.Models {
		status.Models = append(status.Models, ModelStatus{
			Name: model.GetName(), Version: model.GetVersion(), Ready: model.GetReady(), Reason: model.GetReason(),
		})
	}
	return status, nil
}

// Echo sends bytes there and back: for measuring latency and bandwidth.
func (c *Client) Echo(ctx context.Context, payload []byte, options ...CallOption) ([]byte, error) {
	call := c.call(anyNumberOf, options)
	request := &wire.EchoRequest{Context: call.head, Payload: payload}
	reply, err := invoke(ctx, call, wire.NewHealthClient(call).Echo, request)
	if err != nil {
		return nil, err
	}
	return reply.Payload, nil
}

// absentIf is a field of a request: nil, and so not sent, if it is not wanted.
func absentIf[T any](absent bool, value T) *T {
	if absent {
		return nil
	}
	return &value
}
