package dataset

import (
	"image"
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
		if above(start-1, 0.25) || above(end, 0.25) || shadowed(start, end, corners, len(ring), stroke) {
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
