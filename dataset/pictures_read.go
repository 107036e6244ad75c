package dataset

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/internal/par"
)

// pictureSet is what options choose of a folder or a list of pictures.
type pictureSet struct {
	dir      string
	place    string // the folder or the list, for messages
	list     bool
	classes  []string
	from     string          // where the classes are from
	pictures []listedPicture // class by class, then in the order of their names
	counts   [][parts]int    // of each class
	said     []string

	prepare  func(image.Image) ([]byte, error) // nil: stretch them, or
	cover    bool                              // scale them to cover the input
	rule     int                               // SplitByName or SplitByHash
	skipBad  int                               // as many pictures may be bad
	memory   int64                             // bytes that scaled pictures may take together
	whole    bool                              // all are for tests
	unsplit  bool                              // the folder does not say which are for tests
	training bool                              // there must be two classes, with pictures to train on
}

// listedPicture is a file, and what is known of it after it was read.
type listedPicture struct {
	path   string
	label  int32
	part   int          // forTraining, forTests or forValidation
	config image.Config // if its header was read
	hash   uint64       // as SplitByHash has it, if all of it was read
	err    error        // why it can't be read
}

// Parts of a data set.
const (
	forTraining = iota
	forTests
	forValidation
	parts
)

// partNames are for messages.
var partNames = [parts]string{"training", "test", "validation"}

// defaultMemory is Options.Memory where that is 0.
const defaultMemory = 1 << 30

// choose returns the pictures that the options ask for.
func (f *foundPictures) choose(options Options) (*pictureSet, error) {
	s := &pictureSet{
		dir: f.dir, place: f.place(), list: f.list != "", classes: options.Classes, from: "the network", rule: cmp.Or(options.Split, SplitVersion),
		skipBad: options.SkipBad, memory: cmp.Or(options.Memory, defaultMemory), said: append(f.passed.lines(), f.said...), prepare: options.Prepare, cover: options.Cover,
		whole: options.Whole, training: !options.Whole && options.Classes == nil,
	}
	if s.memory < 0 {
		return nil, fmt.Errorf("dataset: %s: expected memory for pictures of at least 0 bytes, found %d", s.place, s.memory)
	}
	train, err := s.known(f.train)
	if err != nil {
		return nil, err
	}
	test, _ := s.known(f.test)
	validation, _ := s.known(f.validation)
	if others := countFiles(f.train, f.test, f.validation) - countFiles(train, test, validation); others > 0 {
		s.said = append(s.said, fmt.Sprintf("passed over %d pictures that version %d of the split did not know", others, SplitByName))
	}
	if s.classes == nil {
		if err := f.nameClasses(s, train, test); err != nil {
			return nil, err
		}
	}
	if s.whole && f.testDir == "" {
		return s, s.add(f.trainDir, train, forTests)
	}
	if !s.whole {
		if f.trainDir == "" {
			if s.list {
				return nil, fmt.Errorf("dataset: %s: expected pictures to train on, found none whose split is train", s.place)
			}
			return nil, fmt.Errorf("dataset: %s: expected a folder train beside %s", f.dir, f.testDir)
		}
		s.unsplit = f.testDir == ""
		if err := s.add(f.trainDir, train, forTraining); err != nil {
			return nil, err
		}
		if err := s.add(f.validationDir, validation, forValidation); err != nil {
			return nil, err
		}
	}
	return s, s.add(f.testDir, test, forTests)
}

// known returns what the rule of the split knows of classes.
func (s *pictureSet) known(classes []classFolder) ([]classFolder, error) {
	switch s.rule {
	case SplitByHash:
		return classes, nil
	case SplitByName:
		return knownByName(classes), nil
	}
	return nil, fmt.Errorf("dataset: %s: expected a version of the split from %d to %d, found %d: a later Deepfry may know it", s.place, SplitByName, SplitVersion, s.rule)
}

func countFiles(lists ...[]classFolder) (count int) {
	for _, list := range lists {
		for _, class := range list {
			count += len(class.files)
		}
	}
	return count
}

