package modelwire

import "iter"

// pages are the entries of a list that comes in pages. The function answers the page after an entry and, unless it is the
// last page, how to ask for the next one.
func pages[T any](page func(after *string) ([]T, *string, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var after *string
		for {
			entries, next, err := page(after)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, entry := range entries {
				if !yield(entry, nil) {
					return
				}
			}
			if next == nil {
				return
			}
			after = next
		}
	}
}

// each converts all entries, or fails with the first that cannot be.
func each[S, T any](sent []S, convert func(S) (T, error)) ([]T, error) {
	entries := make([]T, len(sent))
	for position := range sent {
		entry, err := convert(sent[position])
		if err != nil {
			return nil, err
		}
		entries[position] = entry
	}
	return entries, nil
}
