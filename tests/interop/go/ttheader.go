package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/cloudwego/gopkg/bufiox"
	"github.com/cloudwego/gopkg/protocol/ttheader"
)

// ttHeader sends each message behind a TTHeader, as a client of Kitex does: CloudWeGo's own codec writes and reads it, and
// the keys are those of Kitex. Framed, the message has its length before it as well, as it comes from volo.
type ttHeader struct {
	thrift.TTransport // the socket
	framed            bool
	out               bytes.Buffer
	from              *bufiox.DefaultReader
	in                *bytes.Reader
	seqID             int32
}

func newTTHeader(socket thrift.TTransport, framed bool) *ttHeader {
	return &ttHeader{TTransport: socket, framed: framed, from: bufiox.NewDefaultReader(socket), in: bytes.NewReader(nil)}
}

func (t *ttHeader) Write(bytes []byte) (int, error) { return t.out.Write(bytes) }

func (t *ttHeader) RemainingBytes() uint64 { return uint64(t.in.Len()) }

// Flush sends what was written, one message in strict binary.
func (t *ttHeader) Flush(ctx context.Context) error {
	message := bytes.Clone(t.out.Bytes())
	t.out.Reset()
	nameEnd := 8 + binary.BigEndian.Uint32(message[4:])
	t.seqID = int32(binary.BigEndian.Uint32(message[nameEnd:]))
	head, err := ttheader.EncodeToBytes(ctx, ttheader.EncodeParam{
		SeqID: t.seqID, ProtocolID: ttheader.ProtocolIDThriftBinary, IntInfo: t.keys(string(message[8:nameEnd])),
	})
	if err != nil {
		return err
	}
	if t.framed {
		head = binary.BigEndian.AppendUint32(head, uint32(len(message)))
	}
	frame := append(head, message...)
	binary.BigEndian.PutUint32(frame, uint32(len(frame)-4))
	if _, err := t.TTransport.Write(frame); err != nil {
		return err
	}
	return t.TTransport.Flush(ctx)
}

func (t *ttHeader) keys(method string) map[uint16]string {
	kind := "unframed"
	if t.framed {
		kind = "framed"
	}
	return map[uint16]string{
		ttheader.TransportType: kind, ttheader.FromService: "interop", ttheader.FromMethod: "-", ttheader.ToService: "modelwire",
		ttheader.ToMethod: method, ttheader.MsgType: strconv.Itoa(int(thrift.CALL)),
		ttheader.RPCTimeout: strconv.FormatInt(answerTime.Milliseconds(), 10),
	}
}

// Read takes from the message that is being read, or from the next one.
func (t *ttHeader) Read(into []byte) (int, error) {
	if t.in.Len() == 0 {
		if err := t.next(); err != nil {
			return 0, err
		}
	}
	return t.in.Read(into)
}

func (t *ttHeader) next() error {
	head, err := ttheader.Decode(context.Background(), t.from)
	if err != nil {
		return err
	}
	message := make([]byte, head.PayloadLen)
	if _, err := t.from.ReadBinary(message); err != nil {
		return err
	}
	if err := t.from.Release(nil); err != nil {
		return err
	}
	if head.SeqID != t.seqID || head.ProtocolID != ttheader.ProtocolIDThriftBinary {
		return fmt.Errorf("the reply has number %d and protocol %d, expected %d and 0", head.SeqID, head.ProtocolID, t.seqID)
	}
	if t.framed {
		if length := binary.BigEndian.Uint32(message); int(length) != len(message)-4 {
			return fmt.Errorf("a frame of %d bytes is in a payload of %d", length, len(message))
		}
		message = message[4:]
	}
	t.in = bytes.NewReader(message)
	return nil
}
