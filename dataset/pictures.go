package dataset

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/internal/random"
)

// pictureFolder is a folder of pictures, a subfolder for each class.
type pictureFolder struct {
	dir         string
	classes     []string // in order of their names
	train, test []pictureFile
}

type pictureFile struct {
	path  string
	class int32
}

// Names of the folders above those of the classes, in any case, best first.
var (
	trainFolders = []string{"train", "training"}
	testFolders  = []string{"test", "testing", "val", "valid", "validation"}
)

// pictureEndings are those of the formats that ReadPicture knows.
var pictureEndings = []string{".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".pjpeg", ".pjp", ".gif", ".webp",
	".tif", ".tiff", ".bmp", ".dib", ".pbm", ".pgm", ".ppm", ".pnm", ".pam"}

// forPictures is the purpose of the random streams of the pictures' order.
var forPictures = random.For("pictures")

// listPictures finds the pictures of a folder, as Open describes it.
func listPictures(dir string) (*pictureFolder, error) {
	f := &pictureFolder{dir: dir}
	trainDir := namedFolder(dir, trainFolders)
	testDir := ""
	if trainDir == "" {
		trainDir = dir
	} else {
		testDir = namedFolder(dir, testFolders)
	}
	f.classes = subfolders(trainDir)
	if len(f.classes) < 2 {
		return nil, fmt.Errorf("dataset: %s: expected subfolders with the pictures of a class each, at least two, found %d", trainDir, len(f.classes))
	}
	for class, name := range f.classes {
		files, err := picturesIn(filepath.Join(trainDir, name), class)
		if err != nil {
			return nil, err
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("dataset: %s: expected the pictures of a class, found no file that ends in %s",
				filepath.Join(trainDir, name), strings.Join(pictureEndings, ", "))
		}
		held := 0
		if testDir == "" && len(files) > 1 {
			held = max(1, len(files)/10)
		}
		f.train = append(f.train, files[:len(files)-held]...)
		f.test = append(f.test, files[len(files)-held:]...)
	}
	if testDir != "" {
		if err := f.listTests(trainDir, testDir); err != nil {
			return nil, err
		}
	}
	if len(f.test) == 0 {
		return nil, fmt.Errorf("dataset: %s: no pictures are left for tests: put some into a folder test beside train, or more than one into a class", dir)
	}
	for i, files := range [][]pictureFile{f.train, f.test} { // whoever takes the first or the last ones gets all classes
		rand.New(random.New(1, forPictures, 0, i)).Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
	}
	return f, nil
}

// listTests finds the pictures for tests, whose classes are those to train on.
func (f *pictureFolder) listTests(trainDir, testDir string) error {
	for _, name := range subfolders(testDir) {
		class, found := slices.BinarySearch(f.classes, name)
		if !found {
			return fmt.Errorf("dataset: %s: there is no class of this name in %s", filepath.Join(testDir, name), trainDir)
		}
		files, err := picturesIn(filepath.Join(testDir, name), class)
		if err != nil {
			return err
		}
		f.test = append(f.test, files...)
	}
	return nil
}

// subfolders returns the names of the folders in dir, sorted, but for hidden ones.
func subfolders(dir string) (names []string) {
	entries, _ := os.ReadDir(dir) // what can't be read has none
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		if info, err := os.Stat(filepath.Join(dir, entry.Name())); err == nil && info.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names
}

// namedFolder returns the path of the first folder in dir that has one of the
// names and folders in it, or "": a class may be called train, too.
func namedFolder(dir string, wanted []string) string {
	names := subfolders(dir)
	for _, want := range wanted {
		for _, name := range names {
			if path := filepath.Join(dir, name); strings.EqualFold(name, want) && len(subfolders(path)) > 0 {
				return path
			}
		}
	}
	return ""
}

