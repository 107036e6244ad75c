package dataset

import (
	"cmp"
	"fmt"
	"image"
	"math"
	"slices"
)

// figure is a character, pixel by pixel.
type figure struct {
	box image.Rectangle // around it, in the ink plane
	ink *inkPlane       // with nothing else on it
}

// findFigure returns the one character that the ink is.
func findFigure(ink *inkPlane) (*figure, error) {
	parts, err := ink.writing()
	if err != nil {
		return nil, err
	}
	groups := parts.groups()
	if len(groups) == 0 {
		return nil, fmt.Errorf("%w, but for what meets the border in many places, as a table does: crop the picture to the digit", ErrNoInk)
	}
	main, others, elsewhere := groups[0], 0, 0.0
	for _, group := range groups[1:] {
		if parts.ends(group) == 0 { // what reaches in from beyond the picture is not of its writing
			elsewhere += group.mass
		}
		if group.mass > 0.15*main.mass && longer(group.box) > 0.4*longer(main.box) {
			others++
		}
	}
	if longer(main.box) < leastFigure*math.Sqrt(float64(ink.width*ink.height)) {
		return nil, fmt.Errorf("%w (found specks)", ErrNoInk)
	}
	if main.box.Dx() > widest*main.box.Dy() {
		return nil, fmt.Errorf("found a line, or several figures in one, %d times as wide as high: crop the picture to one digit, upright", main.box.Dx()/main.box.Dy())
	}
	if others > 0 {
		return nil, fmt.Errorf("found %d separate figures: crop the picture to one", others+1)
	}
	if elsewhere > 2*main.mass {
		return nil, fmt.Errorf("found ink in %d places, most of it outside the largest figure: crop the picture to one digit", len(groups))
	}
	return &figure{main.box, parts.only(main)}, nil
}

// writing returns the parts that the ink has, without what is printed or drawn around
// them.
func (ink *inkPlane) writing() (*components, error) {
	parts := ink.components(max(0.4, ink.noise))
	// Printed lines are lighter than what is written, as a rule; a higher threshold
	// parts the two. Of pencil on rough paper it makes more parts.
	for _, threshold := range []float32{0.55, 0.7} {
		const little = 10
		clutter := parts.clutter()
		if clutter < little {
			break
		}
		if higher := ink.components(max(threshold, ink.noise)); 2*higher.clutter() < clutter {
			parts = higher
		}
	}
	if parts.dropLines(); len(parts.list) == 0 {
		return nil, fmt.Errorf("%w, or it touches lines that reach across the picture: write on plain paper, or crop the picture", ErrNoInk)
	}
	if parts.dropSpecks(); len(parts.list) > mostParts {
		return nil, fmt.Errorf("found ink in %d places: crop the picture to one digit", len(parts.list))
	}
	parts.dropRing()
	return parts, nil
}

// leastFigure is the length of what is more than a speck, relative to the picture's
// side.
const leastFigure = 0.025

// widest is above the width of characters, relative to their height: MNIST's are at
// most 2.5 times as wide as high.
const widest = 3

// mostParts is above the number of parts of any character: in pencil on rough paper,
// one has tens.
const mostParts = 200

func longer(r image.Rectangle) float64 { return float64(max(r.Dx(), r.Dy())) }

// component is a connected part of what is above a threshold.
type component struct {
	label int
	box   image.Rectangle
	mass  float64 // sum of its ink
}

// crosses tells whether the part reaches from one border to the opposite one.
func (c component) crosses(ink *inkPlane) bool {
	const least = 40 // in a smaller picture nearly everything does
	return min(ink.width, ink.height) > least && (c.box.Dx() >= ink.width-2 || c.box.Dy() >= ink.height-2)
}

// components are the connected parts of a plane.
type components struct {
	ink    *inkPlane
	labels []int // [height, width]: 0 is none
	list   []component
}

