package dataset

import (
	"fmt"
	"math"
	"slices"
)

// inkPlane says how much ink is where.
type inkPlane struct {
	width, height int
	ink           []float32 // [height, width]: 0 on paper, about 1 in strokes
	noise         float32   // what ink must be above to be told from paper
}

// findInk tells ink from paper. It works on logarithms, where the light is a
// summand: paper is the morphological closing (of dark ink) or opening (of bright)
// by a square that is wider than strokes, which keeps gradients, edges of shadows
// and those of the paper, and the ink is the difference.
func findInk(colours *planes) (found *inkPlane, dark bool, err error) {
	grey := colours.mostContrast()
	grey.denoise()
	if dark = grey.darkInk(); dark {
		for i, v := range grey.values {
			grey.values[i] = -v
		}
	}
	stroke := grey.share(widestStroke)
	if grey.twoTones() { // no shadows, so that what is wide may be a stroke
		stroke = grey.share(2 * widestStroke)
	}
	framed := grey.framed()
	ink, spread := framed.standsOut(stroke)
	level := inkLevel(ink)
	if framed.endInk(level, stroke) {
		ink, spread = framed.standsOut(stroke)
		level = inkLevel(ink)
	}
	if level < leastContrast {
		return nil, false, fmt.Errorf("%w (the contrast is %.1f%%)", ErrNoInk, 100*contrast(level, dark))
	}
	if level < 5*spread {
		return nil, false, fmt.Errorf("%w (nothing stands out from the noise)", ErrNoInk)
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

// leastContrast is what may be ink at all, in the logarithm.
const leastContrast = 0.05

// contrast returns the share of the paper's light that ink takes or adds, from the
// difference of their logarithms.
func contrast(difference float32, dark bool) float32 {
	if dark {
		return float32(1 - math.Exp(-float64(difference)))
	}
	return float32(math.Exp(float64(difference)) - 1)
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

// subtractPaper subtracts what the plane is where there is paper. It returns the
// spread of that, about the deviation of the noise.
func subtractPaper(ink []float32) (spread float32) {
	// A tight crop may be half ink.
	base, low := quantile(ink, 0.3), quantile(ink, 0.1)
	for i, v := range ink {
		ink[i] = max(0, v-base)
	}
	return 1.3 * (base - low) // the deviation, were they normal
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
