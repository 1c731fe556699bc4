//go:build unix

package modelwire

import (
	"errors"
	"net"
	"syscall"
)

// quiet: the peer has neither closed the connection nor sent anything unasked. It looks without waiting and without
// taking a byte (the sockets of Go never block), so that no ping is needed before a call.
func quiet(socket net.Conn) bool {
	raw, err := socket.(syscall.Conn).SyscallConn()
	if err != nil {
		return false
	}
	var peeked error
	err = raw.Read(func(descriptor uintptr) bool {
		var one [1]byte
		_, _, peeked = syscall.Recvfrom(int(descriptor), one[:], syscall.MSG_PEEK)
		return true
	})
	return err == nil && (errors.Is(peeked, syscall.EAGAIN) || errors.Is(peeked, syscall.EWOULDBLOCK))
}
