// Package handwriting renders digits that are written on paper, a board or a
// screen and photographed or saved, for tests of what reads pictures. All that
// happens to the ink on its way is in one place: pen, paper, light, lens, noise
// and compression. A seed gives a scene; equal scenes give equal pictures.
package handwriting

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
)

// RGB is a colour: red, green and blue from 0 to 1.
type RGB [3]float64

// Scene is a digit and everything around it. Lengths are fractions of the shorter
// side of the picture unless it says otherwise.
type Scene struct {
	Digit, Style  int
	Width, Height int // of the picture, in pixels

	// The writing.
	Size         float64    // height of the digit
	Aspect       float64    // width of the digit, relative to its height
	Centre       [2]float64 // of the digit, as fractions of the width and height
	Slant        float64    // how far the top leans to the right, relative to the height
	Wobble       float64    // deviation of the points of a stroke, relative to the height
	PenWidth     float64    // relative to the height of the digit
	Pressure     float64    // relative changes of the pen's width along a stroke
	Ring         float64    // diameter of a circle around the digit, relative to the height of the digit; 0 is none
	Ink          RGB
	Grain        float64 // share of the ink that rough paper does not take, 0 to 1
	Aliased      bool    // each pixel is ink or paper
	Transparency bool    // no paper: the ink's alpha is the picture; no light and no lens either

	Paper      RGB
	Texture    float64 // deviation of the paper's brightness
	Lines      Lines
	Spacing    float64 // between lines
	LineColour RGB
	Desk       float64 // width of the margin on which something else than paper is seen
	Corner     float64 // length of the sides of a triangle in the upper left on which it is seen, too
	DeskColour RGB
	DeskGrain  float64 // deviation of the brightness of that
	Binding    bool    // the wires of a spiral binding reach in from the left
	Specks     int     // of dirt, as small as the pen is wide or smaller

	Light    float64    // brightness in the middle, 1 is full
	Gradient [2]float64 // relative change of the brightness from one side to the other
	Vignette float64    // share of the light that is lost in the corners
	Shadow   float64    // share of the light that is lost behind the edge of a shadow

	Rotation    float64    // in degrees, clockwise
	Perspective [2]float64 // change of the scale from the middle to the sides
	Blur        float64    // deviation, in pixels
	Noise       float64    // deviation, of 1
	Quality     int        // of JPEG, 1 to 100; 0 does not compress

	seed uint64
}

// Lines are what is printed on the paper.
type Lines int

// Kinds of paper.
const (
	Plain Lines = iota
	Ruled
	Squared
)

// segment is a straight piece of a stroke, in pixels.
type segment struct {
	a, b   point
	radius float64
}

// Render returns the picture.
func (s Scene) Render() image.Image {
	rng := rand.New(rand.NewPCG(s.seed, 1))
	ink := s.inkCoverage(rng)
	if s.Transparency {
		return s.transparent(ink)
	}
	picture := s.page(rng)
	for i, cover := range ink {
		for c := range 3 {
			picture[3*i+c] += cover * (s.Ink[c] - picture[3*i+c])
		}
	}
	s.illuminate(picture, rng)
	if s.Blur > 0 {
		blurPlanes(picture, s.Width, s.Height, 3, s.Blur)
	}
	out := image.NewRGBA(image.Rect(0, 0, s.Width, s.Height))
	for i := range s.Width * s.Height {
		noise := 0.0
		if s.Noise > 0 {
			noise = rng.NormFloat64() * s.Noise
		}
		for c := range 3 {
			out.Pix[4*i+c] = toByte(picture[3*i+c] + noise)
		}
		out.Pix[4*i+3] = 255
	}
	if s.Quality == 0 {
		return out
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, out, &jpeg.Options{Quality: s.Quality}); err != nil {
		panic(err) // a buffer takes all
	}
	compressed, err := jpeg.Decode(&file)
	if err != nil {
		panic(err)
	}
	return compressed
}

func toByte(v float64) uint8 { return uint8(max(0, min(255, math.Round(255*v)))) }

// side is the shorter side of the picture in pixels.
func (s Scene) side() float64 { return float64(min(s.Width, s.Height)) }

// see returns where the lens shows a point of the page; both are in pixels.
func (s Scene) see(p point) point {
	x, y := (p.x-float64(s.Width)/2)/s.side(), (p.y-float64(s.Height)/2)/s.side()
	sin, cos := math.Sincos(s.Rotation * math.Pi / 180)
	x, y = x*cos-y*sin, x*sin+y*cos
	depth := 1 + s.Perspective[0]*x + s.Perspective[1]*y
	return point{x/depth*s.side() + float64(s.Width)/2, y/depth*s.side() + float64(s.Height)/2}
}

