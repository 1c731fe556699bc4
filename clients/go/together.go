package modelwire

import (
	"context"
	"sync"
	"sync/atomic"
)

// callsAtOnce is how many calls carry the rows of one prediction at once.
const callsAtOnce = 4

// together does what is to be done count times, a few at once, in the order of their numbers. The first error ends the
// context of the others and is the answer; what has not begun by then never does.
func together(ctx context.Context, count int, do func(ctx context.Context, number int) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		group   sync.WaitGroup
		begun   atomic.Int64
		once    sync.Once
		stopped atomic.Bool
		failure error
	)
	work := func() {
		for !stopped.Load() {
			number := int(begun.Add(1)) - 1
			if number >= count {
				return
			}
			if err := do(ctx, number); err != nil {
				once.Do(func() { failure = err })
				stopped.Store(true)
				cancel()
			}
		}
	}
	for range min(callsAtOnce, count) {
		group.Go(work)
	}
	group.Wait()
	return failure
}
