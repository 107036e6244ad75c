// Package shapes draws pictures of figures to learn from: sets of any size, with
// labels that are right, and equal on every machine, so that two people who name a
// seed speak of the same pictures.
package shapes

import (
	"cmp"
	"slices"
)

// Set is a kind of pictures: its classes, and how they are drawn.
type Set struct {
	name       string
	classes    []class // in the order of their names
	parameters parameters
}

// class is a figure with a pattern on it.
type class struct {
	name   string
	figure region
	second region // where the figure has its second colour; nil for nowhere
}

// parameters say how the pictures of a set differ. Lengths are fractions of a
// picture's side; colours, light and noise have 0 for black and 255 for white.
type parameters struct {
	smallest, largest float64 // radius of the circle that a figure fills
	turn              float64 // largest rotation either way, in turns
	apart             int     // least sum over the channels of two colours' differences
	light             float64 // largest brightness that is added at one corner and taken away at the other
	cast              float64 // standard deviation of what is added to a channel of a picture
	noise             float64 // standard deviation of what is added to a value
	least, most       float64 // bounds of a picture's uniform noise: its values are at most that far off
	quality           int     // of JPEG; 0 for PNG
}

// The two sets. Everything that was chosen is here. It was fixed before a network saw
// a picture and stays, for results on the sets compare only as long as it does.
var (
	// Shapes are ten figures, nearly upright, in two colours with much noise.
	Shapes = &Set{"shapes", plainClasses(shapeFigures), parameters{
		smallest: 0.20, largest: 0.37, turn: 23. / 360,
		apart: 180, cast: 10, noise: 22, quality: 85,
	}}
	// Textures are ten figures with five patterns each, in three colours, turned at
	// will, under light from one side: 50 classes.
	Textures = &Set{"textures", patternedClasses(textureFigures, patterns), parameters{
		smallest: 0.30, largest: 0.45, turn: 0.5,
		apart: 180, light: 60, least: 3, most: 15,
	}}
)

// Side is the height and the width of every picture, in pixels.
const Side = 64

// finer is how many points a pixel's side is drawn with.
const finer = 4

// Classes returns the names of the classes, in their order. A class's number, which
// [Set.Picture] takes, is its place.
func (s *Set) Classes() []string {
	names := make([]string, len(s.classes))
	for i, class := range s.classes {
		names[i] = class.name
	}
	return names
}

// extension returns what the pictures' files end in.
func (s *Set) extension() string {
	if s.parameters.quality > 0 {
		return ".jpg"
	}
	return ".png"
}

func plainClasses(figures []namedRegion) []class {
	var classes []class
	for _, figure := range figures {
		classes = append(classes, class{name: figure.name, figure: figure.region})
	}
	return sorted(classes)
}

func patternedClasses(figures, patterns []namedRegion) []class {
	var classes []class
	for _, figure := range figures {
		for _, pattern := range patterns {
			classes = append(classes, class{figure.name + "-" + pattern.name, figure.region, pattern.region})
		}
	}
	return sorted(classes)
}

// sorted puts classes in the order in which a folder of them is read.
func sorted(classes []class) []class {
	slices.SortFunc(classes, func(a, b class) int { return cmp.Compare(a.name, b.name) })
	return classes
}
