package modelwire

import (
	"bytes"
	"encoding/binary"
	"math"
)

// Messages travel in the framing THeader of Thrift: between the length of a frame and its message stands a header, by which
// a server that is about to stop says so in a reply.
// https://github.com/apache/thrift/blob/master/doc/specs/HeaderFormat.md
//
// The library has a transport for it, which takes memory by numbers that a reply states: 22 bytes are enough for gigabytes.
const (
	// lengthBytes are those of the length of a frame, which does not count itself.
	lengthBytes = 4
	// fixedBytes are those of the magic number, the flags, the number of the call and the size of what follows in words.
	fixedBytes = 10
	// compactHeader says: compact protocol, no transforms, nothing else; and is padded to a whole word.
	compactHeader = "\x02\x00\x00\x00"
	// headBytes are those before the message of a request.
	headBytes = lengthBytes + fixedBytes + len(compactHeader)

	headerMagic   = 0x0fff
	wordBytes     = 4
	compactID     = 2
	keyValuesID   = 1
	maxVarintSize = 5
)

// putHead fills in the bytes before the message of a request. The header repeats the number of the call, which in the compact
// protocol comes after the two bytes of version and type.
func putHead(frame []byte) {
	number, _ := binary.Uvarint(frame[headBytes+2:])
	head := binary.BigEndian.AppendUint32(frame[:0], uint32(len(frame)-lengthBytes))
	head = binary.BigEndian.AppendUint16(head, headerMagic)
	head = binary.BigEndian.AppendUint16(head, 0)
	head = binary.BigEndian.AppendUint32(head, uint32(number))
	head = binary.BigEndian.AppendUint16(head, uint16(len(compactHeader)/wordBytes))
	_ = append(head, compactHeader...)
}

// cutHeader takes the header off the frame of a reply, and answers whether the server wants no more calls on the connection.
func cutHeader(frame *bytes.Buffer) (draining bool, err error) {
	fixed := frame.Next(fixedBytes)
	if len(fixed) < fixedBytes || binary.BigEndian.Uint16(fixed) != headerMagic {
		return false, malformed("the reply starts with %q and has no header; is this the port of a Modelwire server?", fixed)
	}
	size := wordBytes * int(binary.BigEndian.Uint16(fixed[fixedBytes-2:]))
	if size > frame.Len() {
		return false, malformed("the header of a reply claims %d bytes of the %d that are there", size, frame.Len())
	}
	header := header{rest: frame.Next(size)}
	if protocol, transforms := header.number(), header.number(); protocol != compactID || transforms != 0 {
		return false, malformed("a reply in protocol %d with %d transforms, where 2 (compact) and none were asked for", protocol, transforms)
	}
	draining = header.value("x-draining") == "1"
	if header.broken {
		return false, malformed("the header of a reply ends in the middle of a value")
	}
	return draining, nil
}

// header is what of a header was not read yet. After what cannot be read, all numbers are 0 and all texts empty.
type header struct {
	rest   []byte
	broken bool
}

// number reads an integer of seven bits a byte, the lowest first.
func (h *header) number() uint32 {
	value, size := binary.Uvarint(h.rest[:min(len(h.rest), maxVarintSize)])
	if size <= 0 || value > math.MaxUint32 {
		h.rest, h.broken = nil, true
		return 0
	}
	h.rest = h.rest[size:]
	return uint32(value)
}

func (h *header) text() string {
	size := h.number()
	if int64(size) > int64(len(h.rest)) {
		h.rest, h.broken = nil, true
		return ""
	}
	text := h.rest[:size]
	h.rest = h.rest[size:]
	return string(text)
}

// value answers the text under a key, empty if there is none. It reads up to the first block that holds no pairs: padding or
// what a later server may say.
func (h *header) value(wanted string) (found string) {
	for len(h.rest) > 0 && h.number() == keyValuesID {
		for pairs := h.number(); pairs > 0 && !h.broken; pairs-- {
			if key, value := h.text(), h.text(); key == wanted {
				found = value
			}
		}
	}
	return found
}
