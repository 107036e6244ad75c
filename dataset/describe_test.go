package dataset

import (
	"image"
	"image/color"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDescribe(t *testing.T) {
	headerOnly := greyPNG(1)[:40] // can't be decoded
	for _, test := range []struct {
		name    string
		files   map[string][]byte
		options Options
		want    Description
	}{
		{
			"one size", map[string][]byte{"train/a/1.png": headerOnly, "train/b/1.png": greyPNG(2), "train/b/2.png": greyPNG(3), "test/a/1.png": greyPNG(4), "test/b/1.heic": nil},
			Options{},
			Description{Train: 3, Test: 1, Channels: 1, Height: 3, Width: 4, Classes: []ClassCount{{"a", 1, 1, 0}, {"b", 2, 0, 0}}, Said: []string{
				"passed over a file that is no picture: .heic", "passed over a class folder without a picture: test/b", "no pictures for tests of 1 of 2 classes: b",
			}},
		},
		{
			"what is measured", map[string][]byte{"train/a/1.png": greyPNG(1), "train/b/1.png": pngOf(plain(30, 20, color.White)), "test/a/1.png": pngOf(image.NewGray(image.Rect(0, 0, 2, 50)))},
			Options{Whole: true},
			Description{Test: 1, Channels: 1, Height: 50, Width: 2, Classes: []ClassCount{{"a", 0, 1, 0}, {"b", 0, 0, 0}}, Said: []string{"no pictures for tests of 1 of 2 classes: b"}},
		},
		{
			"several sizes", map[string][]byte{"train/a/1.png": greyPNG(1), "train/b/1.png": pngOf(plain(30, 20, color.White)), "test/a/1.png": pngOf(image.NewGray(image.Rect(0, 0, 2, 50)))},
			Options{},
			Description{Train: 2, Test: 1, Channels: 3, Classes: []ClassCount{{"a", 1, 1, 0}, {"b", 1, 0, 0}}, Said: []string{
				"no pictures for tests of 1 of 2 classes: b", "the pictures have 3 sizes, from 3×4 to 20×30 (height, width)",
			}},
		},
		{
			"an input", map[string][]byte{"train/a/1.png": greyPNG(1), "train/b/1.png": pngOf(plain(30, 20, color.White)), "test/a/1.png": greyPNG(2), "test/b/1.png": greyPNG(3)},
			Options{Input: []int{1, 28, 28}},
			Description{Train: 2, Test: 2, Channels: 1, Height: 28, Width: 28, Classes: []ClassCount{{"a", 1, 1, 0}, {"b", 1, 1, 0}}},
		},
		{
			"bad headers", map[string][]byte{"train/a/1.png": greyPNG(1), "train/b/1.png": greyPNG(2), "train/b/2.png": nil, "test/a/1.png": []byte("text"), "test/b/1.png": greyPNG(3)},
			Options{},
			Description{Train: 2, Test: 1, Channels: 1, Height: 3, Width: 4, Classes: []ClassCount{{"a", 1, 0, 0}, {"b", 1, 1, 0}}, Said: []string{
				"passed over 2 of 5 pictures that can't be read, such as train/b/2.png: ...", "no pictures for tests of 1 of 2 classes: a",
			}},
		},
	} {
		dir := writeFiles(t, test.files)
		found, err := Describe(dir, test.options)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		for i, line := range found.Said {
			line, _, reason := strings.Cut(filepath.ToSlash(strings.ReplaceAll(line, dir+string(filepath.Separator), "")), ".png: ")
			if found.Said[i] = line; reason {
				found.Said[i] += ".png: ..."
			}
		}
		if middle := found.Middle; middle != [2]int{3, 4} && test.name != "several sizes" && test.name != "what is measured" && test.name != "an input" {
			t.Errorf("%s: the median size is %v", test.name, middle)
		}
		if test.name == "several sizes" && found.Middle != [2]int{20, 4} {
			t.Errorf("%s: the median size is %v", test.name, found.Middle)
		}
		found.Middle = [2]int{}
		test.want.Folder, test.want.Pictures = dir, true
		if diff := cmp.Diff(&test.want, found); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

// TestDescribeIsWhatOpenReads, of a folder that is split and of other datasets.
func TestDescribeIsWhatOpenReads(t *testing.T) {
	files := map[string][]byte{}
	for v := range 60 {
		files[string(rune('a'+v%3))+"/"+string(rune('a'+v))+".bmp"] = dotBMP(uint8(v))
	}
	files["b/copy.bmp"], files["b/notes.txt"] = dotBMP(3), nil
	dir := t.TempDir()
	writeDataset(t, dir, usualNames)
	for _, test := range []struct {
		dir     string
		options Options
	}{{writeFiles(t, files), Options{}}, {writeFiles(t, files), Options{Split: SplitByName}}, {writeFiles(t, files), Options{Whole: true}}, {dir, Options{}}} {
		data, err := OpenWith(test.dir, test.options)
		if err != nil {
			t.Fatal(err)
		}
		found, err := Describe(test.dir, test.options)
		if err != nil {
			t.Fatal(err)
		}
		found.Middle = [2]int{} // which the others do not know
		want := &Description{
			Folder: test.dir, Pictures: data.Pictures, Train: data.Train.Len(), Test: data.Test.Len(), Said: data.Said,
			Channels: data.Train.(*Images).Channels, Height: data.Train.(*Images).Height, Width: data.Train.(*Images).Width,
		}
		train, tests := labelCounts(data.Train.(*Images)), labelCounts(data.Test.(*Images))
		for label, name := range data.Train.(*Images).Classes {
			want.Classes = append(want.Classes, ClassCount{name, train[label], tests[label], 0})
		}
		if test.options.Whole || test.options.Split != 0 {
			want.Said, found.Said = nil, nil // copies are known only where files are read
		}
		if diff := cmp.Diff(want, found); diff != "" {
			t.Errorf("%+v: %s", test.options, diff)
		}
	}
}

func TestDescribeErrors(t *testing.T) {
	for _, test := range []struct {
		files map[string][]byte
		input []int
		want  string
	}{
		{map[string][]byte{"a/1.png": greyPNG(1)}, nil, "at least two, found 1: a"},
		{map[string][]byte{"a/1.png": nil, "b/1.png": nil}, nil, "2 of 2 pictures can't be read:"},
		{map[string][]byte{"a/1.png": greyPNG(1), "b/1.png": greyPNG(2)}, nil, "no pictures are left for tests"},
		{map[string][]byte{"a/1.png": greyPNG(1), "a/2.png": greyPNG(3), "b/1.png": greyPNG(2)}, []int{2, 3, 4}, "1 or 3 channels, found 2"},
	} {
		if _, err := Describe(writeFiles(t, test.files), Options{Input: test.input}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want %q", err, test.want)
		}
	}
	if _, err := Describe("nowhere", Options{}); err == nil {
		t.Error("no error for a folder that is not there")
	}
}
