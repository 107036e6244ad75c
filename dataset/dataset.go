// Package dataset reads labelled images and deals them out in batches.
//
// [Open] finds and reads MNIST, Fashion-MNIST, a folder of IDX files or one of
// pictures, which [OpenWith] scales;
// [NewLoader] shuffles, augments and prefetches batches for training;
// [ReadImage] prepares a picture for a prediction.
package dataset

import (
	"fmt"
	"path/filepath"
)

// Images is a labelled set of images that is held in memory.
type Images struct {
	Channels, Height, Width int

	Pixels  []byte   // [Len(), Channels, Height, Width]: 0 is the background of MNIST, 255 full ink
	Labels  []int32  // [Len()]: the class of each image
	Classes []string // the name of each label

	// Hashes tell the files of pictures apart: [Len()], the first 8 bytes of each
	// one's SHA-256. They are nil unless the images are from a folder of pictures.
	Hashes []uint64
}

// Len returns the number of images.
func (s *Images) Len() int { return len(s.Labels) }

// Slice returns the images from i up to but not including j. It shares the
// memory of s. The last 5,000 training images, for example, can serve as a
// validation set.
func (s *Images) Slice(i, j int) *Images {
	if i < 0 || j < i || j > s.Len() {
		panic("dataset: slice bounds out of range")
	}
	part, size := *s, s.size()
	part.Pixels = s.Pixels[i*size : j*size : j*size]
	part.Labels = s.Labels[i:j:j]
	if s.Hashes != nil {
		part.Hashes = s.Hashes[i:j:j]
	}
	return &part
}

// size is the number of bytes of an image.
func (s *Images) size() int { return s.Channels * s.Height * s.Width }

// image returns the pixels of image i.
func (s *Images) image(i int) []byte {
	size := s.size()
	return s.Pixels[i*size : (i+1)*size]
}

// check returns an error where the fields contradict each other, as they may
// in a set that was put together by hand.
func (s *Images) check() error {
	if s == nil || s.Len() == 0 {
		return fmt.Errorf("dataset: the set holds no images")
	}
	if s.Channels < 1 || s.Height < 1 || s.Width < 1 {
		return fmt.Errorf("dataset: images of %d×%d×%d (channels, height, width): each must be at least 1",
			s.Channels, s.Height, s.Width)
	}
	if len(s.Pixels) != s.Len()*s.size() {
		return fmt.Errorf("dataset: %d labels and images of %d bytes need %d bytes of pixels, found %d",
			s.Len(), s.size(), s.Len()*s.size(), len(s.Pixels))
	}
	if s.Hashes != nil && len(s.Hashes) != s.Len() {
		return fmt.Errorf("dataset: %d labels, but hashes of %d files", s.Len(), len(s.Hashes))
	}
	for i, label := range s.Labels {
		if label < 0 || int(label) >= len(s.Classes) {
			return fmt.Errorf("dataset: image %d has label %d, but the set has %d classes", i, label, len(s.Classes))
		}
	}
	return nil
}

// Dataset is a training set and a test set of the same kind of images.
type Dataset struct {
	Name        string // as it was given to Open
	Train, Test *Images

	// Pictures says that the images are from a folder of pictures: as bright and
	// dark as [ReadPixels] returns them, where [ReadImage] may invert them.
	Pictures bool

	// Said tells the user, a line each, what was read otherwise than they may
	// think: what was passed over, and why.
	Said []string
}

// Open reads the dataset of the given name into memory: "mnist" (LeCun et al.,
// Proceedings of the IEEE 1998), "fashion" (Fashion-MNIST: Xiao, Rasul and
// Vollgraf, 2017), a folder that holds four IDX files under their usual names,
// gzipped or not, or a folder of pictures. Write ./mnist for a folder that is
// called mnist.
//
// A folder of pictures has a subfolder for each class. Labels count the classes
// in the order of their names, which is that of the bytes. Above the classes there
// may be a folder train with those to train on, and one called test or val (the
// first counts if there are both); otherwise the last tenth of each class, by the
// names of the files, and at least one where there are two, is for tests. Files are
// read if their names end in .png, .jpg, .jpeg, .gif, .webp, .tif, .tiff or .bmp and
// do not begin with a dot; others and folders further down are passed over. The
// order of the images is a random one, always the same. All pictures must have the
// same size; they have one channel if none has colours, and otherwise 3.
//
// [Locate] says where the two known datasets are looked for. The errors are
// those of Locate, [ReadIDX] and [ReadPixels], and one when images differ in size.
func Open(name string) (*Dataset, error) { return OpenWith(name, Options{}) }

// Options say how [OpenWith] reads a dataset; the zero value is what [Open] does.
type Options struct {
	// Input is the input of a network. Where it is [channels, height, width],
	// pictures are scaled to it, as [ReadPixels] does, so that they may have any
	// sizes. Images of other datasets stay as they are.
	Input []int
}

// OpenWith is [Open] with options.
func OpenWith(name string, options Options) (*Dataset, error) {
	place, err := locate(name)
	if err != nil {
		return nil, err
	}
	data := &Dataset{}
	if place.pictures != nil {
		data, err = place.pictures.open(options)
	} else {
		data.Train, data.Test, err = place.readIDX()
	}
	if err != nil {
		return nil, err
	}
	data.Name = name
	if name == "fashion" {
		data.Train.Classes, data.Test.Classes = fashionClasses(), fashionClasses()
	}
	return data, nil
}

// readIDX reads the four files.
func (p place) readIDX() (train, test *Images, err error) {
	dir, files := p.dir, p.files
	train, err = ReadIDX(files.trainImages, files.trainLabels)
	if err != nil {
		return nil, nil, err
	}
	test, err = ReadIDX(files.testImages, files.testLabels)
	if err != nil {
		return nil, nil, err
	}
	if train.Height != test.Height || train.Width != test.Width {
		return nil, nil, fmt.Errorf("dataset: %s: the training images are %d×%d (height, width) but the test images %d×%d",
			filepath.Clean(dir), train.Height, train.Width, test.Height, test.Width)
	}
	return train, test, nil
}

func fashionClasses() []string {
	return []string{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
		"Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"}
}

func digitClasses() []string {
	return []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}
}