// nameClasses takes the classes from the names of the folders.
func (f *foundPictures) nameClasses(s *pictureSet, train, test []classFolder) error {
	if s.training && len(train) < 2 && f.trainDir != "" {
		err := f.fewClasses(train)
		if _, missing := find(f.dir, ""); missing != nil && !s.list {
			err = fmt.Errorf("%w; nor are there IDX files: %w", err, missing)
		}
		return err
	}
	folders := train
	if s.from = f.trainDir; f.trainDir == "" {
		folders, s.from = test, f.testDir
	}
	s.classes = []string{}
	for _, folder := range folders {
		s.classes = append(s.classes, folder.name)
	}
	return nil
}

// add takes the pictures of folders, which are in dir.
func (s *pictureSet) add(dir string, folders []classFolder, part int) error {
	labels, err := labelsOf(dir, folders, s.classes, s.from)
	if err != nil {
		return err
	}
	for i, folder := range folders {
		for _, file := range folder.files {
			s.pictures = append(s.pictures, listedPicture{path: file.path, label: labels[i], part: part})
		}
	}
	return nil
}

// open reads the pictures, scaled to the input, or as they are if that is no shape
// of pictures. Where they take more memory than they may, it keeps as many, and their
// sources read the others anew.
func (f *foundPictures) open(options Options) (*Dataset, error) {
	s, err := f.choose(options)
	if err != nil {
		return nil, err
	}
	size, err := s.size(options.Input)
	if err != nil {
		return nil, err
	}
	pixels := s.read(size)
	if pixels, err = s.dropBad(pixels, size.bytes()); err != nil {
		return nil, err
	}
	if err := s.finish(); err != nil {
		return nil, err
	}
	s.sayCopies()
	order := s.order()
	var sources [parts]Source
	kept := len(pixels) / size.bytes()
	if kept == len(s.pictures) {
		arrange(pixels, slices.Concat(order[:]...), size.bytes())
		for part, places := range order {
			n := len(places) * size.bytes()
			sources[part], pixels = s.images(size, pixels[:n:n], places), pixels[n:]
		}
	} else {
		s.said = append(s.said, fmt.Sprintf("%d of %d pictures are kept in memory, in %d MiB: the others are read anew whenever they are wanted", kept, len(s.pictures), len(pixels)>>20))
		for part, places := range order {
			sources[part] = &pictureFiles{pictureSet: s, size: size, pixels: pixels, places: places}
		}
	}
	data := &Dataset{Train: sources[forTraining], Test: sources[forTests], Pictures: true, Cover: s.cover, Split: s.rule, Said: s.said}
	if len(order[forValidation]) > 0 {
		data.Validation = sources[forValidation]
	}
	return data, nil
}

// size returns that of the input, or the common one if that is no shape of pictures.
func (s *pictureSet) size(input []int) (size imageSize, err error) {
	if len(input) == 3 {
		size = imageSize{input[0], input[1], input[2]}
	} else if size, err = s.commonSize(); err != nil {
		return size, err
	}
	if err := size.check(); err != nil {
		return size, fmt.Errorf("dataset: %s: %w", s.place, err)
	}
	return size, nil
}

// ErrSizes is that of [Open] for pictures that differ in size, which [OpenWith] scales.
var ErrSizes = errors.New("where the input of a network is not known, all pictures must have the same size")

// commonSize returns the size of all pictures whose headers can be read. They have one
// channel if none has colours. It fails if their sizes differ.
func (s *pictureSet) commonSize() (imageSize, error) {
	s.readHeaders(false)
	var first *listedPicture
	size := imageSize{channels: 1}
	for i := range s.pictures {
		p := &s.pictures[i]
		if p.err != nil {
			continue
		}
		if first == nil {
			first, size.height, size.width = p, p.config.Height, p.config.Width
		}
		if p.config.Width != size.width || p.config.Height != size.height {
			return size, fmt.Errorf("dataset: %s is %d×%d (height, width) but %s is %d×%d: %w", printable(first.path), size.height, size.width,
				printable(p.path), p.config.Height, p.config.Width, ErrSizes)
		}
		if !isGrey(p.config.ColorModel) {
			size.channels = 3
		}
	}
	if first == nil {
		return size, s.badError(s.bad())
	}
	return size, nil
}

