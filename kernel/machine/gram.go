package machine

import (
	"errors"
	"math"

	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/internal/simd"
)

// gram accumulates what least squares needs of features z [n] and targets t
// [targets] of many rows, from both of which the mean of the first block is
// subtracted, so that little cancels later. Products of a block are sums of
// float32, blocks are added up in float64. All sums are in an order that does not
// depend on the number of cores.
type gram struct {
	n, targets int
	rows       float64
	zShift     []float32       // [n]
	tShift     []float64       // [targets]
	zz         *lower[float64] // Σ z·zᵀ
	tz         []float64       // [targets+1, n]: Σ t·zᵀ; the last row is Σ z
	t          []float64       // [targets]: Σ t
	tt         []float64       // [targets]: Σ t²
	zMean      []float64       // [n]: the mean of z, shifted as it is; from finish

	block       block
	ones        []float32 // [rows, targets+1]: t of the block, and 1
	out         [][]float32
	scratch     [][]float32
	pieces      []piece
	products    func(chunk, worker int)
	shift, mean func(chunk, worker int)
}

// piece is a part of a panel that one core computes at a time.
type piece struct{ panel, first, last int }

// pieceColumns is the width of a piece, measured to be the fastest.
const pieceColumns = 512

func newGram(n, targets, maxRows int) *gram {
	g := &gram{
		n: n, targets: targets, zz: newLower[float64](n),
		tz: make([]float64, (targets+1)*n), t: make([]float64, targets), tt: make([]float64, targets),
		ones: make([]float32, maxRows*(targets+1)),
	}
	for i := range g.zz.panels {
		for first := 0; first < g.zz.width(i); first += pieceColumns {
			g.pieces = append(g.pieces, piece{i, first, min(first+pieceColumns, g.zz.width(i))})
		}
	}
	for first := 0; first < n; first += pieceColumns {
		g.pieces = append(g.pieces, piece{-1, first, min(first+pieceColumns, n)})
	}
	height := max(side, targets+1)
	g.out = par.Scratch[float32](par.Workers(), height*pieceColumns)
	g.scratch = par.Scratch[float32](par.Workers(), simd.GemmScratch(height, pieceColumns, maxRows))
	g.products, g.shift, g.mean = g.addPiece, g.shiftRows, g.meanOfColumns
	return g
}

const gramRows = 16 // rows of a chunk

// add adds a block of rows. It overwrites the block's features.
func (g *gram) add(b block) {
	g.block = b
	if g.zShift == nil {
		g.setShifts()
	}
	par.For((b.rows+gramRows-1)/gramRows, par.Workers(), g.shift)
	for i := range b.rows {
		for j, v := range g.ones[i*(g.targets+1):][:g.targets] {
			g.t[j] += float64(v)
			g.tt[j] += float64(v) * float64(v)
		}
	}
	g.rows += float64(b.rows)
	par.For(len(g.pieces), par.Workers(), g.products)
}

func (g *gram) setShifts() {
	g.zShift, g.tShift = make([]float32, g.n), make([]float64, g.targets)
	par.For(tiles(g.n), par.Workers(), g.mean)
	for j := range g.tShift {
		sum := 0.0
		for i := range g.block.rows {
			sum += g.block.t[i*g.targets+j]
		}
		g.tShift[j] = sum / float64(g.block.rows)
	}
}

func (g *gram) meanOfColumns(chunk, _ int) {
	first, last := chunk*side, min(g.n, (chunk+1)*side)
	var sums [side]float64
	for i := range g.block.rows {
		for j, v := range g.block.z[i*g.n:][first:last] {
			sums[j] += float64(v)
		}
	}
	for j := range last - first {
		g.zShift[first+j] = float32(sums[j] / float64(g.block.rows))
	}
}

