package modelwire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/modelwire/modelwire/gen/go/wire"
)

// refusing answers the first calls with an error and the next ones with a greeting.
func refusing(calls *atomic.Int64, first int64, refusal *wire.ServiceError) func(net.Conn) {
	return greeter(func(*wire.HelloRequest) (*wire.HelloResponse, error) {
		if calls.Add(1) <= first {
			return nil, refusal
		}
		return &wire.HelloResponse{}, nil
	})
}

func TestAServiceErrorSaysAllThatTheServerSaid(t *testing.T) {
	refusal := thrown(wire.ErrorCode_INVALID_ARGUMENT, "a name of 300 characters")
	refusal.Hint, refusal.RequestID = pointer("use at most 256"), pointer("r-7")
	refusal.Executed, refusal.RetryAfterMs = pointer(false), pointer(int64(1500))
	client := newFake(t, refusing(new(atomic.Int64), 1, refusal)).connect(t)

	_, err := client.Hello(t.Context(), "World")

	failure := new(Error)
	if !errors.As(err, &failure) || !errors.Is(err, ErrInvalidArgument) || errors.Is(err, ErrNotFound) {
		t.Fatalf("got %v", err)
	}
	if failure.RequestID != "r-7" || failure.Execution != NotExecuted || failure.RetryAfter != 1500*time.Millisecond {
		t.Errorf("got %#v", failure)
	}
	if err.Error() != "modelwire: INVALID_ARGUMENT: a name of 300 characters; use at most 256" {
		t.Errorf("got %q", err)
	}
}

func TestACodeThatTheClientDoesNotKnowKeepsItsName(t *testing.T) {
	refusal := &wire.ServiceError{Code: pointer(int32(99)), CodeName: pointer("QUOTA_EXCEEDED")}
	client := newFake(t, refusing(new(atomic.Int64), 1, refusal)).connect(t)

	_, err := client.Hello(t.Context(), "World")

	if !errors.Is(err, Code("QUOTA_EXCEEDED")) {
		t.Fatalf("got %v", err)
	}
}

func TestANumberWithoutANameIsACodeToo(t *testing.T) {
	for number, want := range map[int32]Code{2: ErrNotFound, 99: "ERROR_CODE_99"} {
		if got := fromWire(&wire.ServiceError{Code: &number}).Code; got != want {
			t.Errorf("%d is %s", number, got)
		}
	}
}

func TestAServiceErrorLeavesTheConnectionUsable(t *testing.T) {
	var calls atomic.Int64
	server := newFake(t, refusing(&calls, 1, thrown(wire.ErrorCode_NOT_FOUND, "nobody")))
	client := server.connect(t)
	_, refused := client.Hello(t.Context(), "World")

	_, err := client.Hello(t.Context(), "World")

	if !errors.Is(refused, ErrNotFound) || err != nil || server.accepted.Load() != 1 {
		t.Fatalf("got %v, then %v on %d connections", refused, err, server.accepted.Load())
	}
}

func TestWhatWasNotExecutedIsTriedAgain(t *testing.T) {
	for _, code := range []wire.ErrorCode{wire.ErrorCode_OVERLOADED, wire.ErrorCode_UNAVAILABLE} {
		var calls atomic.Int64
		refusal := thrown(code, "not now")
		refusal.Executed = pointer(false)
		client := newFake(t, refusing(&calls, 2, refusal)).connect(t)

		_, err := client.Hello(t.Context(), "World")

		if err != nil || calls.Load() != 3 {
			t.Errorf("%v: %d calls and %v", code, calls.Load(), err)
		}
	}
}

func TestACallHasThreeTries(t *testing.T) {
	var calls atomic.Int64
	refusal := thrown(wire.ErrorCode_OVERLOADED, "not now")
	refusal.Executed = pointer(false)
	client := newFake(t, refusing(&calls, 100, refusal)).connect(t)

	_, err := client.Hello(t.Context(), "World")

	if !errors.Is(err, ErrOverloaded) || calls.Load() != 3 {
		t.Errorf("%d calls and %v", calls.Load(), err)
	}
}

