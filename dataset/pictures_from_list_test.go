package dataset

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// writeList writes four pictures, 1 to 4, and a list of them, of which it returns the path.
func writeList(t *testing.T, name, list string) string {
	t.Helper()
	return filepath.Join(writeFiles(t, map[string][]byte{
		"a/1.png": greyPNG(1), "a/2.PNG": greyPNG(2), "b, c/3.png": greyPNG(3), "b, c/4 d.png": greyPNG(4), name: []byte(list),
	}), name)
}

// listed returns class and first pixel of all pictures of a data set.
func listed(data *Dataset) [][2]int {
	return sorted(contents(data.Train.(*Images)), contents(data.Test.(*Images)))
}

// TestListDialects: whatever a list is written by, it names the same pictures.
func TestListDialects(t *testing.T) {
	utf16le := func(text string) string {
		content := "\xff\xfe"
		for _, unit := range utf16.Encode([]rune(text)) {
			content += string([]byte{byte(unit), byte(unit >> 8)})
		}
		return content
	}
	for _, c := range []struct{ about, name, list string }{
		{"no header", "l.csv", "a/1.png, \"x\"\na/2.PNG,x\n\"b, c/3.png\",y\n\"b, c/4 d.png\",y"},
		{"a header, blank lines, a mark, CRLF", "l.csv", "\xef\xbb\xbfFile_Name,Label\r\n\r\na/1.png, x\r\na/2.PNG,x\r\n,\r\n\"b, c/3.png\",y\r\n\"b, c/4 d.png\",y\r\n  \r\n"},
		{"Windows's paths, tabs", "l.txt", "label\timage\nx\ta\\1.png\nx\t.\\a\\2.PNG\ny\tb, c\\3.png\ny\tb, c\\4 d.png\n"},
		{"semicolons", "l.CSV", "path;class\na/1.png;x\na/2.PNG;x\n\"b, c/3.png\";y\nb, c/4 d.png;y\n"},
		{"Excel's text", "l.txt", utf16le("path\tclass\r\na/1.png\tx\r\na/2.PNG\tx\r\nb, c/3.png\ty\r\nb, c/4 d.png\ty\r\n")},
		{"other columns, as pandas numbers rows, and no endings", "l.csv", ",width,id,breed,label\n0,4,a/1,q,x\n1,4,a/2,r,x\n2,4,\"b, c/3\",q,y\n3,4,\"b, c/4 d\",s,y\n"},
		{"unknown columns", "l.csv", "photo;tier\na/1.png;x\na/2.PNG;x\nb, c/3.png;y\nb, c/4 d.png;y\n"},
		{"twice", "l.tsv", "a/1.png\tx\na/2.PNG\tx\na/../a/1.png\tx\nb, c/3.png\ty\nb, c/4 d.png\ty"},
	} {
		path := writeList(t, c.name, c.list)
		data, err := Open(path)
		if err != nil {
			t.Errorf("%s: %v", c.about, err)
			continue
		}
		if diff := cmp.Diff([][2]int{{0, 1}, {0, 2}, {1, 3}, {1, 4}}, listed(data)); diff != "" || !slices.Equal(data.Train.ClassNames(), []string{"x", "y"}) || !data.Pictures {
			t.Errorf("%s: %v, %s", c.about, data.Train.ClassNames(), diff)
		}
		want := map[string]string{"other columns, as pandas numbers rows, and no endings": "passed over: width, breed", "unknown columns": "names of its columns: photo, tier", "twice": "1 lines"}[c.about]
		if said := strings.Join(data.Said, "\n"); !strings.Contains(said, want) || want == "" && said != "" {
			t.Errorf("%s: said %q, want %q", c.about, data.Said, want)
		}
		if IsPictureList(path) != !strings.HasPrefix(c.about, "other columns") {
			t.Errorf("%s: for a table or not", c.about)
		}
	}
}

// TestListIsAFolder: the same pictures, split, order and identity as those of a folder,
// in memory and read anew, wherever the list is.
func TestListIsAFolder(t *testing.T) {
	files := map[string][]byte{}
	var list strings.Builder
	for v := range 60 {
		class := string("ab"[v%2])
		name := class + "/" + strconv.Itoa(v) + ".bmp"
		files["pictures/"+name], files["listed/"+strings.ToUpper(class)+strconv.Itoa(100-v)+".bmp"] = dotBMP(uint8(v)), dotBMP(uint8(v))
		list.WriteString(strings.ToUpper(class) + strconv.Itoa(100-v) + ".bmp " + class + "\n")
	}
	files["listed/all.txt"] = []byte(list.String())
	dir := writeFiles(t, files)
	for _, memory := range []int64{0, 100} {
		options := Options{Input: []int{3, 2, 2}, Memory: memory}
		folder, err := OpenWith(filepath.Join(dir, "pictures"), options)
		if err != nil {
			t.Fatal(err)
		}
		list, err := OpenWith(filepath.Join(dir, "listed", "all.txt"), options)
		if err != nil {
			t.Fatal(err)
		}
		if folder.Train.Identity() != list.Train.Identity() || folder.Test.Identity() != list.Test.Identity() || list.Test.Len() == 0 || list.Split != SplitByHash {
			t.Errorf("in %d bytes, a list is another data set than a folder: %v and %v", memory, list, folder)
		}
		if _, inMemory := list.Train.(*Images); inMemory != (memory == 0) {
			t.Errorf("memory of %d bytes: %T", memory, list.Train)
		}
	}
}