func (g *gram) shiftRows(chunk, _ int) {
	for i := chunk * gramRows; i < min(g.block.rows, (chunk+1)*gramRows); i++ {
		z := g.block.z[i*g.n:][:g.n]
		for j, v := range g.zShift {
			z[j] -= v
		}
		ones := g.ones[i*(g.targets+1):][:g.targets+1]
		for j, v := range g.tShift {
			ones[j] = float32(g.block.t[i*g.targets+j] - v)
		}
		ones[g.targets] = 1
	}
}

// addPiece adds the block's products for a piece of z·zᵀ, or of t·zᵀ.
func (g *gram) addPiece(chunk, worker int) {
	p := g.pieces[len(g.pieces)-1-chunk] // the longest panels first
	z := simd.RowMajor(g.block.z, g.block.rows, g.n)
	left, height := simd.RowMajor(g.ones, g.block.rows, g.targets+1), g.targets+1
	if p.panel >= 0 {
		height = g.zz.height(p.panel)
		left = z.ColumnRange(p.panel*side, p.panel*side+height)
	}
	width := p.last - p.first
	out := simd.RowMajor(g.out[worker], height, width)
	simd.Gemm(out, left.T(), z.ColumnRange(p.first, p.last), simd.Epilogue{}, g.scratch[worker])
	for i := range height {
		var sum []float64
		if p.panel >= 0 {
			sum = g.zz.row(p.panel*side + i)[p.first:p.last]
		} else {
			sum = g.tz[i*g.n:][p.first:p.last]
		}
		for j, v := range out.Data[i*width:][:width] {
			sum[j] += float64(v)
		}
	}
}

// What follows is about centred features and targets, z - mean and t - mean, and
// divides by the number of rows: covariances C = [n, n] and R = [targets, n].

// finish must be called after the last block. It returns an error if the sums
// cannot be used.
func (g *gram) finish() error {
	if g.rows == 0 {
		return errors.New("machine: the table has no rows")
	}
	g.zMean = make([]float64, g.n)
	for j, sum := range g.tz[g.targets*g.n:] {
		g.zMean[j] = sum / g.rows
	}
	if trace := g.trace(); math.IsNaN(trace) || math.IsInf(trace, 0) {
		return errors.New("machine: features are not finite, or too large for float32: scale the inputs")
	}
	return nil
}

// entries writes columns first to last-1 of row i of C + ridge·I to dst, none of
// them beyond the diagonal tile.
func (g *gram) entries(dst []float64, i, first, last int, ridge float64) {
	scale, mean := 1/g.rows, g.zMean[i]
	for j, v := range g.zz.row(i)[first:last] {
		dst[j] = v*scale - mean*g.zMean[first+j]
	}
	if i >= first && i < last {
		dst[i-first] += ridge
	}
}

// trace returns the trace of C: the mean squared length of a centred row of
// features.
func (g *gram) trace() (sum float64) {
	for i := range g.n {
		sum += g.zz.row(i)[i]/g.rows - g.zMean[i]*g.zMean[i]
	}
	return sum
}

// right writes R to dst.
func (g *gram) right(dst []float64) {
	for k := range g.targets {
		for j := range g.n {
			dst[k*g.n+j] = g.tz[k*g.n+j]/g.rows - g.t[k]/g.rows*g.zMean[j]
		}
	}
}

// variance returns the variance of target k.
func (g *gram) variance(k int) float64 {
	mean := g.t[k] / g.rows
	return max(0, g.tt[k]/g.rows-mean*mean)
}

// intercepts returns, for weights w [targets, n] on features that are not
// centred, the constants b with which the mean of w·z + b is that of t.
func (g *gram) intercepts(w []float64) []float64 {
	b := make([]float64, g.targets)
	for k := range b {
		b[k] = g.tShift[k] + g.t[k]/g.rows
		for j, v := range w[k*g.n:][:g.n] {
			b[k] -= v * (float64(g.zShift[j]) + g.zMean[j])
		}
	}
	return b
}