// inkCoverage returns how much of each pixel is ink, [Height, Width].
func (s Scene) inkCoverage(rng *rand.Rand) []float64 {
	coverage := make([]float64, s.Width*s.Height)
	for _, piece := range s.strokes(rng) {
		s.draw(coverage, piece, s.Aliased)
	}
	pen := s.PenWidth * s.Size * s.side()
	for range s.Specks {
		p := point{rng.Float64() * float64(s.Width), rng.Float64() * float64(s.Height)}
		s.draw(coverage, segment{p, p, (0.2 + 0.3*rng.Float64()) * pen}, s.Aliased)
	}
	if s.Binding {
		for at := 0.03; at*s.side() < float64(s.Height); at += 0.04 {
			s.draw(coverage, segment{point{0, at * s.side()}, point{0.1 * s.side(), (at - 0.01) * s.side()}, 0.006 * s.side()}, false)
		}
	}
	if s.Grain > 0 {
		grain := s.smoothNoise(rng, max(1, pen/5))
		for i, g := range grain {
			coverage[i] *= 1 - s.Grain*max(0, min(1, 0.5+g))
		}
	}
	return coverage
}

// strokes returns the digit as the lens shows it.
func (s Scene) strokes(rng *rand.Rand) []segment {
	height := s.Size * s.side()
	width := height * s.Aspect
	var pieces []segment
	for _, line := range digits[s.Style][s.Digit] {
		// A wobble that is smooth along the stroke: two sines for each axis.
		phase := [4]float64{rng.Float64(), rng.Float64(), rng.Float64(), rng.Float64()}
		pressure := rng.Float64()
		place := func(p point, along float64) point {
			wave := func(k int) float64 {
				return math.Sin(2*math.Pi*(along+phase[k])) + 0.5*math.Sin(2*math.Pi*(2.3*along+phase[k+1]))
			}
			x := (p.x-0.5)*width + s.Wobble*height*wave(0) + s.Slant*(0.5-p.y)*height
			y := (p.y-0.5)*height + s.Wobble*height*wave(2)
			return s.see(point{x + s.Centre[0]*float64(s.Width), y + s.Centre[1]*float64(s.Height)})
		}
		const pieceCount = 6 // of each piece of the polyline, so that it can wobble
		along := 0.0
		for i := range len(line) - 1 {
			from, to := line[i], line[i+1]
			length := math.Hypot(to.x-from.x, to.y-from.y)
			for k := range pieceCount {
				t, u := float64(k)/pieceCount, float64(k+1)/pieceCount
				radius := s.PenWidth * height / 2 * (1 + s.Pressure*math.Sin(2*math.Pi*(along+t*length+pressure)))
				pieces = append(pieces, segment{
					place(point{from.x + t*(to.x-from.x), from.y + t*(to.y-from.y)}, along+t*length),
					place(point{from.x + u*(to.x-from.x), from.y + u*(to.y-from.y)}, along+u*length),
					radius,
				})
			}
			along += length
		}
	}
	for i := range 60 {
		around := func(i int) point {
			sin, cos := math.Sincos(2 * math.Pi * float64(i) / 60)
			radius := s.Ring * height / 2
			return s.see(point{s.Centre[0]*float64(s.Width) + radius*cos, s.Centre[1]*float64(s.Height) + radius*sin})
		}
		if s.Ring > 0 {
			pieces = append(pieces, segment{around(i), around(i + 1), s.PenWidth * height / 2})
		}
	}
	return pieces
}

// draw raises the coverage of what lies under a segment.
func (s Scene) draw(coverage []float64, piece segment, aliased bool) {
	reach := piece.radius + 1
	dx, dy := piece.b.x-piece.a.x, piece.b.y-piece.a.y
	for y := max(0, int(min(piece.a.y, piece.b.y)-reach)); y < min(s.Height, int(max(piece.a.y, piece.b.y)+reach)+1); y++ {
		for x := max(0, int(min(piece.a.x, piece.b.x)-reach)); x < min(s.Width, int(max(piece.a.x, piece.b.x)+reach)+1); x++ {
			px, py := float64(x)+0.5-piece.a.x, float64(y)+0.5-piece.a.y
			t := 0.0
			if square := dx*dx + dy*dy; square > 0 {
				t = max(0, min(1, (px*dx+py*dy)/square))
			}
			cover := max(0, min(1, piece.radius-math.Hypot(px-t*dx, py-t*dy)+0.5, 2*piece.radius))
			if aliased {
				cover = math.Round(cover)
			}
			coverage[y*s.Width+x] = max(coverage[y*s.Width+x], cover)
		}
	}
}

