package modelwire

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
)

// keptBytes is the most that a connection holds on to between calls; one large request shall not occupy memory for good.
const keptBytes = 1 << 20

// frames is a Thrift transport of messages in frames with headers. It knows whether a request was sent, never reads past the
// frame of a reply, and sends header and message in one write.
type frames struct {
	socket net.Conn
	source *bufio.Reader
	limit  int
	// request starts with room for its head.
	request bytes.Buffer
	reply   bytes.Buffer
	// arrived: the frame of the reply was read.
	arrived bool
	// sent: the request was written to the last byte, so that the server may have run it.
	sent bool
	// draining: the server has said that it wants no more calls here.
	draining bool
	// broken is what the socket said when it failed.
	broken error
}

func newFrames(socket net.Conn, limit int) *frames {
	return &frames{socket: socket, source: bufio.NewReader(socket), limit: limit}
}

// begin forgets the call before and makes room for the head of the next request.
func (f *frames) begin() {
	f.sent, f.arrived = false, false
	for _, buffer := range []*bytes.Buffer{&f.request, &f.reply} {
		buffer.Reset()
		if buffer.Cap() > keptBytes {
			*buffer = bytes.Buffer{}
		}
	}
	f.request.Write(make([]byte, headBytes))
}

func (f *frames) Write(bytes []byte) (int, error)      { return f.request.Write(bytes) }
func (f *frames) WriteByte(c byte) error               { return f.request.WriteByte(c) }
func (f *frames) WriteString(text string) (int, error) { return f.request.WriteString(text) }

// Flush sends the request.
func (f *frames) Flush(context.Context) error {
	size := f.request.Len() - lengthBytes
	if size > f.limit {
		refused := invalid("the request takes %d bytes and the limit is %d", size, f.limit)
		refused.Hint = "send fewer rows in a call; Upload has no such limit"
		return refused
	}
	putHead(f.request.Bytes())
	if _, err := f.socket.Write(f.request.Bytes()); err != nil {
		f.broken = f.lastWords(err)
		return f.broken
	}
	f.sent = true
	return nil
}

// lastWords is what the peer said before it closed a connection under a request, if that is why; else the error of writing.
// It waits for nothing: a connection that cannot be written to has had its end.
func (f *frames) lastWords(err error) error {
	if _, said := f.source.Peek(1); refusal(said) != nil {
		return said
	}
	return err
}

func (f *frames) Read(into []byte) (int, error) {
	if err := f.arrive(); err != nil {
		return 0, err
	}
	if f.reply.Len() == 0 && len(into) > 0 {
		return 0, malformed("a reply ends in the middle of a value")
	}
	return f.reply.Read(into)
}

func (f *frames) ReadByte() (byte, error) {
	var one [1]byte
	_, err := io.ReadFull(f, one[:])
	return one[0], err
}

// arrive reads the frame of the reply, once.
func (f *frames) arrive() error {
	if f.arrived {
		return nil
	}
	var length [lengthBytes]byte
	if _, err := io.ReadFull(f.source, length[:]); err != nil {
		f.broken = err
		return err
	}
	size := binary.BigEndian.Uint32(length[:])
	if int64(size) > int64(f.limit) {
		return malformed("the reply starts with %q, a frame of %d bytes, and the limit is %d; is this the port of a Modelwire server?",
			length[:], size, f.limit)
	}
	// CopyN grows the buffer as bytes arrive: a length alone allocates nothing.
	if _, err := io.CopyN(&f.reply, f.source, int64(size)); err != nil {
		f.broken = err
		return err
	}
	f.arrived = true
	draining, err := cutHeader(&f.reply)
	f.draining = draining
	return err
}

// clean: nothing but the one reply has come, and the next call may follow it.
func (f *frames) clean() bool { return f.broken == nil && f.source.Buffered() == 0 && !f.draining }

func (f *frames) RemainingBytes() uint64 { return uint64(f.reply.Len()) }
func (f *frames) Open() error            { return nil }
func (f *frames) IsOpen() bool           { return f.broken == nil }
func (f *frames) Close() error           { return f.socket.Close() }
