package dataset

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// idxSet returns the four files of a set: two images to train on and one for tests, of
// 2×3 pixels, with the labels given.
func idxSet(set string, labels ...byte) map[string][]byte {
	return map[string][]byte{
		set + "-train-images-idx3-ubyte":    idxImages(2, 2, 3, pixels(12)),
		set + "-train-labels-idx1-ubyte":    idxLabels(2, labels[:2]),
		set + "-test-images-idx3-ubyte.gz":  gzipped(idxImages(1, 2, 3, pixels(6))),
		set + "-test-labels-idx1-ubyte.gz":  gzipped(idxLabels(1, labels[2:])),
		"._" + set + "-test-labels-idx1-ub": nil,
	}
}

func TestEMNIST(t *testing.T) {
	files := idxSet("gzip/emnist-letters", 1, 3, 2)
	maps.Copy(files, idxSet("gzip/emnist-digits", 0, 1, 0))
	files["gzip/emnist-letters-mapping.txt"] = []byte("1 65 97\r\n2 66 98 \r\n3 67 99\r\n")
	dir := filepath.Join(writeFiles(t, files), "gzip")

	data, err := Open(filepath.Join(dir, "emnist-letters"))
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range []*Images{data.Train.(*Images), data.Test.(*Images)} {
		if want := []string{"label 0", "Aa", "Bb", "Cc"}; !slices.Equal(set.Classes, want) || set.check() != nil {
			t.Errorf("classes %q, want %q", set.Classes, want)
		}
	}
	if !bytes.Equal(data.Train.(*Images).Pixels, pixels(12)) || !slices.Equal(data.Train.(*Images).Labels, []int32{1, 3}) {
		t.Errorf("train: %+v", data.Train.(*Images))
	}
	if said := data.Said; len(said) != 2 || !strings.Contains(said[0], `of "label 0", "Bb"`) || !strings.Contains(said[1], "--transpose") {
		t.Errorf("said %q", said)
	}

	data, err = OpenWith(filepath.Join(dir, "emnist-digits"), Options{Transpose: true})
	if err != nil {
		t.Fatal(err)
	}
	p := pixels(12)
	if s := data.Train.(*Images); s.Height != 3 || s.Width != 2 || !bytes.Equal(s.Pixels[:6], []byte{p[0], p[3], p[1], p[4], p[2], p[5]}) || s.Pixels[6] != p[6] || s.check() != nil {
		t.Errorf("transposed: %+v", s)
	}
	if len(data.Said) != 0 || !slices.Equal(data.Train.(*Images).Classes, []string{"0", "1"}) {
		t.Errorf("said %q of classes %q", data.Said, data.Train.(*Images).Classes)
	}

	if found, err := Locate(filepath.Join(dir, "emnist-letters")); err != nil || found != dir {
		t.Errorf("found in %q: %v", found, err)
	}
	letters, digits := filepath.Join(dir, "emnist-letters"), filepath.Join(dir, "emnist-digits")
	for name, wants := range map[string][]string{
		dir:                                   {"several datasets", "give one of " + digits + ", " + letters},
		filepath.Dir(dir):                     {"but there is " + digits + ", " + letters},
		filepath.Join(dir, "emnist"):          {"no folder", "but there is " + digits + ", " + letters},
		letters + "-train-images-idx3-ubyte":  {"one of the four files of a dataset: give " + letters},
		filepath.Join(dir, "emnist-balanced"): {"no folder", digits},
		letters + "-mapping.txt":              {"expected a list of pictures"},
	} {
		_, err := Open(name)
		for _, want := range wants {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: want an error with %q, got %v", name, want, err)
			}
		}
	}
}

