package dataset

import (
	"fmt"
	"math"
	"slices"
)

// numbers are those of an IDX file or of an array of NumPy's, from which images and
// labels are made.
type numbers struct {
	from        string // where they are from, as errors begin
	start, size int    // of an IDX file: the offset of the first element, the bytes of an element

	shape  []int
	bytes  []byte    // [shape...]: unsigned bytes
	values []float32 // [shape...]: in their place, numbers of other types
	floats bool      // they are floating-point numbers, or booleans
}

// at says where element i is.
func (n numbers) at(i int) string {
	if n.size > 0 {
		return fmt.Sprintf("offset %d", n.start+i*n.size)
	}
	return fmt.Sprintf("element %d", i)
}

func (n numbers) errorf(format string, args ...any) error {
	return fmt.Errorf("%s: %s", n.from, fmt.Sprintf(format, args...))
}

// imageNotes say how numbers became pixels.
type imageNotes struct {
	scale        string // of floating-point numbers: unitScale or byteScale
	channelsLast bool
	black        bool // no pixel is above 1
}

const (
	unitScale = "0 to 1"
	byteScale = "0 to 255"
)

// say returns what a user may not expect.
func (n imageNotes) say() (said []string) {
	switch n.scale {
	case unitScale:
		said = append(said, "the images are numbers from 0 to 1, which were multiplied by 255")
	case byteScale:
		said = append(said, "the images are floating-point numbers from 0 to 255, which were rounded")
	}
	if n.channelsLast {
		said = append(said, "the images have their channels last, which were moved before height and width")
	}
	if n.black {
		said = append(said, "the images are all but black: no pixel is above 1 of 255; if 1 means white, multiply them by 255")
	}
	return said
}

// notedImages are images, and how they were made.
type notedImages struct {
	*Images
	imageNotes
}

func (s notedImages) slice(i, j int) notedImages { return notedImages{s.Slice(i, j), s.imageNotes} }

// newImages makes a set without names of classes.
func newImages(x, y numbers) (notedImages, error) {
	set, notes, err := x.images()
	if err != nil {
		return notedImages{}, err
	}
	set.Labels, err = y.labels(x.shape[0])
	return notedImages{set, notes}, err
}

// images makes images of [count, height, width] or [count, channels, height, width].
func (n numbers) images() (set *Images, notes imageNotes, err error) {
	shape := slices.Clone(n.shape)
	if len(shape) == 3 {
		shape = slices.Insert(shape, 1, 1)
	}
	if len(shape) != 4 {
		return nil, notes, n.errorf("expected images of [count, height, width] or [count, channels, height, width], found the shape %v: rows of numbers need a height and a width", n.shape)
	}
	for _, side := range shape[1:] {
		if side < 1 || side > maxSide {
			return nil, notes, n.errorf("expected a height, width or number of channels from 1 to %d, found the shape %v", maxSide, n.shape)
		}
	}
	if shape[0] < 1 {
		return nil, notes, n.errorf("expected at least one image, found the shape %v", n.shape)
	}
	pixels, scale, err := n.pixels()
	if err != nil {
		return nil, notes, err
	}
	notes.scale = scale
	notes.black = !slices.ContainsFunc(pixels, func(p byte) bool { return p > 1 })
	notes.channelsLast = channelsLast(shape)
	if notes.channelsLast {
		pixels = channelsFirst(pixels, shape[1]*shape[2], shape[3])
		shape = []int{shape[0], shape[3], shape[1], shape[2]}
	}
	return &Images{Channels: shape[1], Height: shape[2], Width: shape[3], Pixels: pixels}, notes, nil
}

// channelsLast tells whether images of four dimensions have 1, 3 or 4 channels at the
// end, and no such number in the place where channels belong.
func channelsLast(shape []int) bool {
	first, last := shape[1], shape[3]
	return first != 1 && first != 3 && (last == 1 || last == 3 || last == 4 && first > 4)
}

