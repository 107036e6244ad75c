package dataset

import (
	"errors"
	"fmt"
	"image"
	"math"

	"golang.org/x/image/draw"
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
// A picture that is as MNIST's already comes back as it is, or inverted: grey, of
// 28×28 pixels, or square and larger, with a background of one brightness, black or
// white, and a character of the right size in the right place.
//
// The error is [ErrNoInk], wrapped, where nothing is written; others say that a
// picture shows several figures or none that holds together. A picture of anything
// else that is drawn in strokes is taken for a character.
func PrepareDigit(picture image.Image) (pixels []byte, inverted bool, err error) {
	if picture.Bounds().Empty() {
		return nil, false, fmt.Errorf("dataset: a picture without pixels: %w", ErrNoInk)
	}
	if pixels, inverted, found := likeMNIST(picture); found {
		return pixels, inverted, nil
	}
	colours := shrink(picture, workingArea)
	if pixels, inverted, found := enlargedMNIST(colours); found {
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

// likeMNIST returns the pixels of a picture that is one of MNIST's, or of a data
// set of that kind, or the inverse of one.
func likeMNIST(picture image.Image) (pixels []byte, inverted, found bool) {
	bounds := picture.Bounds()
	if bounds.Dx() != digitSide || bounds.Dy() != digitSide {
		return nil, false, false
	}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			if r, g, b, a := picture.At(x, y).RGBA(); r != g || g != b || a != 0xffff {
				return nil, false, false
			}
		}
	}
	grey := image.NewGray(image.Rect(0, 0, digitSide, digitSide))
	draw.Draw(grey, grey.Rect, picture, bounds.Min, draw.Src)
	// Other sets of 28×28 have larger characters than MNIST, and centre them by
	// their boxes.
	return orInverted(grey.Pix, imageRule{background: 0, share: 0.3, bright: 0.05, off: 3, least: 18, most: digitSide})
}

// enlargedMNIST is likeMNIST for a larger picture.
func enlargedMNIST(colours *planes) (pixels []byte, inverted, found bool) {
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
	return orInverted(pixels, imageRule{background: 25, share: 0.5, bright: 0.25, off: 0.75, least: digitBox - 2, most: digitBox + 1})
}

// imageRule says what an image must be to count as one of MNIST's kind.
type imageRule struct {
	background  byte    // the brightest value of the background
	share       float64 // of the image that is background, at least
	bright      float64 // of the ink: how much of it is at least bright, 200
	off         float64 // how far the centre of mass may be off the middle, along an axis
	least, most int     // the longer side of the box around the ink
}

// orInverted returns the pixels or their inverse, whichever follows the rule.
func orInverted(pixels []byte, rule imageRule) (_ []byte, inverted, found bool) {
	if rule.holds(pixels) {
		return pixels, false, true
	}
	for i, v := range pixels {
		pixels[i] = 255 - v
	}
	return pixels, true, rule.holds(pixels)
}

func (rule imageRule) holds(pixels []byte) bool {
	background, bright := 0, 0
	var mass, sumX, sumY float64
	box := image.Rectangle{}
	for i, v := range pixels {
		if v <= rule.background {
			background++
			continue
		}
		x, y := i%digitSide, i/digitSide
		if v >= 200 {
			bright++
		}
		mass, sumX, sumY = mass+float64(v), sumX+float64(v)*float64(x), sumY+float64(v)*float64(y)
		box = box.Union(image.Rect(x, y, x+1, y+1))
	}
	off := max(math.Abs(sumX/mass-digitCentre), math.Abs(sumY/mass-digitCentre)) // NaN without ink
	length := max(box.Dx(), box.Dy())
	return float64(background) >= rule.share*float64(len(pixels)) &&
		float64(bright) >= rule.bright*float64(len(pixels)-background) &&
		off <= rule.off && length >= rule.least && length <= rule.most
}

// digitCentre is the row and column of the centre of mass of MNIST's images: within
// half a pixel of it in each of the 70,000.
const digitCentre = 14
