package predict

import (
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"slices"

	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/nn"
)

// Preparation says how a picture becomes the input of a network or a machine.
type Preparation string

// The ways. Values are from 0 to 1 in all of them.
const (
	// Digit prepares a figure as MNIST's were ([dataset.PrepareDigit]): the ink is
	// told from the paper, cropped, scaled into 20×20 and centred in 28×28. It is that
	// of networks and machines that were trained on grey IDX images of 28×28 whose
	// figures have a margin: MNIST's, QMNIST's and EMNIST's.
	Digit Preparation = "digit"
	// Ink stretches the picture to the input, whatever its proportions, and turns one
	// of a single channel around whose border is bright ([dataset.InvertPaper]). It is
	// that of Fashion-MNIST, KMNIST and other IDX images.
	Ink Preparation = "ink"
	// Stretched stretches the picture to the input, and leaves it as bright and dark
	// as it is ([dataset.ReadPixels]). It is that of folders of pictures.
	Stretched Preparation = "stretched"
	// Covered is Stretched for pictures that keep their proportions: they are scaled to
	// cover the input, and the middle is taken ([dataset.Cover]).
	Covered Preparation = "covered"
)

func (p Preparation) String() string {
	switch p {
	case Digit:
		return "for a figure, cropped and centred as MNIST's are"
	case Ink:
		return "for bright on black, stretched to the size"
	case Covered:
		return "as bright as they are, the middle of them"
	}
	return "as bright as they are, stretched to the size"
}

func parsePreparation(text string) (Preparation, error) {
	p := Preparation(text)
	if !slices.Contains([]Preparation{Digit, Ink, Stretched, Covered}, p) {
		return "", errors.New("want digit, ink, stretched or covered")
	}
	return p, nil
}

// preparationOf returns that of networks and machines which are trained on a data
// set: Digit where its images look as MNIST's do.
func preparationOf(data *dataset.Dataset) Preparation {
	switch {
	case data.Pictures && data.Cover:
		return Covered
	case data.Pictures:
		return Stretched
	case areFigures(data.Train):
		return Digit
	}
	return Ink
}

// areFigures tells whether images are figures with a margin, as those of MNIST and
// EMNIST are: of 28×28, grey, and nearly all with a blank pixel all around, which 98.7%
// of MNIST's have and 0.4% of Fashion-MNIST's; textures and characters that fill the
// image have none.
func areFigures(source dataset.Source) bool {
	const looked, dark = 1000, 16
	images, ok := source.(*dataset.Images)
	if !ok || !isFigure([]int{images.Channels, images.Height, images.Width}) {
		return false
	}
	n, framed := min(images.Len(), looked), 0
	for i := range n {
		pixels := images.Pixels[i*images.Height*images.Width:][:images.Height*images.Width]
		blank := true
		for at, v := range pixels {
			y, x := at/images.Width, at%images.Width
			inside := y > 0 && y < images.Height-1 && x > 0 && x < images.Width-1
			blank = blank && (inside || v < dark)
		}
		if blank {
			framed++
		}
	}
	return framed >= n-n/10
}

// isFigure tells whether images of a shape are likely to be MNIST's kin.
func isFigure(shape []int) bool { return slices.Equal(shape, []int{1, 28, 28}) }

// likelyPreparation is that of a file that does not say any.
func (p *Predictor) likelyPreparation() Preparation {
	switch {
	case p.Data == "fashion":
		return Ink
	case isFigure(p.Input):
		return Digit
	case p.idx:
		return Ink
	}
	return Stretched
}

// Prepared is a picture as a network or machine sees it.
type Prepared struct {
	Input    []float32 // [channels, height, width]
	Inverted bool      // dark on bright in the picture, and turned around
}

// Picture reads a file of a picture, as [dataset.ReadPicture] does, and answers.
func (p *Predictor) Picture(path string) (Answer, error) {
	picture, err := dataset.ReadPicture(path)
	if err != nil {
		return Answer{}, err
	}
	answer, _, err := p.Image(picture)
	if err != nil {
		return Answer{}, fmt.Errorf("%s: %w", path, err)
	}
	return answer, nil
}

// Image answers for a picture, and returns what the network or machine saw.
func (p *Predictor) Image(picture image.Image) (Answer, Prepared, error) {
	prepared, err := p.Prepare(picture)
	if err != nil {
		return Answer{}, prepared, err
	}
	answer, err := p.Answer(prepared.Input)
	return answer, prepared, err
}