func isGrey(model color.Model) bool {
	if palette, ok := model.(color.Palette); ok {
		return !slices.ContainsFunc(palette, func(c color.Color) bool {
			r, g, b, _ := c.RGBA()
			return r != g || g != b
		})
	}
	return model == color.GrayModel || model == color.Gray16Model
}

// read decodes all pictures, on all cores, and returns the pixels of the first ones, as
// many as may be kept; those of a bad one are 0.
func (s *pictureSet) read(size imageSize) []byte {
	bytes := size.bytes()
	kept := int(min(int64(len(s.pictures)), s.memory/int64(bytes)))
	pixels := make([]byte, kept*bytes)
	par.For(len(s.pictures), par.Workers(), func(i, _ int) {
		s.pictures[i].read(true, func(r io.Reader) error {
			values, err := s.decode(r, size)
			if i < kept {
				copy(pixels[i*bytes:(i+1)*bytes], values)
			}
			return err
		})
	})
	return pixels
}

// decode reads a picture as the options ask for it.
func (s *pictureSet) decode(r io.Reader, size imageSize) ([]byte, error) {
	if s.prepare == nil {
		return decodePixels(r, size.channels, size.height, size.width, s.cover)
	}
	decoded, err := decodeUpright(r)
	if err != nil {
		return nil, err
	}
	values, err := s.prepare(decoded)
	if err == nil && len(values) != size.bytes() {
		panic("dataset: Options.Prepare returned another size than Options.Input")
	}
	return values, err
}

// readHeaders reads the sizes of the pictures on all cores, and their hashes if
// that is asked for, which takes the whole files.
func (s *pictureSet) readHeaders(hash bool) {
	par.For(len(s.pictures), par.Workers(), func(i, _ int) {
		p := &s.pictures[i]
		p.read(hash, func(r io.Reader) (err error) {
			p.config, err = pictureConfig(r)
			return err
		})
	})
}

// read decodes the file, and then hashes it, if that is asked for. A picture that
// is known to be bad stays so.
func (p *listedPicture) read(hash bool, decode func(io.Reader) error) {
	if p.err != nil {
		return
	}
	file, err := os.Open(p.path)
	if err != nil {
		var inPath *fs.PathError // whose path is said anyway
		if errors.As(err, &inPath) {
			err = inPath.Err
		}
		p.err = err
		return
	}
	defer file.Close()
	if p.err = decode(file); p.err != nil {
		if info, err := file.Stat(); err == nil && info.Size() == 0 {
			p.err = fmt.Errorf("%w (the file is empty)", p.err)
		}
		return
	}
	if hash {
		p.hash, p.err = hashFile(file)
	}
}

// hashFile returns the hash of a whole file, which is likely to be in the system's cache.
func hashFile(file *os.File) (uint64, error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	sum := sha256.New()
	_, err := io.Copy(sum, file)
	return binary.BigEndian.Uint64(sum.Sum(nil)), err
}

// ErrBad is that of [OpenWith] for more pictures that can't be read than
// Options.SkipBad allows.
var ErrBad = errors.New("pictures can't be read")