func TestWhatMayHaveBeenExecutedIsNotTriedAgain(t *testing.T) {
	for name, executed := range map[string]*bool{"executed": pointer(true), "not known": nil} {
		var calls atomic.Int64
		refusal := thrown(wire.ErrorCode_UNAVAILABLE, "lost a part")
		refusal.Executed = executed
		client := newFake(t, refusing(&calls, 100, refusal)).connect(t)

		_, err := client.Hello(t.Context(), "World")

		if !errors.Is(err, ErrUnavailable) || calls.Load() != 1 {
			t.Errorf("%s: %d calls and %v", name, calls.Load(), err)
		}
	}
}

func TestATryThatWouldComeAfterTheDeadlineIsNotWaitedFor(t *testing.T) {
	var calls atomic.Int64
	refusal := thrown(wire.ErrorCode_OVERLOADED, "not now")
	refusal.Executed, refusal.RetryAfterMs = pointer(false), pointer(time.Hour.Milliseconds())
	client := newFake(t, refusing(&calls, 100, refusal)).connect(t)
	started := time.Now()

	_, err := client.Hello(t.Context(), "World")

	if !errors.Is(err, ErrOverloaded) || calls.Load() != 1 || time.Since(started) > soon {
		t.Errorf("%d calls and %v after %v", calls.Load(), err, time.Since(started))
	}
}

func TestThePauseGrowsAndNeverUndercutsTheServer(t *testing.T) {
	for try := 1; try < maxTries; try++ {
		most := minPause << (try - 1)
		if pause := pauseAfter(try, &Error{}); pause < 0 || pause >= most {
			t.Errorf("a pause of %v after try %d", pause, try)
		}
	}
	if pause := pauseAfter(1, &Error{RetryAfter: time.Second}); pause != time.Second {
		t.Errorf("a pause of %v where the server said 1s", pause)
	}
}

// fickle answers one greeting on each of its connections; then it takes a request and hangs up.
func fickle(t *testing.T, requests *atomic.Int64) func(net.Conn) {
	return func(socket net.Conn) {
		requests.Add(1)
		_, _ = socket.Write(greeting(t, readFrame(t, socket), "hello", 0))
		if readFrame(t, socket) != nil {
			requests.Add(1)
		}
	}
}

func TestARepeatableCallSurvivesAReusedConnectionThatBreaks(t *testing.T) {
	var requests atomic.Int64
	client := newFake(t, fickle(t, &requests)).connect(t)

	for range 2 {
		if _, err := client.Hello(t.Context(), "World"); err != nil {
			t.Fatal(err)
		}
	}

	if requests.Load() != 3 {
		t.Errorf("%d requests for 2 calls of which one met a broken connection", requests.Load())
	}
}

func TestACallThatMayNotBeRepeatedFailsOnAConnectionThatBreaks(t *testing.T) {
	var requests atomic.Int64
	client := newFake(t, fickle(t, &requests)).connect(t)
	if _, err := client.Hello(t.Context(), "World"); err != nil {
		t.Fatal(err)
	}

	_, err := client.SetAlias(t.Context(), "churn", "canary", 2)

	if !errors.Is(err, ErrUnavailable) || requests.Load() != 2 {
		t.Errorf("%d requests and %v", requests.Load(), err)
	}
}

func TestATrainingWhoseConnectionBreaksIsRepeatedUnderTheSameKey(t *testing.T) {
	for _, key := range []string{"", "my-key"} {
		keys := make(chan string, 2)
		var connections atomic.Int64
		client := newFake(t, func(socket net.Conn) {
			if connections.Add(1) == 1 {
				_, _ = socket.Write(greeting(t, readFrame(t, socket), "hello", 0))
				keys <- trainingKey(t, readFrame(t, socket))
				return // hangs up on the training
			}
			request := readFrame(t, socket)
			keys <- trainingKey(t, request)
			started := &wire.TrainResponse{Job: &wire.Job{ID: pointer("j1")}}
			_, _ = socket.Write(replyTo(t, request, "train", 0, &wire.TrainingTrainResult{Success: started}))
		}).connect(t)
		_, _ = client.Hello(t.Context(), "World")
		var options []CallOption
		if key != "" {
			options = append(options, WithIdempotencyKey(key))
		}

		job, err := client.Train(t.Context(), "wine", arrays(), options...)

		if err != nil || job.ID != "j1" {
			t.Fatalf("got %v and %v", job, err)
		}
		if first, second := <-keys, <-keys; first == "" || first != second || key != "" && first != key {
			t.Errorf("keys %q and %q where the caller gave %q", first, second, key)
		}
	}
}

