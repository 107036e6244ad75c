package dataset

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/deepfry/deepfry/internal/random"
)

// Augmentation distorts training images at random. A pixel p of the new image
// shows the point
//
//	c + R(p − c − shift)/zoom + displacement(p)
//
// of the original, where c is the centre of the image and R a rotation. Points
// between pixels are interpolated bilinearly; points outside show the nearest
// pixel of the border. The zero value changes nothing.
//
// The displacement is smooth, as the elastic distortions of Simard, Steinkraus
// and Platt (ICDAR 2003, section 2) are: a uniform cubic B-spline over random
// normal control points, a quarter of the image apart.
//
// The image that results may be mirrored, and a box of it, scaled to the whole size,
// may take its place. Its colours change last, in the order of the fields.
type Augmentation struct {
	Shift    float64 `json:"shift,omitempty"`    // largest shift along each axis, in pixels
	Rotation float64 `json:"rotation,omitempty"` // largest rotation either way, in degrees
	Zoom     float64 `json:"zoom,omitempty"`     // largest change of size either way, as a fraction: 0.1 is ±10%
	Elastic  float64 `json:"elastic,omitempty"`  // standard deviation of the displacement along each axis, in pixels

	Flip bool    `json:"flip,omitempty"` // mirror every other image, left and right
	Crop float64 `json:"crop,omitempty"` // least share of the area that a box has; 0: no boxes

	Brightness float64 `json:"brightness,omitempty"` // largest change either way, as a fraction
	Contrast   float64 `json:"contrast,omitempty"`   // of the distance to the image's mean luminance, likewise
	Saturation float64 `json:"saturation,omitempty"` // of the distance to the pixel's luminance, likewise
	Hue        float64 `json:"hue,omitempty"`        // largest turn either way, as a fraction of the circle
}

// Light returns a mild augmentation for handwritten digits: shifts of up to 2
// pixels, rotations of up to 10°, sizes of ±10%, displacements of 0.6 pixels.
func Light() *Augmentation {
	return &Augmentation{Shift: 2, Rotation: 10, Zoom: 0.1, Elastic: 0.6}
}

// Photo returns a moderate augmentation for photographs of height×width: shifts of up
// to a sixteenth of the shorter side, boxes of at least 60% of the area, mirrored or
// not, and changes of brightness, contrast and saturation of up to 20%. Hues stay. It is
// not for digits and letters, which have a left and a right: see [Light].
func Photo(height, width int) *Augmentation {
	return &Augmentation{
		Shift: float64(min(height, width)) / 16,
		Flip:  true, Crop: 0.6,
		Brightness: 0.2, Contrast: 0.2, Saturation: 0.2,
	}
}

// UnmarshalJSON reads an object of the fields, of which those that are missing are 0,
// or the literal true, which is [Light] in files of earlier versions. It fails for
// fields that it does not know.
func (a *Augmentation) UnmarshalJSON(text []byte) error {
	switch string(text) {
	case "null": // changes nothing, as is usual
		return nil
	case "true":
		*a = *Light()
		return nil
	}
	type plain Augmentation // without this method
	var fields plain
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&fields); err != nil {
		return fmt.Errorf("dataset: augmentation: expected an object such as {\"flip\":true,\"crop\":0.6}, or nothing for none, found %.80s: %w", text, err)
	}
	*a = Augmentation(fields)
	return nil
}

// Check returns an error where a field is out of range.
func (a Augmentation) Check() error {
	for _, field := range []struct {
		name         string
		value, limit float64
	}{
		{"shift", a.Shift, maxSide},
		{"rotation", a.Rotation, 180},
		{"zoom", a.Zoom, 0.9},
		{"elastic displacement", a.Elastic, maxSide},
		{"least share of the area (crop)", a.Crop, 1},
		{"change of brightness", a.Brightness, 1},
		{"change of contrast", a.Contrast, 1},
		{"change of saturation", a.Saturation, 1},
		{"turn of the hue", a.Hue, 0.5},
	} {
		if !(field.value >= 0 && field.value <= field.limit) { // NaN fails as well
			return fmt.Errorf("dataset: augmentation: expected a %s from 0 to %v, found %v", field.name, field.limit, field.value)
		}
	}
	return nil
}

