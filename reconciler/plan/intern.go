package plan

// interned keeps each distinct value once and numbers it. Number 0 is the zero
// value.
type interned[T comparable] struct {
	values []T
	ids    map[T]uint32
}

func newInterned[T comparable]() *interned[T] {
	var zero T
	return &interned[T]{values: []T{zero}, ids: map[T]uint32{zero: 0}}
}

func (in *interned[T]) id(v T) uint32 {
	id, ok := in.ids[v]
	if !ok {
		id = uint32(len(in.values))
		in.values = append(in.values, v)
		in.ids[v] = id
	}
	return id
}

func (in *interned[T]) clone() *interned[T] {
	out := &interned[T]{values: append([]T(nil), in.values...), ids: make(map[T]uint32, len(in.ids))}
	for v, id := range in.ids {
		out.ids[v] = id
	}
	return out
}