// components finds the parts that are above the threshold, neighbours being those
// at corners, too.
func (ink *inkPlane) components(threshold float32) *components {
	found := &components{ink: ink, labels: make([]int, len(ink.ink))}
	var stack []int
	for start, v := range ink.ink {
		if v < threshold || found.labels[start] != 0 {
			continue
		}
		c := component{label: len(found.list) + 1}
		found.labels[start] = c.label
		stack = append(stack[:0], start)
		for len(stack) > 0 {
			i := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			x, y := i%ink.width, i/ink.width
			c.mass += float64(ink.ink[i])
			c.box = c.box.Union(image.Rect(x, y, x+1, y+1))
			for ny := max(0, y-1); ny <= min(ink.height-1, y+1); ny++ {
				for nx := max(0, x-1); nx <= min(ink.width-1, x+1); nx++ {
					if n := ny*ink.width + nx; found.labels[n] == 0 && ink.ink[n] >= threshold {
						found.labels[n] = c.label
						stack = append(stack, n)
					}
				}
			}
		}
		found.list = append(found.list, c)
	}
	return found
}

// largest returns the part with most ink, the zero value if there is none.
func (p *components) largest() (largest component) {
	for _, c := range p.list {
		if c.mass > largest.mass {
			largest = c
		}
	}
	return largest
}

// dropLines drops printed lines: what reaches across the picture, unless it is the
// one thing on it.
func (p *components) dropLines() {
	var kept, across []component
	mass := 0.0
	for _, c := range p.list {
		if c.crosses(p.ink) {
			across = append(across, c)
		} else {
			kept = append(kept, c)
			mass += c.mass
		}
	}
	if len(across) != 1 || mass > 0.25*across[0].mass {
		p.list = kept
	}
}

// clutter is the number of parts that are no specks, very many if the largest crosses
// the picture.
func (p *components) clutter() int {
	largest := p.largest()
	if largest.crosses(p.ink) {
		return math.MaxInt / 2
	}
	count := 0
	for _, c := range p.list {
		if c.mass >= leastPart*largest.mass {
			count++
		}
	}
	return count
}

// leastPart is the ink of what is more than a speck, relative to that of the largest
// part.
const leastPart = 0.02

// dropSpecks drops what is small beside the largest part.
func (p *components) dropSpecks() {
	least := leastPart * p.largest().mass
	p.list = slices.DeleteFunc(p.list, func(c component) bool { return c.mass < least })
}

// dropRing drops a circle or a box that is drawn around what is written. It is no 0:
// wider, and what is inside is more than a dot.
func (p *components) dropRing() {
	var ring component
	for _, c := range p.list {
		if longer(c.box) > longer(ring.box) {
			ring = c
		}
	}
	inside := image.Rectangle{}
	for _, c := range p.list {
		if c.box.In(ring.box.Inset(1)) {
			inside = inside.Union(c.box)
		}
	}
	pen := ring.mass / float64(2*ring.box.Dx()+2*ring.box.Dy())
	if longer(inside) < 4*pen || 4*ring.box.Dx() < 3*ring.box.Dy() || !p.surrounds(ring, inside.Min.Add(inside.Max).Div(2)) {
		return
	}
	p.list = slices.DeleteFunc(p.list, func(c component) bool { return c.label == ring.label })
}

// surrounds tells whether a part is met from a point in all of eight directions.
func (p *components) surrounds(ring component, from image.Point) bool {
	for direction := range 9 {
		step := image.Pt(direction%3-1, direction/3-1)
		at := from
		for step != (image.Point{}) && p.labels[at.Y*p.ink.width+at.X] != ring.label {
			if at = at.Add(step); !at.In(ring.box) {
				return false
			}
		}
	}
	return true
}

// ends counts how often a group meets the border.
func (p *components) ends(g group) int {
	border, _ := (&plane{p.ink.width, p.ink.height, nil}).ring()
	count := 0
	for i, at := range border {
		if g.labels[p.labels[at]] && !g.labels[p.labels[border[(i+1)%len(border)]]] {
			count++
		}
	}
	return count
}

// mostEnds is above the number of ends that characters have at the border of a tight
// crop. Nets of lines, spiral bindings and the grain of a table have more.
const mostEnds = 6

