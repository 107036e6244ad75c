// Package dataset reads labelled images and deals them out in batches.
//
// [Open] finds and reads MNIST, Fashion-MNIST, a folder of IDX files (EMNIST, KMNIST,
// QMNIST and their like), an .npz file of images or a folder or list of pictures, which
// [OpenWith] scales; [ReadSamples] reads an .npz file of any numbers;
// [NewLoader] shuffles, augments and prefetches batches for training;
// [ReadPicture] reads pictures of any kind.
package dataset

import (
	"fmt"
	"image"
	"path/filepath"
	"slices"
	"strings"
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

	scaling scaling // by which the pixels follow from those files
}

// scaling is a way from the file of a picture to its pixels.
type scaling int

const (
	unknownScaling scaling = iota // or there are no files
	stretched
	covered
)

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

// Unit returns bytes as numbers from 0 to 1, as networks take pixels.
func Unit(values []byte) []float32 {
	numbers := make([]float32, len(values))
	for i, v := range values {
		numbers[i] = unit[v]
	}
	return numbers
}

// Dataset is a training set and a test set of the same kind of images.
type Dataset struct {
	Name        string // as it was given to Open
	Train, Test Source

	// Validation is a third set, by which settings may be chosen, or the best epoch: a
	// folder of pictures, a list or an .npz file may have one beside train and test. It is
	// nil if there is none.
	Validation Source

	// Pictures says that the images are from a folder or list of pictures: as bright and
	// dark as they are in the pictures.
	Pictures bool

	// Cover says that the pictures of a folder kept their proportions ([Options]).
	Cover bool

	// Sideways says that height and width are swapped: the images are EMNIST's, as its
	// files hold them.
	Sideways bool

	// Split is the version of the rule by which the pictures of a folder were ordered
	// and, where it has none for tests, split, such as [SplitByHash]; otherwise 0.
	Split int

	// Said tells the user, a line each, what was read otherwise than they may
	// think: what was passed over, and why.
	Said []string
}

// Open opens the dataset of the given name, and reads it into memory, but for many
// pictures ([Options]): "mnist" (LeCun et al.,
// Proceedings of the IEEE 1998), "fashion" (Fashion-MNIST: Xiao, Rasul and
// Vollgraf, 2017), a folder that holds four IDX files under their usual names,
// gzipped or not, an .npz file, a folder of pictures, or a list of pictures. Write ./mnist for a folder
// that is called mnist.
//
// IDX files are train-images-idx3-ubyte, train-labels-idx1-ubyte and so on, as MNIST's
// and KMNIST's are called, or have the name of their set before that, as those of
// EMNIST and QMNIST do: emnist-letters-train-images-idx3-ubyte, with test in the place
// of t10k. Where several sets lie in a folder, give the one: folder/emnist-letters.
// Kuzushiji-49's k49-train-imgs.npz, k49-train-labels.npz and so on are read, too. The
// formats are those of [ReadIDX]. Labels keep their numbers; there are as many classes
// as the largest label of both parts says, and they are called by EMNIST's
// emnist-letters-mapping.txt (Aa for a letter in both cases), KMNIST's
// kmnist_classmap.csv or k49_classmap.csv, a classes.txt with a name a line, or
// otherwise by their numbers. EMNIST's images are stored with height and width
// swapped: see [Options].
//
// An .npz file holds images and labels under the names that [ReadSamples] knows; where it
// does not say which are for tests, a tenth, and at least one, is, chosen by chance but
// always the same. What images and labels may be is as in IDX files; booleans are black
// and white.
//
// A folder of pictures has a subfolder for each class. Labels count the classes
// in the order of their names, which is that of the bytes in Unicode's form NFC;
// folders whose names are one in that form are one class. Above the classes there
// may be a folder train (or training) with those to train on, and one called test,
// testing, val, valid, validation or dev, of which the first counts that has pictures;
// otherwise about a tenth is for tests, as [SplitByHash] says. Files are read, in the
// folder of the class and in those within, if their names end in .png, .apng,
// .jpg, .jpeg, .jpe, .jfif, .jif, .pjpeg, .pjp, .gif, .webp, .tif, .tiff, .bmp, .dib,
// .pbm, .pgm, .ppm, .pnm or .pam. What is hidden or the system's is passed over, and
// so are other files, classes without pictures, pictures in no class, and links to
// folders that were read already; Dataset.Said tells of them. The order of the images
// is a random one, always the same for the same files, whatever their names. All
// pictures must have the same size; they have one channel if none has colours, and
// otherwise 3.
//
// A list of pictures is a file in UTF-8 or UTF-16 whose name ends in .csv, .tsv or .txt,
// with the name of a picture and its label a line, between tabs, commas, semicolons or
// blanks; in the first three, quotes may be put around what holds such. The first line
// may name the columns: filename, path, image, id and the like, and label, class and the
// like; others are passed over. A third column, of train, val and test, says what the
// pictures are for, as folders of such names do; otherwise about a tenth is for tests.
// Names are from the list's folder, or, where that lacks the first one, from the only
// folder in it that has it; / or \ is between folders, and an ending may be missing where
// one picture is called so. Labels count the classes as for folders, but in the order of
// their numbers where all are whole ones. A picture of two classes is an error; one that is
// not there can't be read. Pictures are read, split and ordered as those of folders.
//
// [Locate] says where the two known datasets are looked for. The errors are
// those of Locate and [ReadIDX], [ErrSizes], [ErrBad], which names the pictures that
// can't be read, and such as tell of folders that do not fit each other.
func Open(name string) (*Dataset, error) { return OpenWith(name, Options{}) }

