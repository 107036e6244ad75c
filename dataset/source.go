package dataset

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
)

// Source is a labelled set of images of one size, in a fixed order. [Images] is one in
// memory; a folder of more pictures than Options.Memory allows is another, which reads
// their files anew. Many goroutines may use one.
type Source interface {
	Len() int
	// Shape is that of every image.
	Shape() (channels, height, width int)
	// ClassNames returns the name of each label.
	ClassNames() []string
	// Label returns the class of image i.
	Label(i int) int32
	// Image returns image i, [channels, height, width] bytes: memory of the source, which
	// must not be changed, or buffer, which has room for it. It fails for a file that can't
	// be read any more, or is another one now.
	Image(i int, buffer []byte) ([]byte, error)
	// Identity tells sets of other images, labels or orders apart, with a chance of 2⁻⁶⁴.
	// That of pictures is the same however many of them are in memory.
	Identity() uint64
	// FileHashes tell the files of pictures apart: [Len], the first 8 bytes of each one's
	// SHA-256; nil where the images are from no files of their own.
	FileHashes() []uint64
}

// InMemory returns the images of a source, which is itself if it is in memory. It fails
// as Source.Image does.
func InMemory(source Source) (*Images, error) {
	if images, ok := source.(*Images); ok {
		return images, nil
	}
	channels, height, width := source.Shape()
	images := &Images{Channels: channels, Height: height, Width: width, Classes: source.ClassNames(), Hashes: source.FileHashes()}
	if files, ok := source.(*pictureFiles); ok {
		images.scaling = files.scaling()
	}
	size := images.size()
	images.Pixels = make([]byte, source.Len()*size)
	for i := range source.Len() {
		images.Labels = append(images.Labels, source.Label(i))
		place := images.Pixels[i*size : (i+1)*size]
		image, err := source.Image(i, place)
		if err != nil {
			return nil, err
		}
		copy(place, image)
	}
	return images, nil
}

// Slice returns the images of a source from i up to but not including j, as
// [Images.Slice] does. It panics where the bounds are out of range.
func Slice(source Source, i, j int) Source {
	if images, ok := source.(*Images); ok {
		return images.Slice(i, j)
	}
	if i < 0 || j < i || j > source.Len() {
		panic("dataset: slice bounds out of range")
	}
	if files, ok := source.(*pictureFiles); ok {
		return files.slice(i, j)
	}
	return &part{source, i, j - i}
}

// part is some of the images of a source.
type part struct {
	Source
	first, n int
}

func (p *part) Len() int          { return p.n }
func (p *part) Label(i int) int32 { return p.Source.Label(p.first + i) }
func (p *part) Image(i int, buffer []byte) ([]byte, error) {
	return p.Source.Image(p.first+i, buffer)
}

func (p *part) FileHashes() []uint64 {
	if hashes := p.Source.FileHashes(); hashes != nil {
		return hashes[p.first : p.first+p.n]
	}
	return nil
}

func (p *part) Identity() uint64 { return identityOfPart(p.Source.Identity(), p.first, p.n) }

func identityOfPart(source uint64, first, n int) uint64 {
	hash := fnv.New64a()
	binary.Write(hash, binary.LittleEndian, []uint64{source, uint64(first), uint64(n)}) // never fails
	return hash.Sum64()
}

// identityOfFiles hashes the size, the files' hashes, the labels and whether pictures cover
// the size: pixels follow from them.
func identityOfFiles(source Source, hashes []uint64, cover bool) uint64 {
	hash := fnv.New64a()
	write := func(values any) { binary.Write(hash, binary.LittleEndian, values) } // never fails
	channels, height, width := source.Shape()
	write([]uint64{uint64(channels), uint64(height), uint64(width)})
	for i, h := range hashes {
		write([]uint64{h, uint64(source.Label(i))})
	}
	if cover {
		write(true)
	}
	return hash.Sum64()
}

// HasIdentity tells whether a source has an identity, or had it in earlier versions: they
// told pictures in memory apart by their pixels, and slices of others by their bounds.
func HasIdentity(source Source, identity uint64) bool {
	if source.Identity() == identity {
		return true
	}
	switch s := source.(type) {
	case *Images:
		return s.pixelIdentity() == identity
	case *pictureFiles:
		return s.earlier != 0 && s.earlier == identity
	}
	return false
}

// Images as a source.

// Shape is that of every image.
func (s *Images) Shape() (channels, height, width int) { return s.Channels, s.Height, s.Width }

// ClassNames returns Classes.
func (s *Images) ClassNames() []string { return s.Classes }

// Label returns Labels[i].
func (s *Images) Label(i int) int32 { return s.Labels[i] }

// Image returns the pixels of image i, and never fails.
func (s *Images) Image(i int, _ []byte) ([]byte, error) { return s.image(i), nil }

// FileHashes returns Hashes.
func (s *Images) FileHashes() []uint64 { return s.Hashes }

// Identity is a hash of all pixels and labels. For pictures that [OpenWith] scaled it is one
// of their files, the labels and the way of scaling, which does not tell of pixels that were
// changed since.
func (s *Images) Identity() uint64 {
	if s.scaling != unknownScaling && len(s.Hashes) == len(s.Labels) {
		return identityOfFiles(s, s.Hashes, s.scaling == covered)
	}
	return s.pixelIdentity()
}

func (s *Images) pixelIdentity() uint64 {
	hash := fnv.New64a()
	hash.Write(s.Pixels)                              // never fails
	binary.Write(hash, binary.LittleEndian, s.Labels) // nor does this
	return hash.Sum64()
}

// checkSource returns an error where what a source says is no set of images.
func checkSource(source Source) error {
	if images, ok := source.(*Images); ok {
		return images.check()
	}
	if source == nil || source.Len() == 0 {
		return errors.New("dataset: the set holds no images")
	}
	if channels, height, width := source.Shape(); channels < 1 || height < 1 || width < 1 {
		return fmt.Errorf("dataset: images of %d×%d×%d (channels, height, width): each must be at least 1", channels, height, width)
	}
	classes := len(source.ClassNames())
	for i := range source.Len() {
		if label := source.Label(i); label < 0 || int(label) >= classes {
			return fmt.Errorf("dataset: image %d has label %d, but the set has %d classes", i, label, classes)
		}
	}
	return nil
}
