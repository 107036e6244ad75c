package dataset

import (
	"image"
	"math"
	"slices"

	"golang.org/x/image/draw"
)

// workingArea is the number of pixels of a picture in which ink is looked for:
// larger ones are scaled down. A digit of a fifteenth of a page is then about 30
// pixels high.
const workingArea = 240_000

// planes is a picture in floating point.
type planes struct {
	width, height int
	rgb           [3][]float32 // [height, width] each, 0 to 1
	transparent   bool         // parts of it were, and have a colour now that contrasts with the rest
}

// shrink returns the picture, scaled down where its area is above the given one, by
// averages of areas. It reads the picture a row at a time, so that a large one
// takes little memory.
func shrink(picture image.Image, area int) *planes {
	bounds := picture.Bounds()
	width, height := bounds.Dx(), bounds.Dy()
	scale := min(1, math.Sqrt(float64(area)/float64(width)/float64(height)))
	newWidth, newHeight := max(1, int(scale*float64(width))), max(1, int(scale*float64(height)))

	var sums [4][]float32 // premultiplied red, green, blue; alpha
	for c := range sums {
		sums[c] = make([]float32, newWidth*newHeight)
	}
	row := image.NewRGBA(image.Rect(0, 0, width, 1))
	columns, line := newBins(width, newWidth), make([]float32, newWidth)
	rows := newBins(height, newHeight)
	for y := range height {
		draw.Draw(row, row.Rect, picture, image.Pt(bounds.Min.X, bounds.Min.Y+y), draw.Src)
		for c := range sums {
			columns.average(line, row.Pix[c:], 4)
			first, share := rows.first[y], rows.share[y]
			addScaled(sums[c][first*newWidth:][:newWidth], line, share*rows.weight)
			if share < 1 {
				addScaled(sums[c][(first+1)*newWidth:][:newWidth], line, (1-share)*rows.weight)
			}
		}
	}
	p := &planes{width: newWidth, height: newHeight, rgb: [3][]float32(sums[:3])}
	p.fill(sums[3])
	return p
}

// bins deal a number of samples to fewer bins of equal lengths.
type bins struct {
	first  []int     // of each sample: the first bin that it overlaps; there is at most one more
	share  []float32 // how much of the sample is in that bin
	weight float32   // the inverse of the number of samples to a bin
}

func newBins(samples, count int) bins {
	b := bins{make([]int, samples), make([]float32, samples), float32(count) / float32(samples)}
	for i := range samples {
		// In units of 1/samples of a bin, a sample is count long.
		b.first[i] = i * count / samples
		b.share[i] = float32(min(1, float64((b.first[i]+1)*samples-i*count)/float64(count)))
	}
	return b
}

// average fills each bin with the mean of its samples, divided by 255.
func (b bins) average(dst []float32, samples []byte, stride int) {
	clear(dst)
	for i, first := range b.first {
		v, share := unit[samples[i*stride]]*b.weight, b.share[i]
		dst[first] += v * share
		if share < 1 {
			dst[first+1] += v * (1 - share)
		}
	}
}

func addScaled(dst, src []float32, scale float32) {
	for i, v := range src {
		dst[i] += v * scale
	}
}

// fill puts a colour behind what is transparent. Where most of the picture is
// opaque it is the mean colour, that of the paper; otherwise what is opaque is the
// ink, and black or white goes behind it, whichever contrasts more.
func (p *planes) fill(alpha []float32) {
	var opaque, mean [3]float64
	total := 0.0
	for _, a := range alpha {
		total += float64(a)
	}
	if total > float64(len(alpha))-0.5 || total == 0 {
		p.transparent = total == 0
		return
	}
	p.transparent = true
	for c := range p.rgb {
		for _, v := range p.rgb[c] {
			opaque[c] += float64(v)
		}
		mean[c] = opaque[c] / total
	}
	if total < 0.6*float64(len(alpha)) {
		behind := 0.0
		if mean[0]+mean[1]+mean[2] < 1.5 {
			behind = 1
		}
		mean = [3]float64{behind, behind, behind}
	}
	for c := range p.rgb {
		for i, a := range alpha {
			p.rgb[c][i] += (1 - a) * float32(mean[c])
		}
	}
}

