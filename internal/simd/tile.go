package simd

import "github.com/deepfry/deepfry/internal/cpu"

// TileSamples is the number of samples in a tile. A tile holds values of so many
// samples side by side: a value's entry is TileSamples floats, one for each
// sample. What differs from value to value, such as a pixel's place, is then the
// same for whole vectors.
const TileSamples = 16

// Samples is a view of rows of samples, which lie a distance of Sample floats
// apart, their rows a distance of Row.
type Samples struct {
	Data        []float32
	Sample, Row int
}

// LoadTile brings rows of up to TileSamples samples side by side: entries
//
//	tile[(r*(width+gap)+j)*TileSamples+i] = x.Data[i*x.Sample+r*x.Row+j]
//
// with zeros in the gap behind every row and for samples that do not exist.
func LoadTile(tile []float32, x Samples, width, rows, gap, samples int) {
	x.check(width, rows, samples)
	if gap < 0 || len(tile) < rows*(width+gap)*TileSamples {
		panic("simd: LoadTile: tile too short")
	}
	if rows == 0 || width == 0 || samples == 0 {
		clear(tile[:rows*(width+gap)*TileSamples])
		return
	}
	loadTile(tile, x, width, rows, gap, samples)
}

// StoreTile is the inverse of LoadTile without gaps: it parts samples.
func StoreTile(y Samples, tile []float32, width, rows, samples int) {
	y.check(width, rows, samples)
	if len(tile) < rows*width*TileSamples {
		panic("simd: StoreTile: tile too short")
	}
	if rows == 0 || width == 0 || samples == 0 {
		return
	}
	storeTile(y, tile, width, rows, samples)
}

func (x Samples) check(width, rows, samples int) {
	if width < 0 || rows < 0 || samples < 0 || samples > TileSamples || x.Sample < 0 || x.Row < 0 {
		panic("simd: bad size of a tile")
	}
	if width > 0 && rows > 0 && samples > 0 && len(x.Data) < (samples-1)*x.Sample+(rows-1)*x.Row+width {
		panic("simd: samples too short for a tile")
	}
}

// SumLanes adds to dst[r*dstRow+j], for rows of width entries, the sum of entry
// tile[r*tileRow+j*TileSamples:], which is the sum of its halves' sums, lane by
// lane.
func SumLanes(dst []float32, dstRow int, tile []float32, tileRow, width, rows int) {
	if rows == 0 || width == 0 {
		return
	}
	if rows < 0 || width < 0 || dstRow < 0 || tileRow < 0 ||
		len(dst) < (rows-1)*dstRow+width || len(tile) < (rows-1)*tileRow+width*TileSamples {
		panic("simd: SumLanes: slice too short")
	}
	sumLanes(dst, dstRow, tile, tileRow, width, rows)
}

// NewTile returns memory for n floats that starts at a cache line, so that no
// entry lies on two of them.
func NewTile(n int) []float32 {
	return align(make([]float32, n+alignment))[:n:n]
}

// TilesPay tells whether convolution is faster in tiles, if there are enough
// samples: by the kernels in assembly it is. Window.CanTile tells whether it can.
func TilesPay() bool { return cpu.Current() != cpu.Ref }
