package modelwire

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"
)

// pool keeps the connections to one address: at most as many as it has slots, each for one call at a time.
type pool struct {
	dial  func(context.Context) (*connection, error)
	slots chan struct{}

	mutex  sync.Mutex
	closed bool
	// idle are those that no call uses, the one used last at the end.
	idle []*connection
	// busy are those that a call uses; closing the pool closes them under it.
	busy map[*connection]struct{}
}

func newPool(size int, dial func(context.Context) (*connection, error)) *pool {
	return &pool{dial: dial, slots: make(chan struct{}, size), busy: map[*connection]struct{}{}}
}

// take answers a connection for one call, waiting for one if all are busy. It has to be given back.
func (p *pool) take(ctx context.Context) (*connection, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("all %d connections were busy: %w", cap(p.slots), ctx.Err())
	}
	connection, err := p.idleOrNew(ctx)
	if err != nil {
		<-p.slots
	}
	return connection, err
}

func (p *pool) idleOrNew(ctx context.Context) (*connection, error) {
	if connection, err := p.pop(); connection != nil || err != nil {
		return connection, err
	}
	connection, err := p.dial(ctx)
	if err != nil {
		return nil, err
	}
	return connection, p.use(connection)
}

// pop answers the idle connection that was used last and closes those that are no good any more.
func (p *pool) pop() (*connection, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.closed {
		return nil, closedError()
	}
	for len(p.idle) > 0 {
		last := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if last.usable(time.Now()) {
			last.reused = true
			p.busy[last] = struct{}{}
			return last, nil
		}
		last.close()
	}
	return nil, nil
}

// use marks a new connection as busy, unless the pool was closed while it was made.
func (p *pool) use(connection *connection) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.closed {
		connection.close()
		return closedError()
	}
	p.busy[connection] = struct{}{}
	return nil
}

// give takes a connection back after a call. One that is not intact is closed: its next reply would belong to this call.
func (p *pool) give(connection *connection, intact bool) {
	p.mutex.Lock()
	delete(p.busy, connection)
	if intact && !p.closed {
		connection.idle = time.Now()
		p.idle = append(p.idle, connection)
	} else {
		connection.close()
	}
	p.mutex.Unlock()
	<-p.slots
}

func (p *pool) close() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.closed = true
	for _, connection := range p.idle {
		connection.close()
	}
	for connection := range p.busy {
		connection.close()
	}
	p.idle = nil
}

func closedError() *Error {
	return &Error{
		Code:      ErrFailedPrecondition,
		Message:   "the client is closed",
		Hint:      "make another one",
		Execution: NotExecuted,
		cause:     net.ErrClosed,
	}
}