// resize returns the picture at a size of at most its own, by averages of areas.
func (p *planes) resize(width, height int) *planes {
	small := &planes{width: width, height: height, transparent: p.transparent}
	for c := range p.rgb {
		small.rgb[c] = averageAreas(p.rgb[c], p.width, p.height, width, height)
	}
	return small
}

// averageAreas scales a plane down.
func averageAreas(src []float32, width, height, newWidth, newHeight int) []float32 {
	dst := make([]float32, newWidth*newHeight)
	columns, rows := newBins(width, newWidth), newBins(height, newHeight)
	for y := range height {
		for x, v := range src[y*width : (y+1)*width] {
			v *= columns.weight * rows.weight
			for _, toY := range [2]struct {
				y     int
				share float32
			}{{rows.first[y], rows.share[y]}, {rows.first[y] + 1, 1 - rows.share[y]}} {
				if toY.share <= 0 {
					continue
				}
				at := toY.y*newWidth + columns.first[x]
				dst[at] += v * toY.share * columns.share[x]
				if columns.share[x] < 1 {
					dst[at+1] += v * toY.share * (1 - columns.share[x])
				}
			}
		}
	}
	return dst
}

// mostContrast returns the mixture of the logarithms of the channels in which what
// stands out from its surroundings does so most: their first principal component,
// where differences from the mean of the neighbourhood count by their squares.
func (p *planes) mostContrast() *plane {
	var logs, differences [3][]float32
	brightest := float32(1e-3)
	for c := range p.rgb {
		brightest = max(brightest, slices.Max(p.rgb[c]))
	}
	var table [1 << 12]float32
	for i := range table {
		table[i] = float32(math.Log(float64(i)/float64(len(table)-1) + darkest))
	}
	for c := range p.rgb {
		logs[c] = make([]float32, len(p.rgb[c]))
		for i, v := range p.rgb[c] {
			logs[c][i] = table[min(len(table)-1, int(v/brightest*float32(len(table)-1)+0.5))]
		}
		differences[c] = slices.Clone(logs[c])
		boxBlur(differences[c], p.width, p.height, max(2, min(p.width, p.height)/10))
		for i, v := range logs[c] {
			differences[c][i] = v - differences[c][i]
		}
	}
	var moments [3][3]float64
	for i := range logs[0] {
		d := [3]float64{float64(differences[0][i]), float64(differences[1][i]), float64(differences[2][i])}
		weight := d[0]*d[0] + d[1]*d[1] + d[2]*d[2]
		for a := range 3 {
			for b := range 3 {
				moments[a][b] += weight * d[a] * d[b]
			}
		}
	}
	mixture := principal(moments)
	mixed := logs[0]
	for i := range mixed {
		mixed[i] = mixture[0]*logs[0][i] + mixture[1]*logs[1][i] + mixture[2]*logs[2][i]
	}
	return &plane{p.width, p.height, mixed}
}

// darkest is added to all brightnesses before their logarithms are taken, relative
// to the brightest, so that the noise of what is black does not count.
const darkest = 0.2

// principal returns the first eigenvector of a positive matrix, with a positive sum
// and absolute values that sum to 1: a difference of all channels by the same is
// then a difference of the mixture by that.
func principal(matrix [3][3]float64) [3]float32 {
	vector := [3]float64{1, 1.1, 0.9} // of which no likely one is a multiple of a right angle away
	for range 50 {
		var next [3]float64
		for a := range 3 {
			for b := range 3 {
				next[a] += matrix[a][b] * vector[b]
			}
		}
		length := math.Abs(next[0]) + math.Abs(next[1]) + math.Abs(next[2])
		if length == 0 {
			break
		}
		for a := range 3 {
			vector[a] = next[a] / length
		}
	}
	length := math.Abs(vector[0]) + math.Abs(vector[1]) + math.Abs(vector[2])
	if vector[0]+vector[1]+vector[2] < 0 {
		length = -length
	}
	return [3]float32{float32(vector[0] / length), float32(vector[1] / length), float32(vector[2] / length)}
}
