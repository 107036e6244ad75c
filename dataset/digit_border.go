package dataset

import (
	"image"
	"math"
	"slices"
)

// framed returns the plane with a frame of one more pixel on each side, as which
// the paper goes on: as bright as the border, also where that shows the desk under
// a sheet, or a shadow.
func (p *plane) framed() *plane {
	f := &plane{p.width + 2, p.height + 2, nil}
	f.values = make([]float32, f.width*f.height)
	for y := range f.height {
		from := p.values[max(0, min(p.height-1, y-1))*p.width:][:p.width]
		row := f.values[y*f.width : (y+1)*f.width]
		copy(row[1:], from)
		row[0], row[f.width-1] = from[0], from[p.width-1]
	}
	return f
}

// endInk makes paper of the frame where there is ink at the border, which ends
// there: where the frame rises by more than level/2 and falls again, steeply. It
// tells whether there is any.
func (p *plane) endInk(level float32, stroke int) (found bool) {
	ring, corners := p.ring()
	frame := make([]float32, len(ring))
	for i, at := range ring {
		frame[i] = p.values[at]
	}
	paper := openRing(frame, min(p.width, p.height))
	above := func(i int, share float32) bool {
		i = (i + len(ring)) % len(ring)
		return frame[i]-paper[i] > share*level
	}
	for first := range ring {
		if !above(first, 0.5) || first > 0 && above(first-1, 0.5) {
			continue
		}
		start, end := first, first+1
		for end < first+len(ring) && above(end, 0.5) {
			end++
		}
		// From the slopes to the feet.
		steep := max(4, stroke/6)
		for limit := start - steep; start > limit && above(start-1, 0.25); start-- {
		}
		for limit := end + steep; end < limit && above(end, 0.25); end++ {
		}
		least := paper[first] + level/2
		if above(start-1, 0.25) || above(end, 0.25) || p.inCorner(ring, corners, start, end, least) {
			continue
		}
		found = true
		for i := start; i < end; i++ {
			at := (i + len(ring)) % len(ring)
			p.values[ring[at]] = paper[at]
		}
	}
	return found
}

// ring returns the indices of the outermost pixels in clockwise order from the upper
// left, and where in them the corners are. Both sides must be longer than 1.
func (p *plane) ring() (ring []int, corners [4]int) {
	x, y := 0, 0
	for k, step := range [4]image.Point{{1, 0}, {0, 1}, {-1, 0}, {0, -1}} {
		corners[k] = len(ring)
		for range abs(step.X)*(p.width-1) + abs(step.Y)*(p.height-1) {
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

// inCorner tells whether a run of the ring from start to end is the edge of a corner
// of the picture that the paper does not fill or the light does not reach: a triangle,
// next to whose third side little is above the given value. The end of a stroke goes
// on into the picture.
func (p *plane) inCorner(ring []int, corners [4]int, start, end int, least float32) bool {
	at := func(i int) (x, y float64) {
		i = ring[(i+len(ring))%len(ring)]
		return float64(i % p.width), float64(i / p.width)
	}
	x0, y0 := at(start)
	x1, y1 := at(end - 1)
	for k := range 3 * len(corners) { // start is from -len(ring), end to 2·len(ring)
		corner := corners[k/3] + (k%3-1)*len(ring)
		if corner <= start || corner >= end-1 {
			continue
		}
		x, y := at(corner)
		above, count := 0, 0
		for t := 0.0; t <= 1; t += 0.02 {
			const beyond = 1.25 // times the distance of the third side from the corner
			toX, toY := int(math.Round(x+beyond*(x0-x+t*(x1-x0)))), int(math.Round(y+beyond*(y0-y+t*(y1-y0))))
			if toX < 0 || toY < 0 || toX >= p.width || toY >= p.height {
				continue
			}
			count++
			if p.values[toY*p.width+toX] > least {
				above++
			}
		}
		if 5*above < count {
			return true
		}
	}
	return false
}