// forAugment is the purpose of the random streams of augmentation.
var forAugment = random.For("augment")

// unit holds pixel/255.
var unit = func() (table [256]float32) {
	for i := range table {
		table[i] = float32(i) / 255
	}
	return table
}()

const (
	splineCells  = 4               // along each axis of the image
	splinePoints = splineCells + 3 // control points along each axis

	// A spline over independent control points of variance 1 has the variance
	// (151/315)² on average: 151/315 is the mean along one axis of the sum of
	// the squares of the four weights.
	splineDeviation = 151. / 315
)

// splineWeights are those of the four control points that reach a pixel.
type splineWeights struct {
	first   int // the first of the four
	weights [4]float32
}

// augmenter applies an augmentation to images of one size.
type augmenter struct {
	Augmentation
	channels, height, width int

	source rand.PCG
	random *rand.Rand // reads source

	rows, columns []splineWeights // [height] and [width]

	// The distortion of the current image.
	matrix   [4]float32 // R/zoom, and the scale of the box, row by row
	offset   [2]float32 // x, y of the original at pixel (0, 0), before displacement
	controls [splinePoints][splinePoints]point
	colours  colourChange
}

// point is a displacement in pixels.
type point struct{ x, y float32 }

func newAugmenter(a Augmentation, channels, height, width int) *augmenter {
	g := &augmenter{Augmentation: a, channels: channels, height: height, width: width,
		rows: splineTable(height), columns: splineTable(width)}
	g.random = rand.New(&g.source)
	return g
}

// splineTable returns the weights of the uniform cubic B-spline at n pixels
// that span the cells.
func splineTable(n int) []splineWeights {
	table := make([]splineWeights, n)
	for i := range table {
		position := splineCells * float64(i) / float64(max(n-1, 1))
		cell := min(int(position), splineCells-1)
		t := position - float64(cell)
		table[i] = splineWeights{cell, [4]float32{
			float32((1 - t) * (1 - t) * (1 - t) / 6),
			float32((3*t*t*t - 6*t*t + 4) / 6),
			float32((-3*t*t*t + 3*t*t + 3*t + 1) / 6),
			float32(t * t * t / 6),
		}}
	}
	return table
}

// apply writes a distorted image, [channels, height, width] in units of 255, to
// dst. The distortion depends on the key (seed, epoch, sample) alone.
func (g *augmenter) apply(dst []float32, src []byte, seed uint64, epoch, sample int) {
	random.Seed(&g.source, seed, forAugment, epoch, sample)
	g.draw()
	var controls [splinePoints]point // of the current row
	for y := range g.height {
		if g.Elastic > 0 {
			g.interpolateRow(&controls, y)
		}
		g.row(dst, src, y, &controls)
	}
	if g.colours != unchanged {
		g.colours.apply(dst, g.channels)
	}
}

// uniform draws a number from -limit to limit.
func (g *augmenter) uniform(limit float64) float64 { return limit * (2*g.random.Float64() - 1) }

// draw chooses a distortion. What was added after the first versions draws last, and
// only where it is asked for: so old runs keep their bits.
func (g *augmenter) draw() {
	shiftX, shiftY := g.uniform(g.Shift), g.uniform(g.Shift)
	sin, cos := math.Sincos(g.uniform(g.Rotation) * math.Pi / 180)
	zoom := 1 + g.uniform(g.Zoom)
	sin, cos = sin/zoom, cos/zoom
	g.matrix = [4]float32{float32(cos), float32(-sin), float32(sin), float32(cos)}

	centreX, centreY := float64(g.width-1)/2, float64(g.height-1)/2
	x, y := centreX+shiftX, centreY+shiftY
	g.offset[0] = float32(centreX - cos*x + sin*y)
	g.offset[1] = float32(centreY - sin*x - cos*y)

	if g.Elastic > 0 {
		deviation := g.Elastic / splineDeviation
		for i := range g.controls {
			for j := range g.controls[i] {
				g.controls[i][j].x = float32(deviation * g.random.NormFloat64())
				g.controls[i][j].y = float32(deviation * g.random.NormFloat64())
			}
		}
	}
	if g.Flip && g.random.Uint64()&1 == 1 {
		g.compose(box{float64(g.width), 0, -float64(g.width), float64(g.height)})
	}
	if g.Crop > 0 {
		g.compose(g.drawBox())
	}
	g.drawColours()
}