// TestFileNames has sets of one kind each, alone in a folder.
func TestFileNames(t *testing.T) {
	u1 := func(shape string, content ...byte) []byte {
		file, err := os.ReadFile(writeNPZ(t, map[string][]byte{"arr_0": npy("|u1", shape, content)}))
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	k49 := map[string][]byte{
		"k49-train-imgs.npz": u1("(2, 2, 3)", pixels(12)...), "k49-train-labels.npz": u1("(2,)", 0, 2),
		"k49-test-imgs.npz": u1("(1, 2, 3)", pixels(6)...), "k49-test-labels.npz": u1("(1,)", 1),
		"k49_classmap.csv": []byte("index,codepoint,char\n0,U+3042,あ\n1,U+3044,い\n2,U+3046,う\n"),
	}
	kmnist := map[string][]byte{
		"train-images-idx3-ubyte": idxImages(2, 2, 3, pixels(12)), "train-labels-idx1-ubyte": idxLabels(2, []byte{0, 2}),
		"t10k-images-idx3-ubyte": idxImages(1, 2, 3, pixels(6)), "t10k-labels-idx1-ubyte": idxLabels(1, []byte{1}),
		"kmnist_classmap.csv": []byte("\ufeffindex,codepoint,char\r\n0,U+304A,お\r\n2,U+3059,す\r\n1,U+304D,き\r\n"),
	}
	named := maps.Clone(kmnist)
	delete(named, "kmnist_classmap.csv")
	named["classes.txt"] = []byte("cat\nsmall dog\nbird\n\n")
	qmnist := map[string][]byte{
		"qmnist-train-images-idx3-ubyte": idxImages(2, 2, 3, pixels(12)),
		"qmnist-train-labels-idx2-int":   idxFile(0x0c, []int{2, 8}, 0, 1, 100, 2, 48, 0, 0, 0, 2, 0, 100, 2, 50, 1, 0, 0),
		"qmnist-test-images-idx3-ubyte":  idxImages(1, 2, 3, pixels(6)),
		"qmnist-test-labels-idx2-int.gz": gzipped(idxFile(0x0c, []int{1, 8}, 1, 1, 100, 2, 49, 0, 0, 0)),
		"qmnist-train-labels.tsv.gz":     nil,
	}
	for name, test := range map[string]struct {
		files   map[string][]byte
		classes []string
	}{
		"Kuzushiji-49": {k49, []string{"あ", "い", "う"}},
		"KMNIST":       {kmnist, []string{"お", "き", "す"}},
		"classes.txt":  {named, []string{"cat", "small dog", "bird"}},
		"QMNIST":       {qmnist, []string{"0", "1", "2"}},
	} {
		data, err := Open(writeFiles(t, test.files))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s := data.Train.(*Images); !bytes.Equal(s.Pixels, pixels(12)) || !slices.Equal(s.Labels, []int32{0, 2}) || !slices.Equal(s.Classes, test.classes) {
			t.Errorf("%s: train: %+v", name, s)
		}
		if s := data.Test.(*Images); !bytes.Equal(s.Pixels, pixels(6)) || !slices.Equal(s.Labels, []int32{1}) || !slices.Equal(s.Classes, test.classes) {
			t.Errorf("%s: test: %+v", name, s)
		}
	}
	// A file that is missing, of each kind; two for one.
	for missing, files := range map[string]map[string][]byte{
		"no file k49-test-labels.npz ":                                           without(k49, "k49-test-labels.npz"),
		"no file t10k-images-idx3-ubyte[.gz] ":                                   without(kmnist, "t10k-images-idx3-ubyte"),
		"no file qmnist-test-labels-idx2-int[.gz] ":                              without(qmnist, "qmnist-test-labels-idx2-int.gz"),
		"no file emnist-mnist-test-labels-idx1-ubyte[.gz]":                       without(idxSet("emnist-mnist", 1, 2, 3), "emnist-mnist-test-labels-idx1-ubyte.gz"),
		"qmnist-train-labels-idx1-ubyte and qmnist-train-labels-idx2-int are in": with(qmnist, "qmnist-train-labels-idx1-ubyte", nil),
	} {
		if _, err := Open(writeFiles(t, files)); err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("want an error with %q, got %v", missing, err)
		}
	}
	// MNIST's own names go before others, and both copies of a file are one.
	both := with(kmnist, "t10k-labels.idx1-ubyte.gz", nil)
	maps.Copy(both, k49)
	data, err := Open(writeFiles(t, both))
	if err != nil || data.Train.(*Images).Classes[0] != "お" || len(data.Said) != 2 || !strings.Contains(data.Said[0], "k49") {
		t.Errorf("two sets: %+v, %v", data, err)
	}
}

