package modelwire

import (
	"context"
	"time"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// Description is what a server can do.
type Description struct {
	// Version is the server's, for example "0.1.0".
	Version string
	// IDLHash is the SHA-256 of the interface that it speaks, in hex.
	IDLHash    string
	Limits     Limits
	Methods    []Method
	Algorithms []Algorithm
}

// Limits are those of a server that a client needs to know.
type Limits struct {
	// MaxFrameBytes is the largest request and reply.
	MaxFrameBytes int64
	// MaxElements is the largest sum of the elements of all containers of a message.
	MaxElements int64
	// MaxDepth is the deepest nesting of structs and containers.
	MaxDepth int32
	// MaxCallsInFlight is how many calls of one connection are worked on at once.
	MaxCallsInFlight int32
	// MaxBatchRows is how many rows are computed together.
	MaxBatchRows int64
	// MaxQueueRows is how many rows may wait or be computed at once; more is [ErrOverloaded].
	MaxQueueRows int64
	// MaxDeadline is the longest time that a call may take; a longer one is cut to it.
	MaxDeadline time.Duration
}

// Method is one that a server answers.
type Method struct {
	Name    string
	Service string
	// Role is the least one that may call it: public, reader, predictor, trainer, admin or worker.
	Role string
	// Idempotent: calling it twice does what calling it once does.
	Idempotent bool
}

// Algorithm is a step that a pipeline may have.
type Algorithm struct {
	Name string
	// Kind is "transformer", "regressor", "classifier", "clusterer", "outlier_detector" or "calibrator".
	Kind       string
	Summary    string
	Parameters []ParameterDescription
	// Transductive: it says something of the rows that it is trained on and of no others; see [Client.TrainingResult].
	Transductive bool
}

// ParameterDescription is a hyper-parameter of an algorithm.
type ParameterDescription struct {
	Name string
	// Type is "integer", "number", "flag", "text" or "integers".
	Type string
	// Default is what an absent parameter means: an int64, float64, bool, string or []int64; nil if there is no default.
	Default any
	// Range is in words, for example "greater than 0".
	Range   string
	Meaning string
}

// Describe asks for version, limits, methods, and the algorithms with their hyper-parameters.
func (c *Client) Describe(ctx context.Context, options ...CallOption) (Description, error) {
	call := c.call(anyNumberOf, options)
	reply, err := invoke(ctx, call, wire.NewHealthClient(call).Describe, &wire.DescribeRequest{Context: call.head})
	if err != nil {
		return Description{}, err
	}
	description := Description{Version: reply.GetVersion(), IDLHash: reply.GetIdlHash(), Limits: limitsFrom(reply.Limits)}
	for _, method := range reply.Methods {
		description.Methods = append(description.Methods, Method{
			Name: method.GetName(), Service: method.GetServiceName(), Role: method.GetRole(), Idempotent: method.GetIdempotent(),
		})
	}
	for _, algorithm := range reply.Algorithms {
		description.Algorithms = append(description.Algorithms, algorithmFrom(algorithm))
	}
	return description, nil
}

func limitsFrom(sent *wire.Limits) Limits {
	if sent == nil {
		return Limits{}
	}
	return Limits{
		MaxFrameBytes:    sent.GetMaxFrameBytes(),
		MaxElements:      sent.GetMaxElements(),
		MaxDepth:         sent.GetMaxDepth(),
		MaxCallsInFlight: sent.GetMaxCallsInFlight(),
		MaxBatchRows:     sent.GetMaxBatchRows(),
		MaxQueueRows:     sent.GetMaxQueueRows(),
		MaxDeadline:      duration(sent.GetMaxDeadlineMs()),
	}
}

func algorithmFrom(sent *wire.AlgorithmDescription) Algorithm {
	algorithm := Algorithm{
		Name: sent.GetName(), Kind: sent.GetKind(), Summary: sent.GetSummary(), Transductive: sent.GetTransductive(),
	}
	for _, parameter := range sent.Parameters {
		algorithm.Parameters = append(algorithm.Parameters, ParameterDescription{
			Name:    parameter.GetName(),
			Type:    parameter.GetTypeName(),
			Default: parameterFrom(parameter.DefaultValue),
			Range:   parameter.GetRange(),
			Meaning: parameter.GetMeaning(),
		})
	}
	return algorithm
}
