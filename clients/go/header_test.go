package modelwire

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/modelwire/modelwire/gen/go/wire"
)

// pairs is a block of keys with their values in a header.
func pairs(texts ...string) string {
	block := []byte{keyValuesID, byte(len(texts) / 2)}
	for _, text := range texts {
		block = append(binary.AppendUvarint(block, uint64(len(text))), text...)
	}
	return string(block)
}

// padded is a header in the compact protocol, without transforms, made a whole number of words.
func padded(blocks string) string {
	header := compactHeader[:2] + blocks
	return header + strings.Repeat("\x00", -len(header)&(wordBytes-1))
}

func TestAHeaderIsCutOffAndSaysWhetherTheServerDrains(t *testing.T) {
	headers := map[string]struct {
		header   string
		draining bool
	}{
		"nothing":                 {padded(""), false},
		"draining":                {padded(pairs("x-draining", "1")), true},
		"not draining":            {padded(pairs("x-draining", "0")), false},
		"among others":            {padded(pairs("a", "", "x-draining", "1", "b", strings.Repeat("x", 300))), true},
		"in a second block":       {padded(pairs("a", "b") + pairs("x-draining", "1")), true},
		"after padding":           {padded("\x00" + pairs("x-draining", "1")), false},
		"after an unknown block":  {padded("\x63" + pairs("x-draining", "1")), false},
		"a whole word of padding": {padded(pairs("x-draining", "1")) + "\x00\x00\x00\x00", true},
		"no padding":              {padded(pairs("xyz", "123")), false},
	}
	for name, expected := range headers {
		t.Run(name, func(t *testing.T) {
			frame := bytes.NewBuffer(framed(expected.header, "message")[lengthBytes:])

			draining, err := cutHeader(frame)

			if err != nil || draining != expected.draining || frame.String() != "message" {
				t.Errorf("draining %v, %q is left, and %v", draining, frame, err)
			}
		})
	}
}

func TestAHeaderThatLiesIsRefusedWithoutTakingMemoryForItsNumbers(t *testing.T) {
	many := "\xff\xff\xff\xff\x0f"
	headers := map[string]string{
		"another protocol":         "\x00\x00\x00\x00",
		"a transform":              "\x02\x01\x01\x00",
		"4294967295 transforms":    "\x02" + many + "\x00\x00",
		"4294967295 pairs":         "\x02\x00\x01" + many,
		"a key behind the end":     "\x02\x00\x01\x01" + many + "\x00\x00\x00",
		"a value behind the end":   "\x02\x00\x01\x01\x01k\x05v",
		"a number of six bytes":    "\x02\x00\x81\x80\x80\x80\x80\x00",
		"a number above 32 bits":   "\x02\x00\xff\xff\xff\xff\x1f\x00",
		"a number that is cut off": "\x02\x00\x01\x80",
	}
	for name, header := range headers {
		t.Run(name, func(t *testing.T) {
			frame := framed(header, "message")[lengthBytes:]

			allocated := testing.AllocsPerRun(1, func() {
				if _, err := cutHeader(bytes.NewBuffer(frame)); err == nil {
					t.Error("it was taken")
				}
			})

			if allocated > 50 {
				t.Errorf("%v allocations", allocated)
			}
		})
	}
}

func TestAHeaderCutAnywhereIsRefused(t *testing.T) {
	frame := framed(padded(pairs("x-draining", "1")), "")[lengthBytes:]
	for size := range frame {
		if _, err := cutHeader(bytes.NewBuffer(frame[:size])); err == nil {
			t.Errorf("%d of %d bytes were taken", size, len(frame))
		}
	}
}

func FuzzHeaders(f *testing.F) {
	f.Add(framed(padded(pairs("x-draining", "1")), "message")[lengthBytes:])
	f.Fuzz(func(t *testing.T, frame []byte) {
		left := bytes.NewBuffer(frame)
		if _, err := cutHeader(left); err == nil && !bytes.HasSuffix(frame, left.Bytes()) {
			t.Errorf("%x is left", left)
		}
	})
}

func TestARequestIsWhatTheLibraryReads(t *testing.T) {
	frames := make(chan []byte, 2)
	client := newFake(t, func(socket net.Conn) {
		for range 2 {
			head := make([]byte, headBytes)
			_, _ = io.ReadFull(socket, head)
			message := make([]byte, binary.BigEndian.Uint32(head)+lengthBytes-uint32(headBytes))
			_, _ = io.ReadFull(socket, message)
			frames <- append(head, message...)
			_, _ = socket.Write(greeting(t, message, "hello", 0))
		}
	}).connect(t)
	for range 2 {
		if _, err := client.Hello(t.Context(), "World"); err != nil {
			t.Fatal(err)
		}
	}

	for number := int32(1); number <= 2; number++ {
		memory := thrift.NewTMemoryBuffer()
		_, _ = memory.Write(<-frames)
		transport := thrift.NewTHeaderTransportConf(memory, nil)
		protocol := thrift.NewTHeaderProtocolConf(transport, nil)
		name, kind, sequence, err := protocol.ReadMessageBegin(t.Context())

		if err != nil || name != "hello" || kind != thrift.CALL || sequence != number || transport.SequenceID != number ||
			transport.Protocol() != thrift.THeaderProtocolCompact || len(transport.GetReadHeaders()) != 0 {
			t.Errorf("%s %v %d, the header says %d, and %v", name, kind, sequence, transport.SequenceID, err)
		}
	}
}

func TestAServerThatDrainsAnswersAndTheNextCallGoesElsewhere(t *testing.T) {
	var connections atomic.Int64
	serving := services{health: health{hello: func(*wire.HelloRequest) (*wire.HelloResponse, error) {
		return &wire.HelloResponse{}, nil
	}}}
	server := newFake(t, func(socket net.Conn) {
		if connections.Add(1) == 1 {
			serving.answerWith(socket, map[string]string{"x-draining": "1"})
			return
		}
		serving.answer(socket)
	})
	client := server.connect(t)

	for range 3 {
		if _, err := client.Hello(t.Context(), "World"); err != nil {
			t.Fatal(err)
		}
	}

	if accepted := server.accepted.Load(); accepted != 2 {
		t.Errorf("%d connections for 3 calls, of which the first was answered by a server that drains", accepted)
	}
}