func TestClassNamesErrors(t *testing.T) {
	for _, test := range []struct{ name, content, want string }{
		{"emnist-x-mapping.txt", "1 65\n", "training image 1 has label 2, which is none of the classes"},
		{"emnist-x-mapping.txt", "1 65\n2 66\n2 67\n", `line 3: label 2 has the name "B" already`},
		{"emnist-x-mapping.txt", "1 65\n2 65\n", `labels 1 and 2 have the same name "A"`},
		{"emnist-x-mapping.txt", "1 65\n2\n", "line 2: expected a name for label 2"},
		{"emnist-x-mapping.txt", "1 65\n2 x\n", "line 2: expected a label and the codes"},
		{"emnist-x-mapping.txt", "1 65\n2 7\n", "line 2: expected a label and the codes"},
		{"emnist-x-mapping.txt", "999999999 65\n", "line 1: expected a label from 0 to 99999"},
		{"emnist-x-mapping.txt", "", "expected the names of classes, found none"},
		{"emnist-x_classmap.csv", "a,b\n1,2\n", "header with the columns index and char"},
		{"emnist-x_classmap.csv", "", "header with the columns index and char"},
		{"emnist-x_classmap.csv", "index,char\n1,A\nz,B\n", "line 3: expected a label from 0 to 99999"},
		{"emnist-x_classmap.csv", "index,char\n1\n", "wrong number of fields"},
	} {
		dir := writeFiles(t, with(idxSet("emnist-x", 1, 2, 1), test.name, []byte(test.content)))
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), filepath.Join(dir, test.name)) {
			t.Errorf("%q: want an error with %q, got %v", test.content, test.want, err)
		}
	}
	if _, err := readNames(strings.NewReader("a\n\nb\n")); err == nil {
		t.Error("an empty line among names of classes was read")
	}
}

// TestKnownClasses has labels that MNIST does not.
func TestKnownClasses(t *testing.T) {
	data, _ := isolate(t)
	writeDataset(t, filepath.Join(data, "mnist"), usualNames)
	mnist, err := Open("mnist")
	if err != nil || !slices.Equal(mnist.Train.(*Images).Classes, numbered(10)) {
		t.Errorf("%v, %v", mnist, err)
	}
	writeDataset(t, filepath.Join(data, "fashion"), usualNames)
	if err := os.WriteFile(filepath.Join(data, "fashion", usualNames[1]), idxLabels(2, []byte{10, 1}), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open("fashion"); err == nil || !strings.Contains(err.Error(), "training image 0 has label 10, which is none of the classes of fashion") {
		t.Errorf("label 10: %v", err)
	}
}

// TestFiles: what is read of a dataset is known before it is.
func TestFiles(t *testing.T) {
	isolate(t)
	for _, c := range []struct {
		name  string // of the dataset, in the folder
		files map[string][]byte
		want  []string
	}{
		{"l.csv", map[string][]byte{"l.csv": []byte("a/1.png,x\na/2,y\n"), "a/1.png": greyPNG(1), "a/2.png": greyPNG(2), "a/3.png": greyPNG(3)}, []string{"l.csv", "a/1.png", "a/2.png"}},
		{"", map[string][]byte{"train/a/1.png": greyPNG(1), "train/b/2.png": greyPNG(2), "test/a/3.png": greyPNG(3), "other/4.png": nil}, []string{"train/a/1.png", "train/b/2.png", "test/a/3.png"}},
		{"emnist-x", with(with(idxSet("emnist-x", 1, 2, 1), "emnist-x-mapping.txt", []byte("0 65\n")), "notes", nil),
			[]string{"emnist-x-train-images-idx3-ubyte", "emnist-x-train-labels-idx1-ubyte", "emnist-x-test-images-idx3-ubyte.gz", "emnist-x-test-labels-idx1-ubyte.gz", "emnist-x-mapping.txt"}},
		{"x.npz", map[string][]byte{"x.npz": nil}, []string{"x.npz"}},
		{"nothing", nil, []string{"nothing"}},
	} {
		dir := writeFiles(t, c.files)
		got := relative(dir, Files(filepath.Join(dir, c.name)))
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.name, got, c.want)
		}
	}
}

func with(files map[string][]byte, name string, content []byte) map[string][]byte {
	files = maps.Clone(files)
	files[name] = content
	return files
}

func without(files map[string][]byte, name string) map[string][]byte {
	files = maps.Clone(files)
	delete(files, name)
	return files
}
