package machine

import (
	"errors"
	"fmt"
	"math"

	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/internal/simd"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
)

// gram accumulates what least squares needs of features z [n] and targets t
// [targets] of many rows of weights w, from both of which the mean of the first block
// is subtracted, so that little cancels later. Products of a block are sums of
// float32, blocks are added up in float64. All sums are in an order that does not
// depend on the number of cores.
type gram struct {
	n, targets int
	rows       int     // of weights above 0
	weight     float64 // Σ w
	squares    float64 // Σ w²
	blocks     int
	zShift     []float32       // [n]
	tShift     []float64       // [targets]
	zz         *lower[float64] // Σ w·z·zᵀ
	tz         []float64       // [targets+1, n]: Σ w·t·zᵀ; the last row is Σ w·z
	t          []float64       // [targets]: Σ w·t
	tt         []float64       // [targets]: Σ w·t²
	zMean      []float64       // [n]: the mean of z, shifted as it is; from finish

	// exact asks for products in float64, which take some ten times as long. It is
	// put out where there are too many rows for that.
	exact bool

	block       block
	blockWeight float64   // of the first block's rows
	ones        []float32 // [rows, targets+1]: t·√w of the block, and √w
	wide        []float64 // [rows, n]: z·√w, where products are exact
	wideOnes    []float64 // [rows, targets+1]
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

// newSums returns a gram that other ones can be added to, but no blocks.
func newSums(n, targets int) *gram {
	return &gram{
		n: n, targets: targets, zz: newLower[float64](n),
		tz: make([]float64, (targets+1)*n), t: make([]float64, targets), tt: make([]float64, targets),
	}
}

// newGram returns a gram for blocks of up to maxRows rows.
func newGram(n, targets, maxRows int) *gram {
	g := newSums(n, targets)
	g.ones = make([]float32, maxRows*(targets+1))
	for i := range g.zz.panels {
		for first := 0; first < g.zz.width(i); first += pieceColumns {
			g.pieces = append(g.pieces, piece{i, first, min(first+pieceColumns, g.zz.width(i))})
		}
	}
	for first := 0; first < n; first += pieceColumns {
		g.pieces = append(g.pieces, piece{-1, first, min(first+pieceColumns, n)})
	}
	height, width := max(min(side, n), targets+1), min(pieceColumns, n)
	g.out = par.Scratch[float32](par.Workers(), height*width)
	g.scratch = par.Scratch[float32](par.Workers(), simd.GemmScratch(height, width, maxRows))
	g.products, g.shift, g.mean = g.addPiece, g.shiftRows, g.meanOfColumns
	return g
}

const gramRows = 16 // rows of a chunk

// exactProducts bounds the products that are computed in float64: some seconds.
const exactProducts = 1 << 33

// add adds a block of rows. It overwrites the block's features.
func (g *gram) add(b block) {
	g.block = b
	sum := 0.0
	for i := range b.rows {
		sum += b.weight(i)
	}
	if sum == 0 {
		return
	}
	if g.zShift == nil {
		g.setShifts(sum)
	}
	for i := range b.rows {
		w := b.weight(i)
		if w > 0 {
			g.rows++
		}
		g.weight += w
		g.squares += w * w
		for j, shift := range g.tShift {
			t := b.t[i*g.targets+j] - shift
			g.t[j] += w * t
			g.tt[j] += w * t * t
		}
	}
	if g.exact = g.exact && float64(g.rows)*float64(g.n)*float64(g.n) <= exactProducts; g.exact && len(g.wide) < b.rows*g.n {
		g.wide, g.wideOnes = make([]float64, b.rows*g.n), make([]float64, b.rows*(g.targets+1))
	}
	par.For((b.rows+gramRows-1)/gramRows, par.Workers(), g.shift)
	par.For(len(g.pieces), par.Workers(), g.products)
	g.blocks++
}

func (g *gram) setShifts(weight float64) {
	g.blockWeight = weight
	g.zShift, g.tShift = make([]float32, g.n), make([]float64, g.targets)
	par.For(tiles(g.n), par.Workers(), g.mean)
	for j := range g.tShift {
		sum := 0.0
		for i := range g.block.rows {
			sum += g.block.weight(i) * g.block.t[i*g.targets+j]
		}
		g.tShift[j] = sum / weight
	}
}

func (g *gram) meanOfColumns(chunk, _ int) {
	first, last := chunk*side, min(g.n, (chunk+1)*side)
	var sums [side]float64
	for i := range g.block.rows {
		weight := g.block.weight(i)
		for j, v := range g.block.z[i*g.n:][first:last] {
			sums[j] += weight * float64(v)
		}
	}
	for j := range last - first {
		g.zShift[first+j] = float32(sums[j] / g.blockWeight)
	}
}

func (g *gram) shiftRows(chunk, _ int) {
	for i := chunk * gramRows; i < min(g.block.rows, (chunk+1)*gramRows); i++ {
		z, root := g.block.z[i*g.n:][:g.n], math.Sqrt(g.block.weight(i))
		ones := g.ones[i*(g.targets+1):][:g.targets+1]
		if g.exact {
			g.shiftExact(i, z, root)
			continue
		}
		for j, v := range g.zShift {
			z[j] -= v
		}
		scaleRow(z, root)
		for j, v := range g.tShift {
			ones[j] = float32(root * (g.block.t[i*g.targets+j] - v))
		}
		ones[g.targets] = float32(root)
	}
}

func (g *gram) shiftExact(i int, z []float32, root float64) {
	wide, ones := g.wide[i*g.n:][:g.n], g.wideOnes[i*(g.targets+1):][:g.targets+1]
	for j, v := range g.zShift {
		wide[j] = root * (float64(z[j]) - float64(v))
	}
	for j, v := range g.tShift {
		ones[j] = root * (g.block.t[i*g.targets+j] - v)
	}
	ones[g.targets] = root
}

// addPiece adds the block's products for a piece of z·zᵀ, or of t·zᵀ.
func (g *gram) addPiece(chunk, worker int) {
	p := g.pieces[len(g.pieces)-1-chunk] // the longest panels first
	if g.exact {
		g.addExact(p)
		return
	}
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
		sum := g.tz[min(i, g.targets)*g.n:]
		if p.panel >= 0 {
			sum = g.zz.row(p.panel*side + i)
		}
		for j, v := range out.Data[i*width:][:width] {
			sum[p.first+j] += float64(v)
		}
	}
}