// page returns the paper, [Height, Width, 3].
func (s Scene) page(rng *rand.Rand) []float64 {
	texture := make([]float64, s.Width*s.Height)
	if s.Texture > 0 {
		texture = s.smoothNoise(rng, 2)
	}
	grain := make([]float64, s.Width*s.Height)
	if s.DeskGrain > 0 {
		grain = s.smoothNoise(rng, 5)
	}
	lines := s.printedLines(rng)
	picture := make([]float64, 3*s.Width*s.Height)
	margin := s.Desk * s.side()
	for y := range s.Height {
		for x := range s.Width {
			i := y*s.Width + x
			colour := s.Paper
			tilt := 0.03 * float64(x-y)
			if margin > 0 && min(float64(x)+tilt, float64(s.Width-1-x)-tilt, float64(y)-tilt, float64(s.Height-1-y)+tilt) < margin ||
				float64(x+y) < s.Corner*s.side() {
				colour = s.DeskColour
				for c := range colour {
					colour[c] *= 1 + s.DeskGrain*grain[i]
				}
			}
			for c := range 3 {
				picture[3*i+c] = (colour[c] + lines[i]*(s.LineColour[c]-colour[c])) * (1 + s.Texture*texture[i])
			}
		}
	}
	return picture
}

// printedLines returns how much of each pixel is a printed line.
func (s Scene) printedLines(rng *rand.Rand) []float64 {
	coverage := make([]float64, s.Width*s.Height)
	if s.Lines == Plain {
		return coverage
	}
	spacing, length := s.Spacing*s.side(), float64(s.Width+s.Height)
	radius := max(0.4, spacing/60)
	start := rng.Float64() * spacing
	for at := start - length; at < length; at += spacing {
		s.draw(coverage, segment{s.see(point{-length, at}), s.see(point{length, at}), radius}, false)
		if s.Lines == Squared {
			s.draw(coverage, segment{s.see(point{at, -length}), s.see(point{at, length}), radius}, false)
		}
	}
	return coverage
}

// illuminate multiplies the picture by the light.
func (s Scene) illuminate(picture []float64, rng *rand.Rand) {
	angle, offset := rng.Float64()*2*math.Pi, (rng.Float64()-0.5)*0.6
	sin, cos := math.Sincos(angle)
	for y := range s.Height {
		for x := range s.Width {
			u, v := float64(x)/float64(s.Width)-0.5, float64(y)/float64(s.Height)-0.5
			light := s.Light * (1 + s.Gradient[0]*u + s.Gradient[1]*v) * (1 - s.Vignette*2*(u*u+v*v))
			// The edge of a shadow is a twentieth of the picture wide.
			if s.Shadow > 0 {
				light *= 1 - s.Shadow/(1+math.Exp(-80*(u*cos+v*sin-offset)))
			}
			for c := range 3 {
				picture[3*(y*s.Width+x)+c] *= light
			}
		}
	}
}

// blurPlanes convolves values, [height, width, channels], by a Gaussian whose
// deviation is in pixels.
func blurPlanes(values []float64, width, height, channels int, deviation float64) {
	reach := int(math.Ceil(3 * deviation))
	weights, sum := make([]float64, 2*reach+1), 0.0
	for i := range weights {
		weights[i] = math.Exp(-float64((i-reach)*(i-reach)) / (2 * deviation * deviation))
		sum += weights[i]
	}
	line := make([]float64, max(width, height)+2*reach) // the ends are repeated
	along := func(length, step, start int) {
		for i := range length + 2*reach {
			line[i] = values[start+max(0, min(length-1, i-reach))*step]
		}
		for i := range length {
			total := 0.0
			for k, v := range line[i : i+len(weights)] {
				total += weights[k] * v
			}
			values[start+i*step] = total / sum
		}
	}
	for c := range channels {
		for y := range height {
			along(width, channels, y*width*channels+c)
		}
		for x := range width {
			along(height, width*channels, x*channels+c)
		}
	}
}

// smoothNoise returns normal noise of deviation about 1/2 that is smooth over the
// given number of pixels, [Height, Width].
func (s Scene) smoothNoise(rng *rand.Rand, pixels float64) []float64 {
	noise := make([]float64, s.Width*s.Height)
	for i := range noise {
		noise[i] = rng.NormFloat64()
	}
	blurPlanes(noise, s.Width, s.Height, 1, pixels)
	for i := range noise {
		noise[i] *= pixels * math.Sqrt(math.Pi) // the deviation is 1/(2·pixels·√π)
	}
	return noise
}

// transparent returns a drawing without paper.
func (s Scene) transparent(ink []float64) image.Image {
	out := image.NewNRGBA(image.Rect(0, 0, s.Width, s.Height))
	for i, cover := range ink {
		out.SetNRGBA(i%s.Width, i/s.Width, color.NRGBA{toByte(s.Ink[0]), toByte(s.Ink[1]), toByte(s.Ink[2]), toByte(cover)})
	}
	return out
}
