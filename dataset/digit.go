package dataset

import (
	"errors"
	"fmt"
	"image"
	"math"
)

// Sizes of MNIST's images, in pixels.
const (
	digitSide = 28
	digitBox  = 20 // the digit itself
)

// ErrNoInk is what [PrepareDigit] returns for a picture on which nothing is written.
var ErrNoInk = errors.New("no ink found: expected a digit that stands out from what it is written on")

// PrepareDigit makes of a drawing or photograph of a digit, or of another single
// character, what MNIST's images are: 28×28 bytes, 0 the background and 255 full
// ink. The character fits in a box of 20×20 with its proportions, and its centre
// of mass is in the middle of the image (LeCun et al., Proceedings of the IEEE
// 1998, section III.A). Pens that are thinner than MNIST's become as wide.
//
// Ink is what stands out from its surroundings, as thin as a stroke, in whichever
// colour it does so most: neither the light nor the colours of ink and paper
// matter. Of a picture that is partly transparent, what is opaque is the ink if it
// is less than the rest. Inverted tells whether the ink is darker than the paper.
//
// A picture that is as MNIST's already comes back as it is, or inverted: grey, square,
// of 28×28 pixels or more, with a character of the right size in the right place.
//
// Printed lines, a table beside the paper, a spiral binding and a circle or box around
// the character are no ink, as long as it does not touch them.
//
// The error is [ErrNoInk], wrapped, where nothing is written; others say that a
// picture shows several figures, a line, or nothing that holds together. A picture
// of anything else that is drawn in strokes is taken for a character.
func PrepareDigit(picture image.Image) (pixels []byte, inverted bool, err error) {
	if picture.Bounds().Empty() {
		return nil, false, fmt.Errorf("dataset: a picture without pixels: %w", ErrNoInk)
	}
	colours := shrink(picture, workingArea)
	if pixels, inverted, found := likeMNIST(colours); found {
		return pixels, inverted, nil
	}
	ink, dark, err := findInk(colours)
	if err != nil {
		return nil, false, fmt.Errorf("dataset: %w", err)
	}
	figure, err := findFigure(ink)
	if err != nil {
		return nil, false, fmt.Errorf("dataset: %w", err)
	}
	return figure.prepare(), dark, nil
}

// likeMNIST returns the pixels of a picture that is one of MNIST's, or an enlarged
// one, or the inverse of one.
func likeMNIST(colours *planes) (pixels []byte, inverted, found bool) {
	if colours.width != colours.height || colours.width < digitSide || colours.transparent {
		return nil, false, false
	}
	small := colours.resize(digitSide, digitSide)
	pixels = make([]byte, digitSide*digitSide)
	for i := range pixels {
		r, g, b := small.rgb[0][i], small.rgb[1][i], small.rgb[2][i]
		if max(r, g, b)-min(r, g, b) > 1./255 {
			return nil, false, false
		}
		pixels[i] = byte(math.Round(float64(255 * g)))
	}
	if framedAsMNIST(pixels) {
		return pixels, false, true
	}
	for i, v := range pixels {
		pixels[i] = 255 - v
	}
	return pixels, true, framedAsMNIST(pixels)
}

// framedAsMNIST tells whether pixels are a bright character on black of the size, in
// the place and about as sharp as all of MNIST's.
func framedAsMNIST(pixels []byte) bool {
	const black, white = 25, 200 // of what was compressed or scaled, too
	ink, bright := 0, 0
	var mass, sumX, sumY float64
	box := image.Rectangle{}
	for i, v := range pixels {
		if v <= black {
			continue
		}
		x, y := i%digitSide, i/digitSide
		ink++
		if v >= white {
			bright++
		}
		mass, sumX, sumY = mass+float64(v), sumX+float64(v)*float64(x), sumY+float64(v)*float64(y)
		box = box.Union(image.Rect(x, y, x+1, y+1))
	}
	off := max(math.Abs(sumX/mass-digitCentre), math.Abs(sumY/mass-digitCentre)) // NaN without ink
	length := max(box.Dx(), box.Dy())
	return 2*ink <= len(pixels) && 10*bright >= ink && off <= 0.75 && length >= digitBox-2 && length <= digitBox+1
}

// digitCentre is the row and column of the centre of mass of MNIST's images: within
// half a pixel of it in each of the 70,000.
const digitCentre = 14
