package dataset

import (
	"slices"
)

// plane is one channel, or a mixture of some.
type plane struct {
	width, height int
	values        []float32
}

// denoise smooths a plane of many pixels, and more so one of much noise: what the
// first smoothing changes by tells how much.
func (p *plane) denoise() {
	if min(p.width, p.height) < 100 {
		return
	}
	before := slices.Clone(p.values)
	p.smooth()
	for i, v := range p.values {
		before[i] = max(before[i]-v, v-before[i])
	}
	if quantile(before, 0.5) > muchNoise {
		for range 4 {
			p.smooth()
		}
	}
}

// muchNoise is the median change by smoothing, in the logarithm, from which on
// strokes are smoothed at the cost of thin ones.
const muchNoise = 0.03

// smooth replaces each value by a mean of its neighbourhood: weights 1, 2, 1 along
// each axis.
func (p *plane) smooth() {
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

// quantile returns one of a sample of the values.
func quantile(values []float32, share float64) float32 {
	var sample []float32
	for i := 0; i < len(values); i += max(1, len(values)/10_007) {
		sample = append(sample, values[i])
	}
	slices.Sort(sample)
	return sample[int(share*float64(len(sample)))]
}
