package shapes

import (
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/deepfry/deepfry/internal/random"
)

// drawing is what is drawn at random for one picture, but for the noise.
type drawing struct {
	colours  [3][3]int // of the ground, the figure, and the second one of the figure
	radius   float64   // as a fraction of the side, like the centre
	centre   point
	sin, cos float64 // of the figure's rotation

	light   point      // what is added at the middle of the right and of the bottom edge
	cast    [3]float64 // what is added to a channel
	uniform float64    // bound of the uniform noise
}

// Picture returns picture number, from 0, of a class, for a part of the set, such as
// "train". It depends on the set and on the arguments alone, the part's and the class's
// name included. It panics where there is no such class.
func (s *Set) Picture(seed uint64, part string, class, number int) *image.RGBA {
	if class < 0 || class >= len(s.classes) {
		panic("shapes: there is no such class")
	}
	source := s.stream(seed, part, class, number)
	d := s.parameters.draw(source)
	picture := d.paint(s.classes[class])
	s.parameters.finish(picture.Pix, d, source)
	return picture
}

// stream returns the random numbers of a picture.
func (s *Set) stream(seed uint64, part string, class, number int) *rand.PCG {
	purpose := random.For(fmt.Sprintf("pictures of %s, %s, %s", s.name, part, s.classes[class].name))
	return random.New(seed, purpose, 0, number)
}

// draw chooses all but the noise. The figure is in the picture as a whole.
func (p *parameters) draw(source *rand.PCG) drawing {
	var d drawing
	for i := range d.colours {
		d.colours[i] = colour(source)
		for slices.ContainsFunc(d.colours[:i], func(other [3]int) bool { return distance(d.colours[i], other) < p.apart }) {
			d.colours[i] = colour(source)
		}
	}
	d.radius = between(source, p.smallest, p.largest)
	d.centre = point{between(source, d.radius, 1-d.radius), between(source, d.radius, 1-d.radius)}
	d.sin, d.cos = sinCos(between(source, -p.turn, p.turn))

	direction, strength := point{}, between(source, 0, p.light)
	direction.y, direction.x = sinCos(between(source, -0.5, 0.5))
	strength /= math.Abs(direction.x) + math.Abs(direction.y) // all of it in two of the corners
	d.light = point{strength * direction.x, strength * direction.y}
	for channel := range d.cast {
		d.cast[channel] = p.cast * random.Normal(source)
	}
	d.uniform = between(source, p.least, p.most)
	return d
}

// colour returns one of all.
func colour(source *rand.PCG) (c [3]int) {
	for channel := range c {
		c[channel] = int(source.Uint64() >> 56)
	}
	return c
}

// distance returns the sum over the channels of two colours' differences.
func distance(a, b [3]int) (sum int) {
	for channel := range a {
		sum += max(a[channel]-b[channel], b[channel]-a[channel])
	}
	return sum
}

// between returns a number between two, which may be equal.
func between(source *rand.PCG, low, high float64) float64 {
	return low + float64((high-low)*random.Uniform(source))
}

// sinCos returns the sine and the cosine of an angle from -½ to ½ turns.
func sinCos(turns float64) (sin, cos float64) {
	// sin(2πt) = cos(2π(t-¼))
	return random.CosineOfTurns(math.Abs(turns - 0.25)), random.CosineOfTurns(math.Abs(turns))
}

// paint returns the figure on its ground, without light and noise: drawn four times as
// large and scaled down, so that a pixel is the mean of its points, rounded.
func (d *drawing) paint(class class) *image.RGBA {
	const points = finer * finer
	picture := image.NewRGBA(image.Rect(0, 0, Side, Side))
	for y := range Side {
		for x := range Side {
			var sum [3]int
			for i := range points {
				colour := d.colours[class.colourAt(d.toFigure(finer*x+i%finer, finer*y+i/finer))]
				for channel := range sum {
					sum[channel] += colour[channel]
				}
			}
			pixel := picture.Pix[picture.PixOffset(x, y):]
			for channel := range sum {
				pixel[channel] = byte((sum[channel] + points/2) / points)
			}
			pixel[3] = 255
		}
	}
	return picture
}

// toFigure returns where a point of the large drawing is in the figure's coordinates.
func (d *drawing) toFigure(x, y int) point {
	p := minus(point{(float64(x) + 0.5) / (finer * Side), (float64(y) + 0.5) / (finer * Side)}, d.centre)
	return point{dot(p, point{d.cos, d.sin}) / d.radius, dot(p, point{-d.sin, d.cos}) / d.radius}
}

// colourAt returns which of a drawing's colours a point has.
func (c *class) colourAt(p point) int {
	switch {
	case dot(p, p) > 1 || !c.figure(p):
		return 0
	case c.second == nil || !c.second(p):
		return 1
	}
	return 2
}

// finish adds light, cast and noise to pixels of four bytes, red, green, blue and
// opacity.
func (p *parameters) finish(pixels []byte, d drawing, source *rand.PCG) {
	for i := range pixels {
		channel, x, y := i%4, i/4%Side, i/4/Side
		if channel == 3 {
			continue
		}
		place := point{(float64(2*x+1) - Side) / Side, (float64(2*y+1) - Side) / Side} // from -1 to 1
		added := dot(d.light, place) + d.cast[channel]
		if p.noise > 0 {
			added += float64(p.noise * random.Normal(source))
		}
		if d.uniform > 0 {
			added += between(source, -d.uniform, d.uniform)
		}
		pixels[i] = byte(max(0, min(255, math.Floor(float64(pixels[i])+added+0.5))))
	}
}

// encode writes a picture as a file of the set.
func (s *Set) encode(w io.Writer, picture image.Image) error {
	if s.parameters.quality > 0 {
		return jpeg.Encode(w, picture, &jpeg.Options{Quality: s.parameters.quality})
	}
	return png.Encode(w, picture)
}