// trainingKey is the idempotency key of a call of train.
func trainingKey(t *testing.T, message []byte) string {
	ctx, memory := t.Context(), thrift.NewTMemoryBuffer()
	_, _ = memory.Write(message)
	protocol := thrift.NewTCompactProtocolConf(memory, nil)
	_, _, _, _ = protocol.ReadMessageBegin(ctx)
	arguments := wire.NewTrainingTrainArgs()
	if err := arguments.Read(ctx, protocol); err != nil {
		t.Errorf("a training cannot be read: %v", err)
		return ""
	}
	return arguments.Request.Context.GetIdempotencyKey()
}

func TestAMethodThatTheServerDoesNotKnowSaysSo(t *testing.T) {
	server := newFake(t, greeter(nil))
	client := server.connect(t)
	call := client.call(once, nil)

	_, err := invoke(t.Context(), call, func(ctx context.Context, _ int) (int, error) {
		_, err := call.Call(ctx, "levitate", &wire.HealthHelloArgs{}, &wire.HealthHelloResult{})
		return 0, err
	}, 0)

	failure := new(Error)
	if !errors.As(err, &failure) || failure.Code != ErrProtocol || failure.Execution != NotExecuted ||
		!strings.Contains(err.Error(), "does not know levitate") {
		t.Errorf("got %v", err)
	}
}

func TestARequestAboveTheLimitIsNotSent(t *testing.T) {
	server := newFake(t, greeter(nil))
	client := server.connect(t, WithMaxFrameBytes(1000))

	_, err := client.Echo(t.Context(), make([]byte, 1000))

	if !errors.Is(err, ErrInvalidArgument) || !strings.Contains(err.Error(), "the limit is 1000") {
		t.Fatalf("got %v", err)
	}
}

func TestATokenIsInNoTextOfAClientOrAnError(t *testing.T) {
	refusal := thrown(wire.ErrorCode_PERMISSION_DENIED, "this token may not")
	client := newFake(t, refusing(new(atomic.Int64), 1, refusal)).connect(t, WithToken("secret"))

	_, err := client.Hello(t.Context(), "World")

	if !errors.Is(err, ErrPermissionDenied) {
		t.Fatalf("got %v", err)
	}
	for _, value := range []any{client, client.settings, client.call(once, nil), err} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if strings.Contains(fmt.Sprintf(verb, value), "secret") {
				t.Errorf("%s of a %T has the token", verb, value)
			}
		}
	}
}

func TestAnEmptyTokenIsNotSent(t *testing.T) {
	var sent *wire.RequestContext
	client := newFake(t, greeter(func(request *wire.HelloRequest) (*wire.HelloResponse, error) {
		sent = request.Context
		return &wire.HelloResponse{}, nil
	})).connect(t, WithToken("secret"))

	if _, err := client.Hello(t.Context(), "World", WithToken("")); err != nil || sent.IsSetToken() {
		t.Errorf("sent %v, and %v", sent, err)
	}
}

func TestTheContextOfACallCarriesItsOptions(t *testing.T) {
	var sent *wire.RequestContext
	client := newFake(t, greeter(func(request *wire.HelloRequest) (*wire.HelloResponse, error) {
		sent = request.Context
		return &wire.HelloResponse{}, nil
	})).connect(t, WithToken("secret"), WithPriority(1))

	_, err := client.Hello(t.Context(), "World", WithPriority(2), WithRequestID("r"), WithTraceparent("t"),
		WithIdempotencyKey("k"), WithMinGeneration(3))

	if err != nil {
		t.Fatal(err)
	}
	if sent.GetToken() != "secret" || sent.GetPriority() != 2 || sent.GetRequestID() != "r" || sent.GetTraceparent() != "t" ||
		sent.GetIdempotencyKey() != "k" || sent.GetMinGeneration() != 3 {
		t.Errorf("sent %v", sent)
	}
}