// addExact is addPiece in float64.
func (g *gram) addExact(p piece) {
	general := func(data []float64, height, width, stride int) blas64.General {
		return blas64.General{Rows: height, Cols: width, Stride: stride, Data: data}
	}
	rows, width := g.block.rows, p.last-p.first
	left, sums := general(g.wideOnes, rows, g.targets+1, g.targets+1), general(g.tz[p.first:], g.targets+1, width, g.n)
	if p.panel >= 0 {
		left = general(g.wide[p.panel*side:], rows, g.zz.height(p.panel), g.n)
		sums = general(g.zz.panels[p.panel][p.first:], left.Cols, width, g.zz.width(p.panel))
	}
	blas64.Gemm(blas.Trans, blas.NoTrans, 1, left, general(g.wide[p.first:], rows, width, g.n), 1, sums)
}

// clear forgets all rows, but not the shifts.
func (g *gram) clear() {
	g.rows, g.weight, g.squares, g.blocks = 0, 0, 0, 0
	for _, panel := range g.zz.panels {
		clear(panel)
	}
	clear(g.tz)
	clear(g.t)
	clear(g.tt)
}

// join adds the sums of other rows, with the same shifts.
func (g *gram) join(o *gram) {
	g.zShift, g.tShift = o.zShift, o.tShift
	g.rows += o.rows
	g.blocks = max(g.blocks, o.blocks)
	g.weight += o.weight
	g.squares += o.squares
	for i, panel := range o.zz.panels {
		floats.Add(g.zz.panels[i], panel)
	}
	floats.Add(g.tz, o.tz)
	floats.Add(g.t, o.t)
	floats.Add(g.tt, o.tt)
}