// TestListParts: a third column says what pictures are for; numbers are classes in their
// order; one may name the pictures of the only folder that has them.
func TestListParts(t *testing.T) {
	path := writeList(t, "l.csv", "filename,label,usage\na/1.png,9,TRAIN\na/2.PNG,10,train\n\"b, c/3.png\",10,valid\n\"b, c/4 d.png\",9,test\n")
	data, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := contents(data.Validation.(*Images)); !slices.Equal(got, [][2]int{{1, 3}}) || !slices.Equal(listed(data), [][2]int{{0, 1}, {0, 4}, {1, 2}}) {
		t.Errorf("validation %v, others %v", got, listed(data))
	}
	classes, err := FolderClasses(path)
	if want := []string{"9", "10"}; err != nil || !slices.Equal(classes, want) || !slices.Equal(data.Train.ClassNames(), want) {
		t.Errorf("classes %q and %q, %v", classes, data.Train.ClassNames(), err)
	}
	d, err := Describe(path, Options{})
	if err != nil || d.Train != 2 || d.Validation != 1 || d.Test != 1 || d.Folder != filepath.Dir(path) {
		t.Errorf("%+v, %v", d, err)
	}
	data, err = Open(writeList(t, "l.csv", "a/1.png,x,train\na/2.PNG,y,train\n\"b, c/3.png\",y,val\n"))
	if err != nil || data.Validation != nil || data.Test.Len() != 1 {
		t.Errorf("validation without tests: %v, %v", data, err)
	}
	data, err = OpenWith(writeList(t, "l.csv", "id,class\n1,x\n2,y\n"), Options{Whole: true, Classes: []string{"y", "z", "x"}})
	if err != nil || !slices.Equal(contents(data.Test.(*Images)), [][2]int{{0, 2}, {2, 1}}) || !strings.Contains(data.Said[0], "in the folder a") {
		t.Errorf("measured whole, in a folder: %v, %v", data, err)
	}
}

func TestListRefuses(t *testing.T) {
	const good = "a/1.png,x\na/2.PNG,y\n"
	for want, list := range map[string]string{
		"a/./2.PNG has the label x, but y in line 2": good + "a/./2.PNG,x\n",
		`the label of a/1.png, without`:              "a/1.png,\na/2.PNG,y\n",
		"line 4: expected the name of a picture":     "filename,label\n" + good + ",x\n",
		"line 3: expected 2 cells, as in line 1":     good + "a/b,1.png,x\n",
		"expected train, val or test for a/2.PNG":    "filename,label,split\na/1.png,x,train\na/2.PNG,y,fold 3\n",
		"none has the labels among image, p, q":      "image,p,q\na/1.png,0,1\na/2.PNG,1,0\n",
		"none names pictures among length, width":    "length,width\n1,2\n3,4\n",
		"expected the label of a/1.png":              "a/1.png\na/2.PNG\n",
		"found none":                                 "\n\n",
		"names pictures among filename, label":       "filename,label\n",
		"save the list in UTF-8":                     "a/1.png,x\na/2.PNG,caf\xe9\n",
		"which is no regular file":                   good + "a,y\n",
		"expected one picture called both, found":    good + "both,y\n",
		"whose split is train":                       "a/1.png,x,test\na/2.PNG,y,test\n",
		"at least two classes to train on, found 1":  "a/1.png,x\na/2.PNG,x\n",
		"mark some as test in a column split":        good,
		"parse error on line 2":                      "a/1.png,x\n\"a/2.PNG,y\n",
		"2 of 4 pictures can't be read:\n\t":         good + "a/7.png,x\na/8.png,y\n",
		"no such file":                               good + "a/7.png,x\n",
		"there is no class of this name in":          "a/1.png,x,train\na/2.PNG,y,train\n\"b, c/3.png\",z,test\n",
	} {
		path := writeList(t, "l.csv", list)
		for _, name := range []string{"both.png", "both.jpg"} {
			if err := os.WriteFile(filepath.Join(filepath.Dir(path), name), greyPNG(9), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "dataset: "+path) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	path := writeList(t, "l.csv", "a/1.png,x\na/2.PNG,y\n\"b, c/3.png\",x\n\"b, c/4 d.png\",y\na/7.png,x\n")
	if data, err := OpenWith(path, Options{SkipBad: 1}); err != nil || len(listed(data)) != 4 {
		t.Errorf("one that is missing may be passed over: %v, %v", data, err)
	}
	path = writeList(t, "l.csv", "a/1.png,x,train\na/2.PNG,X,train\n\"b, c/3.png\",x,test\n\"b, c/4 d.png\",X,test\n")
	if data, err := Open(path); err != nil || len(data.Said) != 1 || !strings.Contains(data.Said[0], "differ only in case are not one: X and x") {
		t.Errorf("classes that differ in case: %v, %v", data, err)
	}
	if _, err := Open("nowhere.csv"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a list that is not there: %v", err)
	}
}