// Options say how [OpenWith] reads a dataset; the zero value is what [Open] does.
type Options struct {
	// Input is the input of a network. Where it is [channels, height, width],
	// pictures are scaled to it, as [ReadPixels] does, so that they may have any
	// sizes. Images of other datasets stay as they are.
	Input []int

	// Transpose swaps the height and the width of the images of IDX and .npz files:
	// those of EMNIST are stored so. A folder of pictures is refused with it.
	Transpose bool

	// The others are for folders and lists of pictures; other datasets do not heed them.

	// Classes are those of a network: labels are then places in this list, and a
	// folder whose name is not in it, when both are in NFC, is an error, which lists
	// both sides. Not every class must have a folder.
	Classes []string

	// Cover says that pictures keep their proportions: they are scaled to cover Input, and
	// the middle is taken ([Cover]).
	Cover bool

	// Prepare makes [Input] bytes of a picture, in the place of [Stretch] or [Cover]. A picture for
	// which it fails is a bad one. Identities tell what it makes of pictures only while all
	// of them are in memory.
	Prepare func(picture image.Image) ([]byte, error)

	// Whole is for measuring alone: Dataset.Test has all pictures of a folder, or images
	// of an .npz file, that does not say which are for tests, and Dataset.Train has none.
	// One class is enough, and a folder test, or an array x_test, needs no train beside it.
	Whole bool

	// Split is the version of the rule that orders and splits pictures, such as
	// [SplitByName]; 0 is [SplitVersion].
	Split int

	// SkipBad is how many pictures that can't be read are passed over; if there are
	// more, that is an error which names them.
	SkipBad int

	// Memory bounds the bytes that scaled pictures may take together: beyond it they are
	// read from their files whenever they are wanted. 0 is 1 GiB.
	Memory int64
}

// OpenWith is [Open] with options.
func OpenWith(name string, options Options) (*Dataset, error) {
	place, err := locate(name)
	if err != nil {
		return nil, err
	}
	data := &Dataset{}
	switch {
	case place.pictures != nil && options.Transpose:
		return nil, errTransposed(name)
	case place.pictures != nil:
		data, err = place.pictures.open(options)
	case place.npz != "":
		data, err = openNPZ(place.npz, options.Whole)
	default:
		data, err = place.readIDX(name)
	}
	if err != nil {
		return nil, err
	}
	data.Name = name
	data.Said = append(place.said, data.Said...)
	if options.Transpose {
		for _, source := range []Source{data.Train, data.Test, data.Validation} {
			if images, ok := source.(*Images); ok { // only pictures are anything else
				images.transpose()
			}
		}
	} else if strings.HasPrefix(strings.ToLower(place.set), "emnist") {
		data.Sideways = true
		data.Said = append(data.Said, "EMNIST's files hold images with height and width swapped, and they are read so: --transpose turns them upright")
	}
	return data, nil
}

// errTransposed is the error for a folder of pictures that shall be transposed.
func errTransposed(name string) error {
	return fmt.Errorf("dataset: %s: pictures are stored upright: only images of IDX and .npz files are transposed", name)
}

// readIDX reads the four files of the dataset of the given name.
func (p place) readIDX(name string) (*Dataset, error) {
	train, err := readPair(p.files.trainImages, p.files.trainLabels)
	if err != nil {
		return nil, err
	}
	test, err := readPair(p.files.testImages, p.files.testLabels)
	if err != nil {
		return nil, err
	}
	var names classNames
	switch name {
	case "mnist":
		names = classNames{name, numbered(10)}
	case "fashion":
		names = classNames{name, fashionClasses()}
	default:
		if names, err = readClassNames(p.dir, p.set); err != nil {
			return nil, err
		}
	}
	return newDataset(filepath.Clean(p.dir), []notedImages{train, test}, names)
}

// newDataset puts the parts of one place together, which must be alike: those to train
// on, for tests and, where there are some, for validation.
func newDataset(from string, sets []notedImages, names classNames) (*Dataset, error) {
	train, images := sets[forTraining], []*Images{}
	for part, set := range sets {
		if a, b := train.imageSize(), set.imageSize(); a != b {
			return nil, fmt.Errorf("dataset: %s: the training images are %v (channels, height, width) but the %s images %v", from, a, partNames[part], b)
		}
		if a, b := train.scale, set.scale; a != b && a != "" && b != "" {
			return nil, fmt.Errorf("dataset: %s: the training images are numbers from %s but the %s images from %s: store both alike", from, a, partNames[part], b)
		}
		images = append(images, set.Images)
	}
	if err := names.apply(images...); err != nil {
		return nil, err
	}
	said := train.say()
	for part, set := range sets {
		for _, line := range set.say() {
			if !slices.Contains(said, line) {
				said = append(said, partNames[part]+" images: "+line)
			}
		}
	}
	data := &Dataset{Train: train.Images, Test: images[forTests], Said: slices.Concat(said, sayUnseen(train.Images))}
	if len(sets) > forValidation {
		data.Validation = images[forValidation]
	}
	return data, nil
}

func (s *Images) imageSize() imageSize { return imageSize{s.Channels, s.Height, s.Width} }

// transpose swaps the height and the width of the images.
func (s *Images) transpose() {
	if s.Len() == 0 {
		return
	}
	plane, swapped := s.Height*s.Width, make([]byte, len(s.Pixels))
	for start := 0; start < len(swapped); start += plane {
		from, to := s.Pixels[start:start+plane], swapped[start:]
		for y := range s.Height {
			for x := range s.Width {
				to[x*s.Height+y] = from[y*s.Width+x]
			}
		}
	}
	s.Pixels, s.Height, s.Width = swapped, s.Width, s.Height
}
