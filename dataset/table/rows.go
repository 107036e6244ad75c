package table

// rowStore holds rows in memory, in blocks: to grow one large slice would copy it
// again and again. A dense row takes 8 bytes for each cell and target, and 8.
type rowStore struct {
	lines   blocks[int]
	targets blocks[float64]
	weights blocks[float64] // if a weight is not 1
	cells   blocks[float64] // of dense rows
	sparse  bool
	spans   []span // of sparse rows, in the two below
	entries [][]float64
	indices [][]int32
}

// span says where the entries of a sparse row are.
type span struct{ block, start, end int32 }

// blockValues is the size of a block, unless a single row is larger.
const blockValues = 1 << 16

// blocks is a list of records of the same width.
type blocks[T any] struct {
	width, records int // records: in all but the last block
	n              int
	list           [][]T
}

func (b *blocks[T]) add(record ...T) {
	if b.n == 0 {
		b.width = len(record)
		b.records = max(1, blockValues/max(1, b.width))
	}
	switch {
	case b.n == 0:
		b.list = append(b.list, nil) // which grows: the table may be small
	case b.n%b.records == 0:
		b.list = append(b.list, make([]T, 0, b.records*b.width))
	}
	last := &b.list[len(b.list)-1]
	*last = append(*last, record...)
	b.n++
}

// at returns record i, which shares memory.
func (b *blocks[T]) at(i int) []T {
	start := i % b.records * b.width
	return b.list[i/b.records][start : start+b.width : start+b.width]
}

func (s *rowStore) len() int { return s.lines.n }

// add copies a row.
func (s *rowStore) add(row Row) {
	s.lines.add(row.Line)
	s.targets.add(row.Targets...)
	if row.Weight != 1 || s.weights.n > 0 {
		for s.weights.n < s.len()-1 {
			s.weights.add(1)
		}
		s.weights.add(row.Weight)
	}
	if s.sparse = row.Sparse; !s.sparse {
		s.cells.add(row.Cells...)
		return
	}
	last := len(s.entries) - 1
	if last < 0 || len(row.Cells) > cap(s.entries[last])-len(s.entries[last]) {
		size := 16 // the table may be small
		if last >= 0 {
			size = min(2*cap(s.entries[last]), blockValues)
		}
		size = max(size, len(row.Cells))
		s.entries, s.indices = append(s.entries, make([]float64, 0, size)), append(s.indices, make([]int32, 0, size))
		last++
	}
	start := len(s.entries[last])
	s.entries[last], s.indices[last] = append(s.entries[last], row.Cells...), append(s.indices[last], row.Index...)
	s.spans = append(s.spans, span{int32(last), int32(start), int32(start + len(row.Cells))})
}

// row returns row i, which shares memory.
func (s *rowStore) row(i int) Row {
	row := Row{Line: s.lines.at(i)[0], Targets: s.targets.at(i), Weight: 1, Sparse: s.sparse}
	if s.weights.n > 0 {
		row.Weight = s.weights.at(i)[0]
	}
	if !s.sparse {
		row.Cells = s.cells.at(i)
		return row
	}
	at := s.spans[i]
	row.Cells, row.Index = s.entries[at.block][at.start:at.end:at.end], s.indices[at.block][at.start:at.end:at.end]
	return row
}

// keep drops the cells of dense rows but for those of the given inputs, which
// increase.
func (s *rowStore) keep(inputs []int) {
	for i, block := range s.cells.list {
		kept := 0
		for start := 0; start < len(block); start += s.cells.width {
			for _, input := range inputs {
				block[kept] = block[start+input]
				kept++
			}
		}
		s.cells.list[i] = block[:kept]
	}
	s.cells.width = len(inputs)
}
