package dataset

import (
	"fmt"
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

// inkPlane says how much ink is where.
type inkPlane struct {
	width, height int
	ink           []float32 // [height, width]: 0 on paper, about 1 in strokes
	noise         float32   // what ink must be above to be told from paper
}

// plane is one channel, or a mixture of some.
type plane struct {
	width, height int
	values        []float32
}

// findInk tells ink from paper. It works on logarithms, where the light is a
// summand: paper is the morphological closing (of dark ink) or opening (of bright)
// by a square that is wider than strokes, which keeps gradients, edges of shadows
// and those of the paper, and the ink is the difference.
func findInk(colours *planes) (found *inkPlane, dark bool, err error) {
	grey := colours.mostContrast()
	grey.smooth()
	if dark = grey.darkInk(); dark {
		for i, v := range grey.values {
			grey.values[i] = -v
		}
	}
	stroke := grey.share(widestStroke)
	if grey.twoTones() { // no shadows, so that what is wide may be a stroke
		stroke = grey.share(2 * widestStroke)
	}
	framed, _ := grey.framed(float32(math.Inf(1)), stroke)
	ink, spread := framed.standsOut(stroke)
	level := inkLevel(ink)
	if framed, atBorder := grey.framed(level, stroke); atBorder {
		ink, spread = framed.standsOut(stroke)
		level = inkLevel(ink)
	}
	if level < 0.05 || level < 5*spread {
		return nil, false, fmt.Errorf("%w (found %.1f%% of contrast)", ErrNoInk, 100*(1-math.Exp(-float64(level))))
	}
	// Back from logarithms, in which the edges of dark strokes are too bright and
	// those of bright strokes too wide.
	full := contrast(level, dark)
	for i, v := range ink {
		ink[i] = contrast(v, dark) / full
	}
	return &inkPlane{grey.width, grey.height, ink, contrast(4*spread, dark) / full}, dark, nil
}

// twoTones tells whether nearly all values are near one of two, as those of drawings
// and scans are: whether the means of what is above and below some threshold explain
// most of the variance (Otsu, IEEE Transactions on Systems, Man, and Cybernetics
// 1979).
func (p *plane) twoTones() bool {
	const levels = 64
	low, high := slices.Min(p.values), slices.Max(p.values)
	if low == high {
		return false
	}
	var counts, sums [levels]float64
	var count, sum, squares float64
	for _, v := range p.values {
		level, v := int((v-low)/(high-low)*(levels-1)), float64(v-low)
		counts[level]++
		sums[level] += v
		count, sum, squares = count+1, sum+v, squares+v*v
	}
	variance := squares/count - sum/count*sum/count
	var below, sumBelow, explained float64
	for level := range levels - 1 {
		below, sumBelow = below+counts[level], sumBelow+sums[level]
		if above := count - below; below > 0 && above > 0 {
			difference := sumBelow/below - (sum-sumBelow)/above
			explained = max(explained, below*above/count/count*difference*difference)
		}
	}
	return explained > 0.8*variance
}

// standsOut returns by how much each value but those of the frame is above the
// paper, and the spread of the paper. Strokes are narrower than the given width.
func (p *plane) standsOut(stroke int) (ink []float32, spread float32) {
	all := p.topHat(stroke)
	for y := 1; y < p.height-1; y++ {
		ink = append(ink, all[y*p.width+1:(y+1)*p.width-1]...)
	}
	return ink, subtractPaper(ink)
}

// widestStroke is above the width of all strokes, relative to the picture's side.
const widestStroke = 0.22

// share returns an odd number of pixels, at least 3, that is about the given share
// of the side of a square as large as the picture.
func (p *plane) share(share float64) int {
	return int(share*math.Sqrt(float64(p.width*p.height)))/2*2 + 3
}

// framed returns the plane with a frame of one more pixel on each side, as which
// the paper goes on. That is as bright as the border, also where the border shows
// the desk under a sheet, or a shadow; but where there is ink at the border, above
// level/2, the frame is paper.
func (p *plane) framed(level float32, stroke int) (f *plane, atBorder bool) {
	f = &plane{p.width + 2, p.height + 2, nil}
	f.values = make([]float32, f.width*f.height)
	for y := range f.height {
		from := p.values[max(0, min(p.height-1, y-1))*p.width:][:p.width]
		row := f.values[y*f.width : (y+1)*f.width]
		copy(row[1:], from)
		row[0], row[f.width-1] = from[0], from[p.width-1]
	}
	ring, corners := f.ring()
	border := make([]float32, len(ring))
	for i, at := range ring {
		border[i] = f.values[at]
	}
	paper := openRing(border, min(f.width, f.height))
	above := func(i int, share float32) bool {
		i = (i + len(ring)) % len(ring)
		return border[i]-paper[i] > share*level
	}
	for first := range ring {
		if !above(first, 0.5) || first > 0 && above(first-1, 0.5) {
			continue
		}
		// A run of what may be ink: up to its feet, which are near if it is.
		start, end := first, first+1
		for end < first+len(ring) && above(end, 0.5) {
			end++
		}
		steep := max(4, stroke/6)
		for limit := start - steep; start > limit && above(start-1, 0.25); start-- {
		}
		for limit := end + steep; end < limit && above(end, 0.25); end++ {
		}
		if above(start-1, 0.25) || above(end, 0.25) || shadowed(start, end, corners, len(ring), stroke) {
			continue
		}
		atBorder = true
		for i := start; i < end; i++ {
			at := (i + len(ring)) % len(ring)
			f.values[ring[at]] = paper[at]
		}
	}
	return f, atBorder
}

// ring returns the indices of the outermost pixels in clockwise order from the upper
// left, and where in them the corners are.
func (p *plane) ring() (ring []int, corners [4]int) {
	x, y := 0, 0
	for k, step := range [4]image.Point{{1, 0}, {0, 1}, {-1, 0}, {0, -1}} {
		corners[k] = len(ring)
		for range max(1, abs(step.X)*(p.width-1)+abs(step.Y)*(p.height-1)) {
			ring = append(ring, y*p.width+x)
			x, y = x+step.X, y+step.Y
		}
	}
	return ring, corners
}

func abs(v int) int { return max(v, -v) }

// openRing returns the opening of a closed line: peaks of less than the given width
// are cut off.
func openRing(line []float32, width int) []float32 {
	n := len(line)
	several := slices.Concat(line, line, line)
	forward, backward, least := make([]float32, 3*n), make([]float32, 3*n), make([]float32, 3*n)
	slideLine(least, several, forward, backward, width/2)
	for i := range least {
		least[i] = -least[i]
	}
	slideLine(several, least, forward, backward, width/2)
	opened := several[n : 2*n]
	for i := range opened {
		opened[i] = -opened[i]
	}
	return opened
}

// shadowed tells whether a run along the border from start to end is a corner in
// the shade rather than the end of a stroke: it goes on far on both sides.
func shadowed(start, end int, corners [4]int, length, stroke int) bool {
	for _, corner := range corners {
		for _, c := range [3]int{corner - length, corner, corner + length} {
			if start <= c && c < end && min(c-start, end-c) > stroke {
				return true
			}
		}
	}
	return false
}

// contrast returns the share of the paper's light that ink takes or adds, from the
// difference of their logarithms.
func contrast(difference float32, dark bool) float32 {
	if dark {
		return float32(1 - math.Exp(-float64(difference)))
	}
	return float32(math.Exp(float64(difference)) - 1)
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

// smooth takes the noise of single pixels away where there are many.
func (p *plane) smooth() {
	if min(p.width, p.height) < 100 {
		return
	}
	previous := make([]float32, p.width)
	current := make([]float32, p.width)
	blend := func(a, b, c float32) float32 { return (a + 2*b + c) / 4 }
	copy(previous, p.values[:p.width])
	for y := range p.height {
		row := p.values[y*p.width : (y+1)*p.width]
		copy(current, row)
		next := current
		if y+1 < p.height {
			next = p.values[(y+1)*p.width : (y+2)*p.width]
		}
		for x := range row {
			row[x] = blend(previous[x], current[x], next[x])
		}
		previous, current = current, previous
	}
	for y := range p.height {
		row := p.values[y*p.width : (y+1)*p.width]
		before := row[0]
		for x, v := range row {
			row[x] = blend(before, v, row[min(x+1, p.width-1)])
			before = v
		}
	}
}

// darkInk tells whether the ink is darker than the paper. Both what is dark and
// what is bright stands out from its surroundings: strokes, and what they surround.
// Strokes are thinner, and further from the mean of the neighbourhood.
func (p *plane) darkInk() bool {
	factor := max(1, (max(p.width, p.height)+159)/160)
	small := &plane{max(1, p.width/factor), max(1, p.height/factor), nil}
	small.values = averageAreas(p.values, p.width, p.height, small.width, small.height)
	inverse := &plane{small.width, small.height, make([]float32, len(small.values))}
	for i, v := range small.values {
		inverse.values[i] = -v
	}
	var widths []int
	for _, share := range []float64{0.025, 0.04, 0.06, 0.09, 0.13, 0.2, 0.3, 0.4} {
		if width := small.share(share); len(widths) == 0 || width > widths[len(widths)-1] {
			widths = append(widths, width)
		}
	}
	around := slices.Clone(small.values)
	boxBlur(around, small.width, small.height, small.share(0.25))
	var scores [2]float64
	for k, candidate := range []*plane{small, inverse} {
		for _, width := range widths {
			ink := candidate.topHat(width)
			spread := subtractPaper(ink)
			for i, v := range ink {
				difference := small.values[i] - around[i]
				if k == 1 {
					difference = -difference
				}
				if v > 3*spread && difference > 0 {
					scores[k] += float64(v) * float64(difference) / float64(width*width)
				}
			}
		}
	}
	return scores[1] > scores[0]
}

// topHat returns the plane minus its opening by a square of the given odd width:
// what is bright and thinner than that. The border is continued outwards.
func (p *plane) topHat(width int) []float32 {
	radius := width / 2
	w, h := p.width+2*width, p.height+2*width
	padded := make([]float32, w*h)
	for y := range h {
		from := p.values[max(0, min(p.height-1, y-width))*p.width:][:p.width]
		row := padded[y*w : (y+1)*w]
		copy(row[width:], from)
		for x := range width {
			row[x], row[w-1-x] = from[0], from[p.width-1]
		}
	}
	slide(padded, w, h, radius) // the greatest of the least: of the negated values
	for i, v := range padded {
		padded[i] = -v
	}
	slide(padded, w, h, radius)
	ink := make([]float32, len(p.values))
	for y := range p.height {
		for x := range p.width {
			ink[y*p.width+x] = p.values[y*p.width+x] + padded[(y+width)*w+x+width]
		}
	}
	return ink
}

// slide replaces each value by the least within radius along both axes.
func slide(values []float32, width, height, radius int) {
	line := make([]float32, max(width, height))
	forward, backward := make([]float32, len(line)), make([]float32, len(line))
	for y := range height {
		row := values[y*width : (y+1)*width]
		copy(line, row)
		slideLine(row, line[:width], forward, backward, radius)
	}
	column := make([]float32, height)
	for x := range width {
		for y := range height {
			line[y] = values[y*width+x]
		}
		slideLine(column, line[:height], forward, backward, radius)
		for y, v := range column {
			values[y*width+x] = v
		}
	}
}

// slideLine is the algorithm of van Herk (Pattern Recognition Letters 1992): running
// minima within blocks, forwards and backwards, of which each window meets two.
func slideLine(dst, src, forward, backward []float32, radius int) {
	n, block := len(src), 2*radius+1
	for start := 0; start < n; start += block {
		end := min(n, start+block)
		least := src[start]
		for i, v := range src[start:end] {
			least = min(least, v)
			forward[start+i] = least
		}
		least = src[end-1]
		for i := end - 1; i >= start; i-- {
			least = min(least, src[i])
			backward[i] = least
		}
	}
	for i := range dst {
		first, last := max(0, i-radius), min(n-1, i+radius)
		dst[i] = min(backward[first], forward[last])
	}
}

// subtractPaper subtracts what the plane is where there is paper. It returns the
// spread of that, about the deviation of the noise.
func subtractPaper(ink []float32) (spread float32) {
	step := max(1, len(ink)/10_007) // a sample will do
	var sorted []float32
	for i := 0; i < len(ink); i += step {
		sorted = append(sorted, ink[i])
	}
	slices.Sort(sorted)
	base := sorted[len(sorted)*3/10] // a tight crop may be half ink
	for i, v := range ink {
		ink[i] = max(0, v-base)
	}
	return 1.3 * (base - sorted[len(sorted)/10]) // the deviation, were they normal
}

// inkLevel returns what ink is in the middle of strokes: a mean in which much
// contrast weighs more.
func inkLevel(ink []float32) float32 {
	var sum, weights float64
	for _, v := range ink {
		square := float64(v) * float64(v)
		weights += square * square
		sum += square * square * float64(v)
	}
	if weights == 0 {
		return 0
	}
	return float32(sum / weights)
}

// boxBlur replaces each value by the mean within radius along both axes.
func boxBlur(values []float32, width, height, radius int) {
	line := make([]float32, max(width, height))
	blur := func(length, start, step int) {
		for i := range length {
			line[i] = values[start+i*step]
		}
		sum, count := float32(0), 0
		for i := range min(radius, length) {
			sum += line[i]
			count++
		}
		for i := range length {
			if i+radius < length {
				sum += line[i+radius]
				count++
			}
			if i-radius-1 >= 0 {
				sum -= line[i-radius-1]
				count--
			}
			values[start+i*step] = sum / float32(count)
		}
	}
	for y := range height {
		blur(width, y*width, 1)
	}
	for x := range width {
		blur(height, x, width)
	}
}
