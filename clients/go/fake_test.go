package modelwire

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/modelwire/modelwire/gen/go/wire"
)

// soon is more than any test needs; one that gets there has failed.
const soon = 10 * time.Second

// fake is a server on a port of its own that does to each connection what a test says.
type fake struct {
	address  string
	accepted atomic.Int64
}

func newFake(t *testing.T, serve func(net.Conn)) *fake {
	return newFakeOn(t, "tcp", "127.0.0.1:0", serve)
}

func newFakeOn(t *testing.T, network, place string, serve func(net.Conn)) *fake {
	t.Helper()
	listener, err := net.Listen(network, place)
	if err != nil {
		t.Fatal(err)
	}
	server := &fake{address: listener.Addr().String()}
	if network == "unix" {
		server.address = unixPrefix + server.address
	}
	var connections sync.WaitGroup
	stopped, stop := context.WithCancel(context.Background())
	connections.Go(func() {
		for {
			socket, err := listener.Accept()
			if err != nil {
				return
			}
			server.accepted.Add(1)
			context.AfterFunc(stopped, func() { _ = socket.Close() })
			connections.Go(func() {
				defer func() { _ = socket.Close() }()
				serve(socket)
			})
		}
	})
	t.Cleanup(func() {
		stop()
		_ = listener.Close()
		connections.Wait()
	})
	return server
}

// connect makes a client of the fake that is closed with the test.
func (f *fake) connect(t *testing.T, options ...Option) *Client {
	t.Helper()
	client, err := New(f.address, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// services are those that a test answers itself; calling another one closes the connection.
type services struct {
	health    wire.Health
	inference wire.Inference
	models    wire.Models
	training  wire.Training
	datasets  wire.Datasets
}

// answer serves a connection with the library's own header transport, compact protocol and generated processors.
func (s services) answer(socket net.Conn) { s.answerWith(socket, nil) }

// answerWith adds headers to each reply.
func (s services) answerWith(socket net.Conn, headers map[string]string) {
	processor := wire.NewHealthProcessor(s.health)
	for _, methods := range []map[string]thrift.TProcessorFunction{
		wire.NewInferenceProcessor(s.inference).ProcessorMap(),
		wire.NewModelsProcessor(s.models).ProcessorMap(),
		wire.NewTrainingProcessor(s.training).ProcessorMap(),
		wire.NewDatasetsProcessor(s.datasets).ProcessorMap(),
	} {
		for name, method := range methods {
			processor.AddToProcessorMap(name, method)
		}
	}
	limits := &thrift.TConfiguration{}
	protocol := thrift.NewTHeaderProtocolConf(thrift.NewTSocketFromConnConf(socket, limits), limits)
	for key, value := range headers {
		protocol.SetWriteHeader(key, value)
	}
	for {
		if _, err := processor.Process(context.Background(), protocol, protocol); err != nil {
			var thrown thrift.TException
			if thrown, _ = err.(thrift.TException); thrown == nil || thrown.TExceptionType() != thrift.TExceptionTypeCompiled {
				return
			}
		}
	}
}

// readFrame is the message of the next request, nil if there is none.
func readFrame(t *testing.T, source io.Reader) []byte {
	var length [lengthBytes]byte
	if _, err := io.ReadFull(source, length[:]); err != nil {
		return nil
	}
	frame := make([]byte, binary.BigEndian.Uint32(length[:]))
	if _, err := io.ReadFull(source, frame); err != nil {
		t.Errorf("a request was cut short: %v", err)
	}
	return frame[headBytes-lengthBytes:]
}

// greet answers each request as told: with a greeting under this name and this sequence number after the client's.
func greet(t *testing.T, name string, after int32) func(net.Conn) {
	return func(socket net.Conn) {
		source := bufio.NewReader(socket)
		for message := readFrame(t, source); message != nil; message = readFrame(t, source) {
			if _, err := socket.Write(greeting(t, message, name, after)); err != nil {
				return
			}
		}
	}
}

func greeting(t *testing.T, request []byte, name string, after int32) []byte {
	text := "Hello, World!"
	return replyTo(t, request, name, after, &wire.HealthHelloResult{Success: &wire.HelloResponse{Greeting: &text}})
}

// replyTo is a frame with a result under this name and this sequence number after the client's.
func replyTo(t *testing.T, request []byte, name string, after int32, result thrift.TStruct) []byte {
	ctx, memory := context.Background(), thrift.NewTMemoryBuffer()
	_, _ = memory.Write(request)
	_, _, number, err := thrift.NewTCompactProtocolConf(memory, nil).ReadMessageBegin(ctx)
	if err != nil {
		t.Errorf("a request cannot be read: %v", err)
	}
	reply := thrift.NewTMemoryBuffer()
	protocol := thrift.NewTCompactProtocolConf(reply, nil)
	_ = protocol.WriteMessageBegin(ctx, name, thrift.REPLY, number+after)
	_ = result.Write(ctx, protocol)
	_ = protocol.WriteMessageEnd(ctx)
	return framed(compactHeader, string(reply.Bytes()))
}

// framed is a frame with this header, which is a whole number of words, and this message.
func framed(header, message string) []byte {
	frame := binary.BigEndian.AppendUint32(nil, uint32(fixedBytes+len(header)+len(message)))
	frame = append(frame, 0x0f, 0xff, 0, 0, 0, 0, 0, 1)
	frame = binary.BigEndian.AppendUint16(frame, uint16(len(header)/wordBytes))
	return append(append(frame, header...), message...)
}

// thrown is a ServiceError.
func thrown(code wire.ErrorCode, message string) *wire.ServiceError {
	number, name := int32(code), code.String()
	return &wire.ServiceError{Code: &number, CodeName: &name, Message: &message}
}

func pointer[T any](value T) *T { return &value }