// channelsFirst moves the channels of images of [height·width, channels] to the front.
func channelsFirst[T any](pixels []T, plane, channels int) []T {
	moved := make([]T, len(pixels))
	for start := 0; start < len(pixels); start += plane * channels {
		image, to := pixels[start:start+plane*channels], moved[start:]
		for i, p := range image {
			to[i%channels*plane+i/channels] = p
		}
	}
	return moved
}

// pixels turns numbers into bytes, and returns the scale of floating-point numbers.
func (n numbers) pixels() (pixels []byte, scale string, err error) {
	if n.bytes != nil {
		return n.bytes, "", nil
	}
	brightest := float32(0)
	for i, v := range n.values {
		if !(v >= 0 && v <= 255) { // nor NaN
			return nil, "", n.errorf("%s: expected a pixel from 0 to 255, or 0 to 1 in a file of floating-point numbers, found %v: undo a normalization, and store signed bytes that mean 128 to 255 as unsigned ones", n.at(i), v)
		}
		brightest = max(brightest, v)
	}
	factor := float32(1)
	switch {
	case !n.floats:
	case brightest <= 1:
		scale, factor = unitScale, 255
	case brightest >= 128:
		scale = byteScale
	default:
		return nil, "", n.errorf("expected floating-point numbers from 0 to 1 or from 0 to 255, found none above %v, which may mean either: scale them, or store pixels as unsigned bytes", brightest)
	}
	pixels = make([]byte, len(n.values))
	for i, v := range n.values {
		pixels[i] = byte(math.Round(float64(v * factor)))
	}
	return pixels, scale, nil
}

// maxClasses bounds labels: larger ones are no numbers of classes.
const maxClasses = 100_000

// labels returns the labels of count images: [count], [count, 1], rows of zeros with
// a 1 at the label, or rows of QMNIST's.
func (n numbers) labels(count int) ([]int32, error) {
	if len(n.shape) == 0 || n.shape[0] != count || slices.Contains(n.shape, 0) {
		at, found := "", 0
		if n.size > 0 {
			at = "offset 4: "
		}
		if len(n.shape) > 0 {
			found = n.shape[0]
		}
		return nil, n.errorf("%sexpected %d labels, one for each image or sample, found %d, of the shape %v", at, count, found, n.shape)
	}
	values := n.values
	if n.bytes != nil {
		values = make([]float32, len(n.bytes))
		for i, b := range n.bytes {
			values[i] = float32(b)
		}
	}
	columns := len(values) / count
	if columns > maxClasses {
		return nil, n.errorf("expected at most %d classes, found the shape %v", maxClasses, n.shape)
	}
	if columns > 1 {
		labels, wrong := oneHot(values, columns)
		if wrong < 0 {
			return labels, nil
		}
		// QMNIST: the class, the part of NIST's, the writer and five more numbers, of
		// which the fifth is never 0 or 1.
		if len(n.shape) != 2 || columns != 8 || n.size != 4 || n.floats {
			return nil, n.errorf("%s: expected one label an image, or a row of zeros with a single 1 at the label, found %v in a file of %v", n.at(wrong*columns), values[wrong*columns:][:min(columns, 12)], n.shape)
		}
	}
	labels := make([]int32, count)
	for i := range labels {
		v := values[i*columns]
		if !(v >= 0 && v < maxClasses) || v != float32(int32(v)) {
			return nil, n.errorf("%s: expected a label that is a whole number from 0 to %d, found %v", n.at(i*columns), maxClasses-1, v)
		}
		labels[i] = int32(v)
	}
	return labels, nil
}

// oneHot returns where the 1 of each row is, and the first row that is not one of
// zeros and a 1, or -1.
func oneHot(values []float32, columns int) (labels []int32, wrong int) {
	for row := range len(values) / columns {
		label := -1
		for i, v := range values[row*columns : (row+1)*columns] {
			if v == 1 && label < 0 {
				label = i
			} else if v != 0 {
				return nil, row
			}
		}
		if label < 0 {
			return nil, row
		}
		labels = append(labels, int32(label))
	}
	return labels, -1
}
