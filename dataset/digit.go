package dataset

import "image"

// PrepareDigit stands in until the real one is there.
func PrepareDigit(picture image.Image) ([]byte, bool, error) {
	values, err := Stretch(picture, 1, 28, 28)
	return values, err == nil && InvertPaper(values, 1, 28, 28), err
}
