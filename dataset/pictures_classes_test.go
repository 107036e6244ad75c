package dataset

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestClassesByName: labels are places in the list of a network, whatever folders
// there are.
func TestClassesByName(t *testing.T) {
	classes := []string{"emu", "cafe\u0301", "dog", "cat"} // one is decomposed
	for _, test := range []struct {
		name        string
		files       map[string][]byte
		whole       bool
		train, test [][2]int
	}{
		{"a subset, measured whole", map[string][]byte{"caf\u00e9/1.png": greyPNG(1), "cat/1.png": greyPNG(2), "cat/x/2.png": greyPNG(3)}, true, nil, [][2]int{{1, 1}, {3, 2}, {3, 3}}},
		{"one class", map[string][]byte{"dog/1.png": greyPNG(1)}, true, nil, [][2]int{{2, 1}}},
		{"tests alone", map[string][]byte{"test/dog/1.png": greyPNG(1), "test/emu/1.png": greyPNG(2)}, true, nil, [][2]int{{0, 2}, {2, 1}}},
		{"train alone", map[string][]byte{"train/dog/1.png": greyPNG(1), "train/emu/1.png": greyPNG(2)}, true, nil, [][2]int{{0, 2}, {2, 1}}},
		{"tests, beside others that it does not know", map[string][]byte{"train/fox/1.png": greyPNG(3), "test/dog/1.png": greyPNG(1)}, true, nil, [][2]int{{2, 1}}},
		{"both", map[string][]byte{"train/cat/1.png": greyPNG(3), "test/dog/1.png": greyPNG(1)}, false, [][2]int{{3, 3}}, [][2]int{{2, 1}}},
	} {
		data, err := OpenWith(writeFiles(t, test.files), Options{Classes: classes, Whole: test.whole})
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		for _, set := range []*Images{data.Train.(*Images), data.Test.(*Images)} {
			if diff := cmp.Diff(classes, set.Classes); diff != "" {
				t.Errorf("%s: classes: %s", test.name, diff)
			}
		}
		if diff := cmp.Diff(test.train, contents(data.Train.(*Images))); diff != "" {
			t.Errorf("%s: to train on: %s", test.name, diff)
		}
		if diff := cmp.Diff(test.test, contents(data.Test.(*Images))); diff != "" {
			t.Errorf("%s: for tests: %s", test.name, diff)
		}
	}
}

// TestWholeWithoutClasses: they are those of the folders.
func TestWholeWithoutClasses(t *testing.T) {
	data, err := OpenWith(writeFiles(t, map[string][]byte{"b/1.png": greyPNG(1), "a/1.png": greyPNG(2)}), Options{Whole: true})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][2]int{{0, 2}, {1, 1}}, contents(data.Test.(*Images))); diff != "" || data.Train.Len() != 0 || len(data.Said) != 0 {
		t.Errorf("%s; %d to train on, said %q", diff, data.Train.Len(), data.Said)
	}
}

func TestClassesByNameErrors(t *testing.T) {
	grey := greyPNG(9)
	for _, test := range []struct {
		name    string
		classes []string
		files   map[string][]byte
		want    []string
	}{
		{"another case", []string{"cat", "dog"}, map[string][]byte{"Cat/1.png": grey, "dog/1.png": grey},
			[]string{": Cat: there is no class of this name in the network, whose classes are cat, dog; if Cat is the class cat, rename it"}},
		{"renamed and new", []string{"cheese", "egg", "fries"}, map[string][]byte{"fried egg/1.png": grey, "chese/1.png": grey, "salad/1.png": grey},
			[]string{": chese, fried egg, salad: there is", "if chese is the class cheese, rename"}},
		{"numbers", []string{"zero", "one"}, map[string][]byte{"0/1.png": grey, "1/1.png": grey},
			[]string{": 0, 1: there is no class of this name in the network, whose classes are zero, one"}},
		{"a blank", []string{"cat", "dog"}, map[string][]byte{"cat /1.png": grey}, []string{`: "cat ": there is`}},
		{"no class", []string{}, map[string][]byte{"cat/1.png": grey}, []string{": cat: there is no class of this name in the network"}},
		{"two that are one", []string{"caf\u00e9", "cafe\u0301"}, map[string][]byte{"a/1.png": grey}, []string{"the network has two classes of one name, 0 and 1"}},
	} {
		for _, whole := range []bool{true, false} {
			_, err := OpenWith(writeFiles(t, test.files), Options{Classes: test.classes, Whole: whole})
			if err == nil {
				t.Errorf("%s: no error", test.name)
				continue
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%s: error %q does not say %q", test.name, err, want)
				}
			}
		}
	}
	if _, err := OpenWith(writeFiles(t, map[string][]byte{"a/1.png": grey}), Options{Split: 3}); err == nil || !strings.Contains(err.Error(), "a version of the split from 1 to 2, found 3") {
		t.Errorf("an unknown split: %v", err)
	}
}

// TestLinks: those to folders above end, others are followed once, and one that leads
// nowhere is a bad file.
func TestLinks(t *testing.T) {
	dir := writeFiles(t, map[string][]byte{
		"train/cat/1.png": greyPNG(1), "train/cat/more/2.png": greyPNG(2), "train/dog/1.png": greyPNG(3), "test/cat/1.png": greyPNG(4), "test/dog/1.png": greyPNG(5),
	})
	elsewhere := writeFiles(t, map[string][]byte{"3.png": greyPNG(6)})
	link := func(to, from string) {
		if err := os.Symlink(to, filepath.Join(dir, "train", from)); err != nil {
			t.Skip(err)
		}
	}
	link(elsewhere, "cat/elsewhere")
	link(elsewhere, "cat/more/elsewhere")
	link(dir, "cat/top")
	link("../..", "cat/more/train")
	link("..", "dog/train")
	link(".", "dog/self")
	link("loop", "dog/loop")
	link("..", "emu")
	link("dog/1.png", "stray.png")
	link("../dog/1.png", "dog/copy.png")
	link(os.DevNull, "dog/null.png")
	data, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][2]int{{0, 1}, {0, 2}, {0, 6}, {1, 3}, {1, 3}}, contents(data.Train.(*Images))); diff != "" {
		t.Error(diff)
	}
	said := filepath.ToSlash(strings.Join(data.Said, "\n"))
	for _, want := range []string{"passed over 6 links to folders that are read elsewhere: train/cat/more/elsewhere, ", "a picture that lies in no class folder: train/stray.png", "without a picture: train/emu", "a picture that is no regular file: train/dog/null.png"} {
		if !strings.Contains(said, want) {
			t.Errorf("said:\n%s\nwithout %q", said, want)
		}
	}
	link("nowhere", "dog/gone.jpg")
	if _, err = Open(dir); err == nil || !strings.Contains(err.Error(), "1 of 8 pictures can't be read:\n\t"+filepath.Join(dir, "train", "dog", "gone.jpg: ")) {
		t.Errorf("error %v", err)
	}
}
