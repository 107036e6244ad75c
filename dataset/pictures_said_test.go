package dataset

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSaidOfPictures(t *testing.T) {
	grey := greyPNG
	for _, test := range []struct {
		name  string
		files map[string][]byte
		want  []string // with / between folders
	}{
		{
			"nothing of what systems write",
			map[string][]byte{
				"train/a/1.png": grey(1), "train/b/1.png": grey(2), "test/a/1.png": grey(3), "test/b/1.png": grey(4),
				"train/a/Thumbs.db": nil, "train/a/.DS_Store": nil, "train/b/._1.png": nil, ".DS_Store": nil, "test/desktop.ini": nil,
			},
			nil,
		},
		{
			"files",
			map[string][]byte{
				"train/a/1.png": grey(1), "train/b/1.png": grey(2), "test/a/1.png": grey(3), "test/b/1.png": grey(4),
				"train/a/1.heic": nil, "train/a/x/2.HEIC": nil, "labels.csv": nil, "train/b/README": nil,
				"train/2.png": nil, "3.png": nil, "train/b/.4.png": nil,
			},
			[]string{
				"passed over 4 files that are no pictures: .heic, no ending, .csv",
				"passed over 2 pictures that lie in no class folder: train/2.png, 3.png",
				"passed over a hidden picture: train/b/.4.png",
			},
		},
		{
			"folders",
			map[string][]byte{
				"train/a/1.png": grey(1), "train/b/1.png": grey(2), "test/a/1.png": grey(3), "val/b/1.png": grey(4), "dev/b/1.png": nil, "docs/x.png": nil,
				"__MACOSX/train/a/1.png": nil, "train/.ipynb_checkpoints/1.png": nil, "train/a/@eaDir/1.png": nil, "train/c/1.txt": nil, "train/b/test/1.png": grey(5),
			},
			[]string{
				"passed over a file that is no picture: .txt",
				"passed over 3 folders that are hidden or the system's: train/.ipynb_checkpoints, train/a/@eaDir, __MACOSX",
				"passed over dev, docs: the classes are the folders within train and val (for validation) and test (for tests)",
				"passed over a class folder without a picture: train/c",
				"a folder is read as a part of its class: train/b/test",
				"no pictures for tests of 1 of 2 classes: b",
			},
		},
		{
			"folders for tests without classes",
			map[string][]byte{"train/a/1.png": grey(1), "train/a/2.png": grey(2), "train/b/1.png": grey(3), "train/b/2.png": grey(4), "test/1.png": grey(5)},
			[]string{"passed over test: the classes are the folders within train, a part of which is for tests"},
		},
		{
			"many class folders without pictures",
			map[string][]byte{
				"a/1.png": grey(1), "a/2.png": grey(2), "b/1.png": grey(3), "b/2.png": grey(4),
				"c/x": nil, "d/x": nil, "e/x": nil, "f/x": nil, "g/x": nil, "h/x": nil,
			},
			[]string{"passed over 6 files that are no pictures: no ending", "passed over 6 class folders without a picture: c, d, e, f, g and 1 more"},
		},
		{
			"forms of Unicode and case",
			map[string][]byte{
				"train/caf\u00e9/1.png": grey(1), "train/cafe\u0301/2.png": grey(2), "train/b/1.png": grey(3), "train/B/1.png": grey(4),
				"test/cafe\u0301/1.png": grey(5), "test/b/1.png": grey(6), "test/B/1.png": grey(7),
			},
			[]string{
				"folders whose names differ only in the form of their Unicode are one class: train/caf\u00e9",
				"classes whose names differ only in case are not one: B and b",
			},
		},
		{
			"copies",
			map[string][]byte{"train/a/1.png": grey(1), "train/b/1.png": grey(2), "test/a/1.png": grey(1), "test/b/1.png": grey(3), "test/b/2.png": grey(1)},
			[]string{
				"2 pictures to measure on are to train on, too: test/a/1.png, test/b/2.png",
				"equal files in different classes: train/a/1.png and test/b/2.png",
			},
		},
	} {
		dir := writeFiles(t, test.files)
		data, err := Open(dir)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		var said []string
		for _, line := range data.Said {
			said = append(said, filepath.ToSlash(strings.ReplaceAll(line, dir, "")))
		}
		if diff := cmp.Diff(test.want, said); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}