// box is a part of an image, whose pixel (x, y) fills x to x+1 and y to y+1: from its
// left to left+width, which is further left where it is mirrored.
type box struct{ left, top, width, height float64 }

// drawBox chooses the box of a crop, as torchvision's RandomResizedCrop does: its share
// of the area is uniform, the logarithm of its proportions, beside those of the image,
// uniform up to 4/3 either way, and its place uniform. One that does not fit into the
// image is chosen again, at most ten times: then it is the whole.
func (g *augmenter) drawBox() box {
	const tries = 10
	width, height := float64(g.width), float64(g.height)
	for range tries {
		share := g.Crop + (1-g.Crop)*g.random.Float64()
		proportions := math.Exp(g.uniform(math.Log(4. / 3)))
		b := box{width: width * math.Sqrt(share*proportions), height: height * math.Sqrt(share/proportions)}
		if b.width <= width && b.height <= height {
			b.left, b.top = (width-b.width)*g.random.Float64(), (height-b.height)*g.random.Float64()
			return b
		}
	}
	return box{0, 0, width, height}
}

// compose shows a box of the image that the current distortion makes, in its place.
func (g *augmenter) compose(b box) {
	scaleX, scaleY := b.width/float64(g.width), b.height/float64(g.height)
	// The centre of pixel (0, 0).
	x, y := b.left+scaleX/2-0.5, b.top+scaleY/2-0.5
	m := &g.matrix
	g.offset[0] += float32(float64(m[0])*x + float64(m[1])*y)
	g.offset[1] += float32(float64(m[2])*x + float64(m[3])*y)
	*m = [4]float32{m[0] * float32(scaleX), m[1] * float32(scaleY), m[2] * float32(scaleX), m[3] * float32(scaleY)}
}

// interpolateRow carries the control points to row y of the image.
func (g *augmenter) interpolateRow(controls *[splinePoints]point, y int) {
	s := &g.rows[y]
	*controls = [splinePoints]point{}
	for i, weight := range s.weights {
		for j, control := range &g.controls[s.first+i] {
			controls[j].x += weight * control.x
			controls[j].y += weight * control.y
		}
	}
}

// row resamples row y of all channels.
func (g *augmenter) row(dst []float32, src []byte, y int, controls *[splinePoints]point) {
	m, plane := g.matrix, g.height*g.width
	startX, startY := g.offset[0]+m[1]*float32(y), g.offset[1]+m[3]*float32(y)
	right, bottom := float32(g.width-1), float32(g.height-1)
	dst = dst[y*g.width:]
	for x := range g.width {
		sourceX, sourceY := startX+m[0]*float32(x), startY+m[2]*float32(x)
		if g.Elastic > 0 {
			s := &g.columns[x]
			c := controls[s.first : s.first+4 : s.first+4]
			w := &s.weights
			sourceX += w[0]*c[0].x + w[1]*c[1].x + w[2]*c[2].x + w[3]*c[3].x
			sourceY += w[0]*c[0].y + w[1]*c[1].y + w[2]*c[2].y + w[3]*c[3].y
		}
		sourceX, sourceY = within(sourceX, right), within(sourceY, bottom)
		x0, y0 := int(sourceX), int(sourceY)
		right, below := 1, g.width // to the next pixels, which are the same at the border
		if x0 == g.width-1 {
			right = 0
		}
		if y0 == g.height-1 {
			below = 0
		}
		tx, ty := sourceX-float32(x0), sourceY-float32(y0)
		for channel := range g.channels {
			from := src[channel*plane+y0*g.width+x0:]
			a, b := unit[from[0]], unit[from[right]]
			c, d := unit[from[below]], unit[from[below+right]]
			a += tx * (b - a)
			c += tx * (d - c)
			dst[channel*plane+x] = a + ty*(c-a)
		}
	}
}

// within returns the nearest number to x from 0 to limit. Go's min and max,
// which know NaNs, take longer.
func within(x, limit float32) float32 {
	if x < 0 {
		return 0
	}
	if x > limit {
		return limit
	}
	return x
}