// Prepare makes an input of a picture, as Preparation says, with values from 0 to 1,
// unless they are standardised ([Predictor.Standardize]). It fails if the file takes no
// pictures, and if there is no figure in one that should have one.
func (p *Predictor) Prepare(picture image.Image) (Prepared, error) {
	prepared, err := p.unit(picture)
	if err == nil {
		err = p.standardization.Apply(prepared.Input, p.Input)
	}
	return prepared, err
}

// unit is Prepare with values from 0 to 1.
func (p *Predictor) unit(picture image.Image) (Prepared, error) {
	if picture == nil {
		return Prepared{}, errors.New("predict: there is no picture (nil)")
	}
	if len(p.Input) != 3 {
		return Prepared{}, fmt.Errorf("predict: it takes %v numbers, not pictures", p.Input)
	}
	channels, height, width := p.Input[0], p.Input[1], p.Input[2]
	if p.Sideways {
		height, width = width, height
	}
	values, inverted, err := p.prepare(picture, channels, height, width)
	if err != nil {
		return Prepared{}, fmt.Errorf("predict: %w", err)
	}
	input := dataset.Unit(values)
	if p.Sideways {
		input = swapSides(input, height, width)
	}
	return Prepared{input, inverted}, nil
}

// PrepareBytes is Prepare for [dataset.Options], which wants bytes: from 0 to 255, never
// standardised.
func (p *Predictor) PrepareBytes(picture image.Image) ([]byte, error) {
	prepared, err := p.unit(picture)
	if err != nil {
		return nil, err
	}
	values := make([]byte, len(prepared.Input))
	for i, v := range prepared.Input {
		values[i] = byte(255*v + 0.5)
	}
	return values, nil
}

// swapSides returns [channels, height, width] as [channels, width, height].
func swapSides(pixels []float32, height, width int) []float32 {
	swapped := make([]float32, len(pixels))
	for i, v := range pixels {
		plane, y, x := i/(height*width), i/width%height, i%width
		swapped[(plane*width+x)*height+y] = v
	}
	return swapped
}

// prepare returns [channels, height, width], and whether the picture was inverted.
func (p *Predictor) prepare(picture image.Image, channels, height, width int) (values []byte, inverted bool, err error) {
	switch p.Preparation {
	case Digit:
		return dataset.PrepareDigit(picture)
	case Covered:
		values, err = dataset.Cover(picture, channels, height, width)
		return values, false, err
	}
	values, err = dataset.Stretch(picture, channels, height, width)
	if err == nil && p.Preparation == Ink {
		inverted = dataset.InvertPaper(values, channels, height, width)
	}
	return values, inverted, err
}

// imageNote says what images a machine takes, in its notes.
type imageNote struct {
	Data                    string `json:"data"` // that it was fitted to
	Channels, Height, Width int
	Pictures                bool              `json:",omitempty"` // by older versions: Stretched
	Meaning                 map[string]string `json:"meaning,omitempty"`
}

// ImageNotes returns the notes of a machine that is fitted to the images of a data
// set, which was opened with the options.
func ImageNotes(data *dataset.Dataset, options dataset.Options) map[string]string {
	meaning := MeaningOf(data, options)
	channels, height, width := data.Train.Shape()
	meaning.Classes = nil // the machine has them
	text, err := json.Marshal(imageNote{Data: data.Name, Channels: channels, Height: height, Width: width, Meaning: meaning.Notes()})
	if err != nil {
		panic("predict: a note that can't be JSON")
	}
	return map[string]string{ImagesKey: string(text)}
}

// readImages completes a predictor of a machine that takes images.
func (p *Predictor) readImages(text string) error {
	var note imageNote
	if err := json.Unmarshal([]byte(text), &note); err != nil {
		return fmt.Errorf("what is noted about images: %w", err)
	}
	c := p.Machine.Columns
	if note.Channels < 1 || note.Height < 1 || note.Width < 1 || c.Classes == nil || c.Inputs != note.Channels*note.Height*note.Width {
		return fmt.Errorf("the machine has %d inputs and %d classes, but images of %d×%d×%d are noted",
			c.Inputs, len(c.Classes), note.Channels, note.Height, note.Width)
	}
	var err error
	if note.Meaning == nil { // of an older version
		note.Meaning = map[string]string{DataKey: note.Data}
		if note.Pictures {
			note.Meaning[oldPicturesKey] = "true"
		}
	}
	if p.Meaning, err = ReadMeaning(note.Meaning); err != nil {
		return err
	}
	p.Input, p.Classes = nn.Shape{note.Channels, note.Height, note.Width}, c.Classes
	p.complete(len(c.Classes))
	return nil
}
