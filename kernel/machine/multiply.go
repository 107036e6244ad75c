package machine

import (
	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/internal/simd"
)

// multiplier computes C = A·B on all cores, to the same bits on any number of
// them. It keeps its scratch memory for later calls.
type multiplier struct {
	scratch [][]float32
}

// multiply splits C into tiles, which do not change results.
func (m *multiplier) multiply(c, a, b simd.Matrix, e simd.Epilogue) {
	if c.Rows == 0 || c.Cols == 0 {
		return
	}
	rows, columns := min(c.Rows, 256), min(c.Cols, 512)
	split := func(n, size int) int { return (n + size - 1) / size }
	for split(c.Rows, rows)*split(c.Cols, columns) < 32 && max(rows, columns) > 32 {
		if rows >= columns {
			rows = (rows + 1) / 2
		} else {
			columns = (columns + 1) / 2
		}
	}
	if need := simd.GemmScratch(rows, columns, a.Cols); len(m.scratch) < par.Workers() || len(m.scratch[0]) < need {
		m.scratch = par.Scratch[float32](par.Workers(), need)
	}
	across := split(c.Cols, columns)
	par.For(split(c.Rows, rows)*across, par.Workers(), func(chunk, worker int) {
		i, j := chunk/across*rows, chunk%across*columns
		iEnd, jEnd := min(c.Rows, i+rows), min(c.Cols, j+columns)
		simd.Gemm(c.RowRange(i, iEnd).ColumnRange(j, jEnd), a.RowRange(i, iEnd), b.ColumnRange(j, jEnd), e, m.scratch[worker])
	})
}