// group is one or several components that are near each other.
type group struct {
	component
	labels  map[int]bool
	longest float64 // side of a component's box
}

// groups joins parts that are near each other, such as the bar of a 5 and the rest,
// and returns the groups that may be a character, that with most ink first.
func (p *components) groups() []group {
	var groups []group
	for _, c := range p.list {
		groups = append(groups, group{c, map[int]bool{c.label: true}, longer(c.box)})
	}
	for joined := true; joined; {
		joined = false
		for i := 0; i < len(groups); i++ {
			for j := i + 1; j < len(groups); j++ {
				if !near(groups[i], groups[j]) {
					continue
				}
				groups[i].mass += groups[j].mass
				groups[i].longest = max(groups[i].longest, groups[j].longest)
				groups[i].box = groups[i].box.Union(groups[j].box)
				for label := range groups[j].labels {
					groups[i].labels[label] = true
				}
				groups = append(groups[:j], groups[j+1:]...)
				joined, j = true, j-1
			}
		}
	}
	groups = slices.DeleteFunc(groups, func(g group) bool { return p.ends(g) > mostEnds })
	slices.SortStableFunc(groups, func(a, b group) int { return cmp.Compare(b.mass, a.mass) })
	return groups
}

// near tells whether two groups are parts of one character: a gap between them that
// is narrow for their size.
func near(a, b group) bool {
	size := max(a.longest, b.longest)
	gapX := float64(max(a.box.Min.X-b.box.Max.X, b.box.Min.X-a.box.Max.X))
	gapY := float64(max(a.box.Min.Y-b.box.Max.Y, b.box.Min.Y-a.box.Max.Y))
	besides := gapX > -0.25*float64(min(a.box.Dx(), b.box.Dx()))
	if besides && float64(min(a.box.Dy(), b.box.Dy())) > 0.6*size {
		return false // two digits side by side
	}
	return max(gapX, gapY) <= 0.15*size
}

// only returns the ink of a group, what is fainter at its edges included.
func (p *components) only(g group) *inkPlane {
	only := &inkPlane{p.ink.width, p.ink.height, make([]float32, len(p.ink.ink)), p.ink.noise}
	const reach = 2
	for i, label := range p.labels {
		if label == 0 || !g.labels[label] {
			continue
		}
		x, y := i%only.width, i/only.width
		for ny := max(0, y-reach); ny <= min(only.height-1, y+reach); ny++ {
			for nx := max(0, x-reach); nx <= min(only.width-1, x+reach); nx++ {
				if n := ny*only.width + nx; p.labels[n] == 0 || g.labels[p.labels[n]] {
					only.ink[n] = p.ink.ink[n]
				}
			}
		}
	}
	return only
}

// Strokes of figures, relative to MNIST's 20 pixels.
const (
	fineness    = 8                   // pixels of the drawing to one of MNIST's
	fineSide    = digitBox * fineness // the longer side of a figure before strokes get wider
	leastStroke = 2.2 * fineness
)

// prepare returns the figure as MNIST has it. Its images were scaled from black and
// white ones, which made them grey: so is the figure.
func (f *figure) prepare() []byte {
	scale := fineSide / longer(f.box)
	const margin = 2 * fineness
	drawing := &plane{width: int(math.Round(scale*float64(f.box.Dx()))) + 2*margin, height: int(math.Round(scale*float64(f.box.Dy()))) + 2*margin}
	drawing.values = make([]float32, drawing.width*drawing.height)
	inside := make([]bool, len(drawing.values))
	for y := range drawing.height {
		for x := range drawing.width {
			sx := float64(f.box.Min.X) + (float64(x-margin)+0.5)/scale - 0.5
			sy := float64(f.box.Min.Y) + (float64(y-margin)+0.5)/scale - 0.5
			inside[y*drawing.width+x] = f.ink.at(sx, sy) >= 0.5
		}
	}
	drawing.thicken(inside)
	return drawing.intoImage()
}

