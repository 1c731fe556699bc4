package modelwire

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// health greets, and does what a test asks for besides.
type health struct {
	wire.Health
	hello func(*wire.HelloRequest) (*wire.HelloResponse, error)
}

func (h health) Hello(_ context.Context, request *wire.HelloRequest) (*wire.HelloResponse, error) {
	return h.hello(request)
}

func (h health) Echo(_ context.Context, request *wire.EchoRequest) (*wire.EchoResponse, error) {
	return &wire.EchoResponse{Payload: request.Payload}, nil
}

func greeter(hello func(*wire.HelloRequest) (*wire.HelloResponse, error)) func(net.Conn) {
	return services{health: health{hello: hello}}.answer
}

func silent(socket net.Conn) { _, _ = io.Copy(io.Discard, socket) }

func TestACallThatIsNotAnsweredInTimeEndsAtItsTimeLimit(t *testing.T) {
	client := newFake(t, silent).connect(t)

	_, err := client.Hello(t.Context(), "World", WithTimeout(30*time.Millisecond))

	if !errors.Is(err, ErrDeadlineExceeded) || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	if !strings.Contains(err.Error(), "hello was not answered in the 30ms") {
		t.Errorf("the message does not say what took how long: %v", err)
	}
}

func TestTheDeadlineOfTheContextEndsACallThatMayTakeLonger(t *testing.T) {
	client := newFake(t, silent).connect(t, WithTimeout(soon))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()

	_, err := client.Hello(ctx, "World")

	if !errors.Is(err, ErrDeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
}

func TestTheServerIsToldHowMuchTimeIsLeft(t *testing.T) {
	var told int64
	client := newFake(t, greeter(func(request *wire.HelloRequest) (*wire.HelloResponse, error) {
		told = request.Context.GetDeadlineMs()
		return &wire.HelloResponse{}, nil
	})).connect(t)

	if _, err := client.Hello(t.Context(), "World", WithTimeout(7*time.Second)); err != nil {
		t.Fatal(err)
	}

	if told < 6000 || told > 7000 {
		t.Errorf("told %d ms of 7000", told)
	}
}

func TestCancellingTheContextClosesTheConnectionInUse(t *testing.T) {
	asked, closed := make(chan struct{}), make(chan struct{})
	client := newFake(t, func(socket net.Conn) {
		readFrame(t, socket)
		close(asked)
		silent(socket)
		close(closed)
	}).connect(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()

	_, err := client.Hello(ctx, "World")

	if !errors.Is(err, ErrCancelled) || !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	<-closed
}

func TestAfterATimeOutTheNextCallConnectsAnew(t *testing.T) {
	var first atomic.Bool
	first.Store(true)
	server := newFake(t, func(socket net.Conn) {
		if first.Swap(false) {
			silent(socket)
			return
		}
		greet(t, "hello", 0)(socket)
	})
	client := server.connect(t)
	_, timedOut := client.Hello(t.Context(), "World", WithTimeout(30*time.Millisecond))

	_, err := client.Hello(t.Context(), "World")

	if !errors.Is(timedOut, ErrDeadlineExceeded) || err != nil {
		t.Fatalf("got %v, then %v", timedOut, err)
	}
	if accepted := server.accepted.Load(); accepted != 2 {
		t.Errorf("%d connections", accepted)
	}
}

func TestAReplyToAnotherCallIsRefusedAndItsConnectionDropped(t *testing.T) {
	replies := map[string]func(net.Conn){
		"another sequence number": greet(t, "hello", 1),
		"another name":            greet(t, "status", 0),
	}
	for name, reply := range replies {
		t.Run(name, func(t *testing.T) {
			server := newFake(t, reply)
			client := server.connect(t)

			for range 2 {
				if _, err := client.Hello(t.Context(), "World"); !errors.Is(err, ErrProtocol) {
					t.Fatalf("got %v", err)
				}
			}

			if accepted := server.accepted.Load(); accepted != 2 {
				t.Errorf("%d connections for 2 calls", accepted)
			}
		})
	}
}

func TestBytesThatAreNoReplyAreAProtocolError(t *testing.T) {
	replies := map[string][]byte{
		"an HTTP server":          []byte("HTTP/1.1 400 Bad Request\r\n\r\n"),
		"an empty frame":          {0, 0, 0, 0},
		"no Thrift":               {0, 0, 0, 4, 1, 2, 3, 4},
		"a frame without header":  []byte("\x00\x00\x00\x0a\x82\x41\x01\x05hello\x00"),
		"a header alone":          framed(compactHeader, ""),
		"a reply that is cut off": framed(compactHeader, "\x82\x41\x01\x05hello"),
		"a list without an end":   framed(compactHeader, "\x82\x41\x01\x05hello\x0c\x19\xfc\xff\xff\x7f"),
	}
	for name, reply := range replies {
		t.Run(name, func(t *testing.T) {
			client := newFake(t, func(socket net.Conn) {
				readFrame(t, socket)
				_, _ = socket.Write(reply)
				silent(socket)
			}).connect(t, WithTimeout(soon))

			_, err := client.Hello(t.Context(), "World")

			if !errors.Is(err, ErrProtocol) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestAConnectionThatEndsInTheMiddleOfAReplyIsUnavailable(t *testing.T) {
	client := newFake(t, func(socket net.Conn) {
		readFrame(t, socket)
		_, _ = socket.Write([]byte{0, 0, 0, 20, 0x82})
	}).connect(t)

	_, err := client.Hello(t.Context(), "World")

	failure := new(Error)
	if !errors.As(err, &failure) || failure.Code != ErrUnavailable || failure.Execution != ExecutionUnknown {
		t.Fatalf("got %#v", err)
	}
}

func TestNoServerIsUnavailableAndNothingWasRun(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()

	_, err = Dial(t.Context(), listener.Addr().String())

	failure := new(Error)
	if !errors.As(err, &failure) || failure.Code != ErrUnavailable || failure.Execution != NotExecuted {
		t.Fatalf("got %#v", err)
	}
}

func TestAConnectionThatTheServerClosedMeanwhileIsNotUsedAgain(t *testing.T) {
	server := newFake(t, func(socket net.Conn) {
		_, _ = socket.Write(greeting(t, readFrame(t, socket), "hello", 0))
	})
	client := server.connect(t)
	if _, err := client.Hello(t.Context(), "World"); err != nil {
		t.Fatal(err)
	}
	for idle := client.calls.idle[0]; quiet(idle.raw); {
		runtime.Gosched() // until the end of the connection has arrived
	}

	_, err := client.Hello(t.Context(), "World")

	if accepted := server.accepted.Load(); err != nil || accepted != 2 {
		t.Fatalf("%d connections and %v", accepted, err)
	}
}

func TestGoroutinesShareAClientAndAtMostItsConnections(t *testing.T) {
	server := newFake(t, greeter(nil))
	client := server.connect(t, WithMaxConnections(3))
	var callers sync.WaitGroup
	for caller := range byte(16) {
		callers.Go(func() {
			for call := range byte(20) {
				sent := []byte{caller, call}
				if got, err := client.Echo(t.Context(), sent); err != nil || string(got) != string(sent) {
					t.Errorf("sent %v, got %v and %v", sent, got, err)
				}
			}
		})
	}

	callers.Wait()

	if accepted := server.accepted.Load(); accepted > 3 {
		t.Errorf("%d connections", accepted)
	}
}

func TestACallWaitsForAConnectionNoLongerThanItsTimeLimit(t *testing.T) {
	asked := make(chan struct{})
	client := newFake(t, func(socket net.Conn) {
		readFrame(t, socket)
		close(asked)
		silent(socket)
	}).connect(t, WithMaxConnections(1))
	ctx, cancel := context.WithCancel(t.Context())
	var first sync.WaitGroup
	first.Go(func() { _, _ = client.Hello(ctx, "World") })
	<-asked

	_, err := client.Hello(t.Context(), "World", WithTimeout(30*time.Millisecond))

	failure := new(Error)
	if !errors.As(err, &failure) || failure.Code != ErrDeadlineExceeded || failure.Execution != NotExecuted {
		t.Errorf("got %#v", err)
	}
	cancel()
	first.Wait()
}

func TestClosingAClientEndsItsCalls(t *testing.T) {
	asked := make(chan struct{})
	client := newFake(t, func(socket net.Conn) {
		readFrame(t, bufio.NewReader(socket))
		close(asked)
		silent(socket)
	}).connect(t)
	go func() { <-asked; _ = client.Close() }()

	_, running := client.Hello(t.Context(), "World")
	_, later := client.Hello(t.Context(), "World")

	if !errors.Is(running, ErrUnavailable) || !errors.Is(later, ErrFailedPrecondition) {
		t.Errorf("got %v, then %v", running, later)
	}
}
