package plan

const chunkSize = 4096

// decisions is a column of decisions that is never changed once it is
// published: the next plan copies only the chunks in which something changed.
type decisions struct {
	chunks []*[chunkSize]Decision
	own    []bool // chunks that this plan has copied already
}

func (d *decisions) at(r Row) Decision {
	c := int(r) / chunkSize
	if c >= len(d.chunks) {
		return Decision{}
	}
	return d.chunks[c][int(r)%chunkSize]
}

func (d *decisions) set(r Row, v Decision) {
	c := int(r) / chunkSize
	for c >= len(d.chunks) {
		d.chunks = append(d.chunks, new([chunkSize]Decision))
		d.own = append(d.own, true)
	}
	if !d.own[c] {
		chunk := *d.chunks[c]
		d.chunks[c] = &chunk
		d.own[c] = true
	}
	d.chunks[c][int(r)%chunkSize] = v
}

// next returns a column that shares all chunks with d.
func (d *decisions) next() decisions {
	return decisions{chunks: append([]*[chunkSize]Decision(nil), d.chunks...), own: make([]bool, len(d.chunks))}
}