// at interpolates the ink bilinearly; there is none outside the plane.
func (ink *inkPlane) at(x, y float64) float32 {
	left, top := int(math.Floor(x)), int(math.Floor(y))
	u, v := float32(x-float64(left)), float32(y-float64(top))
	value := func(x, y int) float32 {
		if x < 0 || y < 0 || x >= ink.width || y >= ink.height {
			return 0
		}
		return ink.ink[y*ink.width+x]
	}
	return (1-v)*((1-u)*value(left, top)+u*value(left+1, top)) + v*((1-u)*value(left, top+1)+u*value(left+1, top+1))
}

// thicken sets the values to 1 inside the figure, and around it as far as it takes
// for strokes of the least width. The mean distance from the edge within a stroke
// is a quarter of its width.
func (p *plane) thicken(inside []bool) {
	sum, count := float32(0), 0
	for i, d := range p.distances(inside, false) {
		if inside[i] {
			sum += d
			count++
		}
	}
	width := 4 * sum / float32(max(1, count))
	grow := max(0, (leastStroke-width)/2)
	for i, d := range p.distances(inside, true) {
		p.values[i] = max(0, min(1, grow-d+0.5))
	}
}

// distances returns that of each pixel to the nearest where inside is as wanted,
// about: by steps along axes and diagonals (Borgefors, Computer Vision, Graphics,
// and Image Processing 1986). It is half a pixel less, so that it is 0 at the edge.
func (p *plane) distances(inside []bool, wanted bool) []float32 {
	const diagonal = math.Sqrt2
	d := make([]float32, len(inside))
	for i, v := range inside {
		if v != wanted {
			d[i] = float32(p.width + p.height)
		}
	}
	step := func(x, y, dx, dy int, length float32) {
		if nx, ny := x+dx, y+dy; nx >= 0 && ny >= 0 && nx < p.width && ny < p.height {
			d[y*p.width+x] = min(d[y*p.width+x], d[ny*p.width+nx]+length)
		}
	}
	for i := range d {
		x, y := i%p.width, i/p.width
		step(x, y, -1, 0, 1)
		step(x, y, -1, -1, diagonal)
		step(x, y, 0, -1, 1)
		step(x, y, 1, -1, diagonal)
	}
	for i := len(d) - 1; i >= 0; i-- {
		x, y := i%p.width, i/p.width
		step(x, y, 1, 0, 1)
		step(x, y, 1, 1, diagonal)
		step(x, y, 0, 1, 1)
		step(x, y, -1, 1, diagonal)
	}
	for i := range d {
		d[i] = max(0, d[i]-0.5)
	}
	return d
}

// intoImage scales the drawing into the box, and moves the centre of mass to the
// middle by whole pixels, as MNIST's was.
func (p *plane) intoImage() []byte {
	box := image.Rectangle{}
	for i, v := range p.values {
		if v >= 0.5 {
			box = box.Union(image.Rect(i%p.width, i/p.width, i%p.width+1, i/p.width+1))
		}
	}
	scale := digitBox / longer(box)
	width, height := max(1, int(math.Round(scale*float64(box.Dx())))), max(1, int(math.Round(scale*float64(box.Dy()))))
	crop := make([]float32, 0, box.Dx()*box.Dy())
	for y := box.Min.Y; y < box.Max.Y; y++ {
		crop = append(crop, p.values[y*p.width+box.Min.X:y*p.width+box.Max.X]...)
	}
	small := averageAreas(crop, box.Dx(), box.Dy(), width, height)
	var mass, sumX, sumY float64
	for i, v := range small {
		mass += float64(v)
		sumX += float64(v) * float64(i%width)
		sumY += float64(v) * float64(i/width)
	}
	left := digitCentre - int(math.Round(sumX/mass))
	top := digitCentre - int(math.Round(sumY/mass))
	left, top = max(0, min(digitSide-width, left)), max(0, min(digitSide-height, top))
	full := slices.Max(small) // about 1; a little less where no pixel is all within a stroke
	pixels := make([]byte, digitSide*digitSide)
	for i, v := range small {
		pixels[(top+i/width)*digitSide+left+i%width] = byte(math.Round(float64(255 * v / full)))
	}
	return pixels
}