// complement replaces the sums of some rows by those of the others of a total.
func (g *gram) complement(total *gram) {
	g.rows = total.rows - g.rows
	g.blocks = total.blocks
	g.weight = total.weight - g.weight
	g.squares = total.squares - g.squares
	for i, panel := range total.zz.panels {
		floats.SubTo(g.zz.panels[i], panel, g.zz.panels[i])
	}
	floats.SubTo(g.tz, total.tz, g.tz)
	floats.SubTo(g.t, total.t, g.t)
	floats.SubTo(g.tt, total.tt, g.tt)
}

// What follows is about centred features and targets, z - mean and t - mean, and
// divides by the weight of all rows: covariances C = [n, n] and R = [targets, n].

// largeTarget bounds deviations of targets, so that float32 can hold sums of products.
const largeTarget = 1e30

// finish must be called after the last block. It returns an error if the sums
// cannot be used.
func (g *gram) finish() error {
	if g.rows == 0 {
		return errors.New("machine: the table has no rows, or none of a weight above 0")
	}
	g.zMean = make([]float64, g.n)
	for j, sum := range g.tz[g.targets*g.n:] {
		g.zMean[j] = sum / g.weight
	}
	if trace := g.trace(); math.IsNaN(trace) || math.IsInf(trace, 0) {
		return errors.New("machine: features are not finite, or too large for float32: scale the inputs")
	}
	for k := range g.targets {
		deviation := math.Sqrt(g.variance(k))
		if !(deviation <= largeTarget) || deviation < 1/largeTarget && !g.constant(k) {
			return fmt.Errorf("machine: target column %d deviates by %.3g from its mean: want %.0g to %.0g, for float32: scale it", k+1, deviation, 1/largeTarget, largeTarget)
		}
	}
	return nil
}

// entries writes columns first to last-1 of row i of C + ridge·I to dst, none of
// them beyond the diagonal tile.
func (g *gram) entries(dst []float64, i, first, last int, ridge float64) {
	scale, mean := 1/g.weight, g.zMean[i]
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
		sum += g.zz.row(i)[i]/g.weight - g.zMean[i]*g.zMean[i]
	}
	return sum
}

// scale is what ridges are relative to. Features that are constant but for
// rounding have a trace of nearly nothing, and weights should not be the inverse
// of it: their mean counts.
func (g *gram) scale() float64 {
	squares := 0.0
	for j, mean := range g.zMean {
		squares += math.Pow(mean+float64(g.zShift[j]), 2)
	}
	trace := g.trace()
	switch {
	case trace > constantFeatures*squares:
		return trace
	case squares > 0:
		return squares
	}
	return 1
}

// rounding returns what eigenvalues of C may be wrong by: products of a block in
// float32 are off by a matrix whose norm was measured to be 2.3 to 2.8·2^-24·trace/√n,
// for 10 to 1024 Gaussian features on 300 to 800 rows, and less where blocks average.
func (g *gram) rounding() float64 {
	if g.exact {
		return 0
	}
	return 0x1p-22 * g.trace() / math.Sqrt(float64(g.n)*float64(g.blocks))
}

// right writes R to dst.
func (g *gram) right(dst []float64) {
	for k := range g.targets {
		for j := range g.n {
			dst[k*g.n+j] = g.tz[k*g.n+j]/g.weight - g.t[k]/g.weight*g.zMean[j]
		}
	}
}

// variance returns the variance of target k.
func (g *gram) variance(k int) float64 {
	mean := g.t[k] / g.weight
	return max(0, g.tt[k]/g.weight-mean*mean)
}

// targetMean returns the mean of target k.
func (g *gram) targetMean(k int) float64 { return g.tShift[k] + g.t[k]/g.weight }

// constant tells whether target k is the same in all rows, but for float64's rounding.
func (g *gram) constant(k int) bool {
	return math.Sqrt(g.variance(k)) <= 0x1p-50*math.Abs(g.targetMean(k))
}

// intercepts returns, for weights w [targets, n] on features that are not
// centred, the constants b with which the mean of w·z + b is that of t.
func (g *gram) intercepts(w []float64) []float64 {
	b := make([]float64, g.targets)
	for k := range b {
		b[k] = g.targetMean(k)
		for j, v := range w[k*g.n:][:g.n] {
			b[k] -= v * (float64(g.zShift[j]) + g.zMean[j])
		}
	}
	return b
}
