package dataset

import (
	"errors"
	"fmt"
	"slices"
)

// Description says what a dataset holds.
type Description struct {
	Folder   string // as [Locate] returns it
	Pictures bool   // it is a folder of pictures

	Train, Test, Validation int // images
	Channels, Height, Width int // Height and Width are 0 if the pictures have several sizes

	// Middle is the median height and the median width of the pictures of a folder, as
	// they are.
	Middle [2]int

	Classes []ClassCount

	// Said tells what is passed over, as in [Dataset].
	Said []string
}

// ClassCount counts the images of a class.
type ClassCount struct {
	Name                    string
	Train, Test, Validation int
}

// Describe describes the dataset that [OpenWith] would read. Of pictures, which may
// have several sizes, it decodes no pixels: it reads the beginnings of the files, or,
// of a folder without pictures for tests, whose split hangs on them, the files. It
// passes over all whose headers are bad, and says so; others may turn out to be bad
// when they are decoded. The errors are those of OpenWith but for [ErrSizes].
func Describe(name string, options Options) (*Description, error) {
	place, err := locate(name)
	if err != nil {
		return nil, err
	}
	if place.pictures != nil {
		if options.Transpose {
			return nil, errTransposed(name)
		}
		return place.pictures.describe(options)
	}
	data, err := OpenWith(name, options)
	if err != nil {
		return nil, err
	}
	d := &Description{Folder: place.dir, Said: data.Said}
	d.Channels, d.Height, d.Width = data.Train.Shape()
	counts := make([][parts]int, len(data.Train.ClassNames()))
	for part, source := range []Source{forTraining: data.Train, forTests: data.Test, forValidation: data.Validation} {
		if source == nil {
			continue
		}
		for i := range source.Len() {
			counts[source.Label(i)][part]++
		}
	}
	d.count(data.Train.ClassNames(), counts)
	return d, nil
}

// count enters the counts of classes, and their sums.
func (d *Description) count(classes []string, counts [][parts]int) {
	for class, count := range counts {
		d.Classes = append(d.Classes, ClassCount{classes[class], count[forTraining], count[forTests], count[forValidation]})
		d.Train, d.Test, d.Validation = d.Train+count[forTraining], d.Test+count[forTests], d.Validation+count[forValidation]
	}
}

// describe describes a folder of pictures.
func (f *foundPictures) describe(options Options) (*Description, error) {
	s, err := f.choose(options)
	if err != nil {
		return nil, err
	}
	hash := s.unsplit && s.rule == SplitByHash
	s.readHeaders(hash)
	s.skipBad = len(s.pictures)
	var unread error // which may be why too few are left
	if bad := s.bad(); len(bad) > 0 {
		unread = s.badError(bad)
	}
	if _, err := s.dropBad(nil, 1); err != nil {
		return nil, err
	}
	if err := s.finish(); err != nil {
		return nil, errors.Join(err, unread)
	}
	if hash {
		s.sayCopies()
	}
	d := &Description{Folder: f.dir, Pictures: true, Channels: 1}
	d.Middle = s.middle()
	if len(options.Input) == 3 {
		size, err := s.size(options.Input)
		if err != nil {
			return nil, err
		}
		d.Channels, d.Height, d.Width = size.channels, size.height, size.width
	} else {
		d.measure(s)
	}
	d.count(s.classes, s.counts)
	d.Said = s.said
	return d, nil
}

// middle returns the median height and the median width.
func (s *pictureSet) middle() [2]int {
	var sides [2][]int
	for _, p := range s.pictures {
		sides[0], sides[1] = append(sides[0], p.config.Height), append(sides[1], p.config.Width)
	}
	slices.Sort(sides[0])
	slices.Sort(sides[1])
	half := len(s.pictures) / 2
	return [2]int{sides[0][half], sides[1][half]}
}

// measure finds the common size of pictures, or says that there are several.
func (d *Description) measure(s *pictureSet) {
	sizes := map[[2]int]bool{}
	least, most := [2]int{}, [2]int{}
	for i, p := range s.pictures {
		size := [2]int{p.config.Height, p.config.Width}
		sizes[size] = true
		if i == 0 || size[0]*size[1] < least[0]*least[1] {
			least = size
		}
		if size[0]*size[1] > most[0]*most[1] {
			most = size
		}
		if !isGrey(p.config.ColorModel) {
			d.Channels = 3
		}
	}
	if len(sizes) == 1 {
		d.Height, d.Width = most[0], most[1]
		return
	}
	s.said = append(s.said, fmt.Sprintf("the pictures have %d sizes, from %d×%d to %d×%d (height, width)", len(sizes), least[0], least[1], most[0], most[1]))
}