// dropBad takes bad pictures out of the set, and the pixels of each, of size bytes, out
// of those of the first ones: it returns what is left of them. It fails if there are too
// many.
func (s *pictureSet) dropBad(pixels []byte, size int) ([]byte, error) {
	total := len(s.pictures)
	bad := s.bad()
	if len(bad) == 0 {
		return pixels, nil
	}
	if len(bad) > s.skipBad || len(bad) == total {
		return nil, s.badError(bad)
	}
	s.said = append(s.said, fmt.Sprintf("passed over %d of %d pictures that can't be read, such as %v", len(bad), total, s.pictures[bad[0]]))
	good, left := s.pictures[:0], pixels[:0]
	for i, p := range s.pictures {
		if p.err != nil {
			continue
		}
		good = append(good, p)
		if (i+1)*size <= len(pixels) {
			left = append(left, pixels[i*size:(i+1)*size]...)
		}
	}
	s.pictures = good
	return left, nil
}

// bad returns the places of the pictures that can't be read.
func (s *pictureSet) bad() (places []int) {
	for i, p := range s.pictures {
		if p.err != nil {
			places = append(places, i)
		}
	}
	return places
}

// badError names the first ones of the bad pictures, and counts them.
func (s *pictureSet) badError(bad []int) error {
	const most = 20
	var list strings.Builder
	for _, i := range bad[:min(len(bad), most)] {
		fmt.Fprintf(&list, "\n\t%v", s.pictures[i])
	}
	if len(bad) > most {
		fmt.Fprintf(&list, "\n\tand %d more", len(bad)-most)
	}
	return fmt.Errorf("dataset: %s: %d of %d %w:%s", s.place, len(bad), len(s.pictures), ErrBad, list.String())
}

// String says what is wrong with a bad picture.
func (p listedPicture) String() string { return fmt.Sprintf("%s: %v", printable(p.path), p.err) }

// finish splits the pictures, if the folder did not, and counts them.
func (s *pictureSet) finish() error {
	if s.unsplit {
		s.split()
	}
	s.counts = make([][parts]int, len(s.classes))
	var total [parts]int
	for _, p := range s.pictures {
		s.counts[p.label][p.part]++
		total[p.part]++
	}
	var untrained, untested []string
	for class, count := range s.counts {
		if count[forTraining] == 0 {
			untrained = append(untrained, s.classes[class])
		}
		if count[forTests] == 0 {
			untested = append(untested, s.classes[class])
		}
	}
	if total[forTests] == 0 {
		advice := "put some into a folder test beside train, or more than one into a class, which must differ"
		if s.list {
			advice = "mark some as test in a column split, or list more than one of a class, which must differ"
		}
		return fmt.Errorf("dataset: %s: no pictures are left for tests: %s", s.place, advice)
	}
	if s.training && untrained != nil {
		return fmt.Errorf("dataset: %s: no pictures are left to train on of the classes %s", s.place, nameList(untrained, manyNames))
	}
	if untested != nil {
		s.said = append(s.said, fmt.Sprintf("no pictures for tests of %d of %d classes: %s", len(untested), len(s.classes), nameList(untested, fewNames)))
	}
	return nil
}

// sayCopies tells of equal files, whose hashes are known, where they make a figure
// wrong.
func (s *pictureSet) sayCopies() {
	trained, first := map[uint64]bool{}, map[uint64]listedPicture{}
	for _, p := range s.pictures {
		if p.part == forTraining {
			trained[p.hash] = true
		}
	}
	var known, twice []string
	for _, p := range s.pictures {
		if p.part != forTraining && trained[p.hash] {
			known = append(known, p.path)
		}
		if q, found := first[p.hash]; !found {
			first[p.hash] = p
		} else if q.label != p.label {
			names := relative(s.dir, []string{q.path, p.path})
			twice = append(twice, names[0]+" and "+names[1])
		}
	}
	if known != nil {
		s.said = append(s.said, countedLine(relative(s.dir, known), "a picture to measure on is to train on, too", "%d pictures to measure on are to train on, too"))
	}
	if twice != nil {
		s.said = append(s.said, countedLine(twice, "equal files in different classes", "%d equal files in different classes"))
	}
}

