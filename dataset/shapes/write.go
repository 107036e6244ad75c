package shapes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/deepfry/deepfry/internal/par"
)

// Options say how many pictures [Set.Write] writes.
type Options struct {
	Train, Test int // pictures of all classes together, at least one a class
	Seed        uint64
	Progress    func(done, total int) // is called now and then; may be nil
}

// Write draws a set into folder, as folder/train/CLASS/0000.jpg and so on and
// folder/test/CLASS/0000.jpg, or .png. Every class has as many pictures, but for one
// more in the first ones where the numbers do not divide. A larger set begins with the
// pictures of a smaller one.
//
// The folder must not be there yet, or be empty; those above it are made. It has both parts, whole, when Write
// returns nil, and is as it was when it returns an error: that of ctx if that is
// cancelled, or one that names the file.
func (s *Set) Write(ctx context.Context, folder string, o Options) error {
	for _, part := range []struct {
		name  string
		total int
	}{{"train", o.Train}, {"test", o.Test}} {
		if part.total < len(s.classes) {
			return fmt.Errorf("%d pictures to %s: want at least %d, one of each class of %s", part.total, part.name, len(s.classes), s.name)
		}
	}
	folder = filepath.Clean(folder)
	made, err := makeEmpty(folder)
	if err != nil {
		return err
	}
	err = s.writeInto(ctx, folder, o)
	if err != nil && made {
		os.Remove(folder)
	}
	return err
}

// makeEmpty makes a folder, or finds that it is there and empty.
func makeEmpty(folder string) (made bool, err error) {
	if err := os.MkdirAll(filepath.Dir(folder), 0o777); err != nil {
		return false, err
	}
	if err := os.Mkdir(folder, 0o777); !errors.Is(err, fs.ErrExist) {
		return err == nil, err
	}
	file, err := os.Open(folder)
	if err != nil {
		return false, err
	}
	defer file.Close()
	found, err := file.Readdirnames(1)
	switch {
	case err == io.EOF:
		return false, nil
	case err != nil:
		return false, fmt.Errorf("%s is there already: want a new or an empty folder (%w)", folder, err)
	}
	return false, fmt.Errorf("%s is there already and holds %s: want a new or an empty folder: %w", folder, found[0], fs.ErrExist)
}

// writeInto writes both parts within an unfinished folder in the folder, where nothing
// takes them for a set, and moves them out at the end. They are made there, not beside
// the folder, because that may be a disk of its own.
func (s *Set) writeInto(ctx context.Context, folder string, o Options) error {
	unfinished, err := os.MkdirTemp(folder, ".unfinished-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(unfinished)
	progress := func(done int) {
		if o.Progress != nil {
			o.Progress(done, o.Train+o.Test)
		}
	}
	if err := s.writePart(ctx, unfinished, "train", o.Train, o.Seed, progress); err != nil {
		return err
	}
	if err := s.writePart(ctx, unfinished, "test", o.Test, o.Seed, func(done int) { progress(o.Train + done) }); err != nil {
		return err
	}
	// The part to train on comes last: without it, the other is no set.
	test := filepath.Join(folder, "test")
	if err := os.Rename(filepath.Join(unfinished, "test"), test); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(unfinished, "train"), filepath.Join(folder, "train")); err != nil {
		return errors.Join(err, os.RemoveAll(test))
	}
	return nil
}

// atOnce is the number of pictures between two looks at the context.
const atOnce = 64

// writePart draws so many pictures on all cores: one of every class, then a second one
// of every class.
func (s *Set) writePart(ctx context.Context, folder, part string, total int, seed uint64, progress func(done int)) error {
	for _, class := range s.classes {
		if err := os.MkdirAll(filepath.Join(folder, part, class.name), 0o777); err != nil {
			return err
		}
	}
	for first := 0; first < total; first += atOnce {
		if err := ctx.Err(); err != nil {
			return err
		}
		progress(first)
		var problems [atOnce]error
		par.For(min(atOnce, total-first), par.Workers(), func(i, _ int) {
			class, number := (first+i)%len(s.classes), (first+i)/len(s.classes)
			path := filepath.Join(folder, part, s.classes[class].name, fmt.Sprintf("%04d%s", number, s.extension()))
			var content bytes.Buffer
			problems[i] = s.encode(&content, s.Picture(seed, part, class, number))
			if problems[i] == nil {
				problems[i] = os.WriteFile(path, content.Bytes(), 0o666)
			}
		})
		for _, err := range problems { // one is enough: a full disk makes many
			if err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}