// picturesIn returns the files of dir whose names are those of pictures, sorted,
// but for hidden ones.
func picturesIn(dir string, class int) (files []pictureFile, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, ".") || !slices.Contains(pictureEndings, strings.ToLower(filepath.Ext(name))) {
			continue
		}
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("dataset: %w", err)
		} else if info.Mode().IsRegular() {
			files = append(files, pictureFile{path, int32(class)})
		}
	}
	return files, nil
}

// open reads the pictures, scaled to the input, or as they are if that is no shape
// of pictures.
func (f *pictureFolder) open(options Options) (*Dataset, error) {
	var size imageSize
	if input := options.Input; len(input) == 3 {
		size = imageSize{input[0], input[1], input[2]}
	} else if common, err := commonSize(slices.Concat(f.train, f.test)); err != nil {
		return nil, err
	} else {
		size = common
	}
	if err := size.check(); err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", f.dir, err)
	}
	train, err := f.read(f.train, size)
	if err != nil {
		return nil, err
	}
	test, err := f.read(f.test, size)
	if err != nil {
		return nil, err
	}
	return &Dataset{Train: train, Test: test, Pictures: true}, nil
}

// read decodes files on all cores.
func (f *pictureFolder) read(files []pictureFile, size imageSize) (*Images, error) {
	bytes := size.channels * size.height * size.width
	if len(files) > maxPixels/bytes {
		return nil, fmt.Errorf("dataset: %s: %d pictures of %v need more than %d bytes: scale them down", f.dir, len(files), size, maxPixels)
	}
	images := &Images{
		Channels: size.channels, Height: size.height, Width: size.width, Classes: f.classes,
		Pixels: make([]byte, len(files)*bytes), Labels: make([]int32, len(files)),
	}
	err := forEach(files, func(i int) error {
		images.Labels[i] = files[i].class
		pixels, err := ReadPixels(files[i].path, size.channels, size.height, size.width)
		copy(images.image(i), pixels)
		return err
	})
	return images, err
}

// ErrSizes is that of [Open] for pictures that differ in size, which [OpenWith] scales.
var ErrSizes = errors.New("where the input of a network is not known, all pictures must have the same size")

// commonSize returns the size of all pictures, which have one channel if none has
// colours. It fails if their sizes differ.
func commonSize(files []pictureFile) (imageSize, error) {
	configs := make([]image.Config, len(files))
	err := forEach(files, func(i int) error {
		file, err := os.Open(files[i].path)
		if err != nil {
			return fmt.Errorf("dataset: %w", err)
		}
		defer file.Close()
		if configs[i], err = pictureConfig(file); err != nil {
			return fmt.Errorf("dataset: %s: %w", files[i].path, err)
		}
		return nil
	})
	if err != nil {
		return imageSize{}, err
	}
	first := configs[0]
	size := imageSize{1, first.Height, first.Width}
	for i, c := range configs {
		if c.Width != first.Width || c.Height != first.Height {
			return imageSize{}, fmt.Errorf("dataset: %s is %d×%d (height, width) but %s is %d×%d: %w",
				files[0].path, first.Height, first.Width, files[i].path, c.Height, c.Width, ErrSizes)
		}
		if !isGrey(c.ColorModel) {
			size.channels = 3
		}
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

// forEach calls do for every file on all cores. Its error is that of the first
// file that has one, whatever the number of cores.
func forEach(files []pictureFile, do func(i int) error) error {
	errs := make([]error, len(files))
	var first atomic.Int64 // of the files that failed
	first.Store(int64(len(files)))
	par.For(len(files), par.Workers(), func(i, _ int) {
		if int64(i) > first.Load() {
			return
		}
		if errs[i] = do(i); errs[i] == nil {
			return
		}
		for {
			last := first.Load()
			if int64(i) >= last || first.CompareAndSwap(last, int64(i)) {
				return
			}
		}
	})
	if i := first.Load(); i < int64(len(files)) {
		return errs[i]
	}
	return nil
}

// imageSize is that of images.
type imageSize struct{ channels, height, width int }

func (s imageSize) String() string { return fmt.Sprintf("%d×%d×%d", s.channels, s.height, s.width) }

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