// images returns the pictures at some places, whose pixels are in the same order.
func (s *pictureSet) images(size imageSize, pixels []byte, places []int) *Images {
	images := &Images{
		Channels: size.channels, Height: size.height, Width: size.width, Classes: s.classes, Pixels: pixels,
		Labels: make([]int32, len(places)), Hashes: make([]uint64, len(places)), scaling: s.scaling(),
	}
	for i, place := range places {
		images.Labels[i], images.Hashes[i] = s.pictures[place].label, s.pictures[place].hash
	}
	return images
}

// scaling is that of the pictures' pixels.
func (s *pictureSet) scaling() scaling {
	switch {
	case s.prepare != nil:
		return unknownScaling
	case s.cover:
		return covered
	}
	return stretched
}

// pictureFiles is a source of some pictures of a folder, of which the first ones are in
// memory.
type pictureFiles struct {
	*pictureSet
	size   imageSize
	pixels []byte // of the first pictures of the set
	places []int  // of the source's images in the set

	earlier uint64 // the identity of a slice in earlier versions; 0: it is no slice
}

func (p *pictureFiles) Len() int { return len(p.places) }

func (p *pictureFiles) Shape() (channels, height, width int) {
	return p.size.channels, p.size.height, p.size.width
}

func (p *pictureFiles) ClassNames() []string { return p.classes }
func (p *pictureFiles) Label(i int) int32    { return p.pictures[p.places[i]].label }

func (p *pictureFiles) Image(i int, buffer []byte) ([]byte, error) {
	place, bytes := p.places[i], p.size.bytes()
	if end := (place + 1) * bytes; end <= len(p.pixels) {
		return p.pixels[place*bytes : end], nil
	}
	known := p.pictures[place]
	file, buffer := listedPicture{path: known.path}, buffer[:bytes]
	file.read(true, func(r io.Reader) error {
		values, err := p.decode(r, p.size)
		copy(buffer, values)
		return err
	})
	if file.err == nil && file.hash != known.hash {
		file.err = errors.New("it is not the file any more that was there when the folder was opened: begin anew")
	}
	if file.err != nil {
		return nil, fmt.Errorf("dataset: %v", file)
	}
	return buffer, nil
}

func (p *pictureFiles) FileHashes() []uint64 {
	hashes := make([]uint64, len(p.places))
	for i, place := range p.places {
		hashes[i] = p.pictures[place].hash
	}
	return hashes
}

// Identity is that of the files: see identityOfFiles.
func (p *pictureFiles) Identity() uint64 { return identityOfFiles(p, p.FileHashes(), p.cover) }

// slice returns the pictures from i up to but not including j.
func (p *pictureFiles) slice(i, j int) *pictureFiles {
	slice := *p
	slice.places = p.places[i:j:j]
	whole := p.earlier
	if whole == 0 {
		whole = p.Identity()
	}
	slice.earlier = identityOfPart(whole, i, j-i)
	return &slice
}

// arrange moves images of size bytes each, so that there are at i the pixels that were
// at order[i], a permutation.
func arrange(pixels []byte, order []int, size int) {
	kept := make([]byte, size)
	for i := range order {
		from := order[i]
		for from < i { // they were exchanged for others
			from = order[from]
		}
		a, b := pixels[i*size:(i+1)*size], pixels[from*size:(from+1)*size]
		copy(kept, a)
		copy(a, b)
		copy(b, kept)
	}
}

// imageSize is that of images.
type imageSize struct{ channels, height, width int }

func (s imageSize) String() string { return fmt.Sprintf("%d×%d×%d", s.channels, s.height, s.width) }

func (s imageSize) bytes() int { return s.channels * s.height * s.width }

// check fails where pictures can't be scaled to the size.
func (s imageSize) check() error {
	if s.channels != 1 && s.channels != 3 {
		return fmt.Errorf("expected a network that takes 1 or 3 channels, found %d", s.channels)
	}
	if s.height < 1 || s.height > maxSide || s.width < 1 || s.width > maxSide {
		return fmt.Errorf("expected a network whose input is 1 to %d pixels high and wide, found %d×%d", maxSide, s.height, s.width)
	}
	return nil
}
