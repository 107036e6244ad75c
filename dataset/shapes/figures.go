package shapes

import "math"

// point is a place in a figure's own coordinates: the unit circle is around the
// figure, y points down.
type point struct{ x, y float64 }

// region tells whether a point belongs to a figure, or to a pattern.
type region func(point) bool

type namedRegion struct {
	name string
	region
}

// All products are rounded by a conversion, so that none is fused with a sum: figures
// are the same on every machine. What is made of literals is exact before rounding.

func dot(a, b point) float64 { return float64(a.x*b.x) + float64(a.y*b.y) }

func minus(a, b point) point { return point{a.x - b.x, a.y - b.y} }

// shapeFigures are the ten of [Shapes], as they are before they are turned.
var shapeFigures = []namedRegion{
	{"arrow", polygon(point{-0.95, -0.25}, point{0.1, -0.25}, point{0.1, -0.75}, point{1, 0}, point{0.1, 0.75}, point{0.1, 0.25}, point{-0.95, 0.25})},
	{"circle", disc(0, 0, 1)},
	{"crescent", crescent},
	{"cross", plus},
	{"heart", union(disc(-0.395, -0.185, 0.558), disc(0.395, -0.185, 0.558), polygon(point{0, 1}, point{-0.79, 0.21}, point{0, -0.58}, point{0.79, 0.21}))},
	{"hexagon", polygon(point{1, 0}, point{0.5, halfRoot3}, point{-0.5, halfRoot3}, point{-1, 0}, point{-0.5, -halfRoot3}, point{0.5, -halfRoot3})},
	{"ring", ring},
	{"square", square},
	{"star", star},
	{"triangle", triangle},
}

// textureFigures are the ten of [Textures].
var textureFigures = []namedRegion{
	{"crescent", crescent},
	{"disc", disc(0, 0, 1)},
	{"doublebar", union(box(-0.85, -0.52, 0.85, -0.16), box(-0.85, 0.16, 0.85, 0.52))},
	{"ellipse", func(p point) bool { return dot(p, point{p.x, p.y * 4}) <= 1 }}, // half as high as wide
	{"flower3", flower(trigon[:])},
	{"flower5", flower(pentagon[:])},
	{"plus", plus},
	{"ring", ring},
	{"square", square},
	{"triangle", triangle},
}

// patterns are those of [Textures], in the coordinates of the figure, which they turn
// with: where it has its second colour.
var patterns = []namedRegion{
	{"checks", func(p point) bool { return odd(p.x/0.32) != odd(p.y/0.32) }},
	{"dots", func(p point) bool {
		const apart = 0.42
		return disc(0, 0, 0.14)(minus(p, point{float64(apart * math.Round(p.x/apart)), float64(apart * math.Round(p.y/apart))}))
	}},
	{"plain", nil},
	{"rings", func(p point) bool { return odd(math.Sqrt(dot(p, p)) / 0.18) }},
	{"stripes", func(p point) bool { return odd(p.x / 0.2) }},
}

const halfRoot3 = 0.8660254037844386 // √3/2, the sine of 60°

// trigon has its corners on the unit circle.
var trigon = [3]point{{0, -1}, {halfRoot3, 0.5}, {-halfRoot3, 0.5}}

// pentagon has its corners on the unit circle: the sines and cosines of multiples of 72°.
var pentagon = [5]point{
	{0, -1},
	{0.9510565162951535, -0.30901699437494745},
	{0.5877852522924731, 0.8090169943749475},
	{-0.5877852522924731, 0.8090169943749475},
	{-0.9510565162951535, -0.30901699437494745},
}

var (
	square   = box(-0.707, -0.707, 0.707, 0.707)
	triangle = polygon(trigon[:]...)
	plus     = union(box(-0.33, -0.94, 0.33, 0.94), box(-0.94, -0.33, 0.94, 0.33))
	ring     = difference(disc(0, 0, 1), disc(0, 0, 0.58))
	crescent = difference(disc(0, 0, 1), disc(0.45, 0, 0.82))
	star     = polygon(starCorners()...)
)

// starCorners returns five corners on the unit circle and, between them, five at 0.42
// of its radius, which are opposite to the others.
func starCorners() []point {
	var corners []point
	for i, inner := range scaled(-0.42, pentagon[:]) {
		corners = append(corners, pentagon[(i+2)%5], inner)
	}
	return corners
}

// flower has a petal towards each of these points.
func flower(tips []point) region {
	parts := []region{disc(0, 0, 0.36)}
	for _, petal := range scaled(0.58, tips) {
		parts = append(parts, disc(petal.x, petal.y, 0.4))
	}
	return union(parts...)
}

func scaled(factor float64, points []point) []point {
	var all []point
	for _, p := range points {
		all = append(all, point{factor * p.x, factor * p.y})
	}
	return all
}

func disc(x, y, radius float64) region {
	return func(p point) bool {
		p = minus(p, point{x, y})
		return dot(p, p) <= radius*radius
	}
}

func box(left, top, right, bottom float64) region {
	return func(p point) bool { return p.x >= left && p.x <= right && p.y >= top && p.y <= bottom }
}

// polygon contains the points from which a ray to the right crosses its edge an odd
// number of times.
func polygon(corners ...point) region {
	return func(p point) bool {
		inside := false
		a := corners[len(corners)-1]
		for _, b := range corners {
			if (a.y > p.y) != (b.y > p.y) { // the edge reaches the ray's height
				edge, way := minus(b, a), minus(p, a)
				left := dot(edge, point{way.y, -way.x}) > 0 // p lies left of the edge
				if left == (b.y > a.y) {
					inside = !inside
				}
			}
			a = b
		}
		return inside
	}
}

func union(parts ...region) region {
	return func(p point) bool {
		for _, part := range parts {
			if part(p) {
				return true
			}
		}
		return false
	}
}

func difference(whole, hole region) region {
	return func(p point) bool { return whole(p) && !hole(p) }
}

// odd tells whether x lies in an odd interval: 1 to 2, 3 to 4, -1 to 0.
func odd(x float64) bool { return int(math.Floor(x))&1 != 0 }
