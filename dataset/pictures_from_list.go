package dataset

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	unicodes "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// A list names pictures and their classes, one a line. What it names is a set like that
// of a folder (foundPictures), which is read by the same code.

// listEndings are those of the names of lists.
var listEndings = []string{".csv", ".tsv", ".txt"}

// isList tells whether a file of this name may be a list.
func isList(path string) bool {
	return slices.Contains(listEndings, strings.ToLower(filepath.Ext(path)))
}

const (
	maxList     = 1 << 30 // bytes of a list
	errorInList = "dataset: %s: line %d: "
)

// Names of columns, best first, as plainColumn has them.
var (
	pictureColumns = []string{"filename", "filenames", "filepath", "filepaths", "file", "path", "imagepath", "imagename", "imagefile", "imgpath", "imgname", "image", "images", "img", "picture", "imageid", "id", "name"}
	labelColumns   = []string{"label", "labels", "class", "classname", "category", "target", "species", "y"}
	partColumns    = []string{"split", "set", "subset", "dataset", "part", "partition"}
)

// plainColumn is the same for File_Name, "file name" and filename.
func plainColumn(name string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(name))
}

// pictureList is a list while it is read.
type pictureList struct {
	path string
	dir  string // from which the names of pictures are
	rows []listRow
	said []string

	picture, label, part int      // columns; part is -1 if there is none
	others               []string // columns that are passed over

	stems map[string]map[string][]string // of folders: names of pictures by those without ending
}

// listRow is a line that is not blank, its cells without blanks around them.
type listRow struct {
	cells []string
	line  int
}

// IsPictureList tells whether a file is a list of pictures, as Open describes it, and not
// another table: it has no columns but those of a list, and its first picture is there.
func IsPictureList(path string) bool {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || !isList(path) {
		return false
	}
	l, err := readList(path, 2)
	if err != nil || len(l.others) > 0 {
		return false
	}
	file, found, err := l.find(l.rows[0].cells[l.picture])
	return err == nil && found && isPicture(file)
}

// picturesOfList finds the pictures that a list names, as Open describes it. Those that
// aren't there are bad ones, like those that can't be decoded.
func picturesOfList(path string) (*foundPictures, error) {
	if info, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	} else if !info.Mode().IsRegular() || info.Size() > maxList {
		return nil, fmt.Errorf("dataset: %s: expected a list of pictures: a regular file of at most %d bytes, found %d bytes, %v", path, maxList, info.Size(), info.Mode())
	}
	l, err := readList(path, math.MaxInt)
	if err != nil {
		return nil, err
	}
	return l.pictures()
}

// readList reads the first rows of a list, at most so many, and finds its columns.
func readList(path string, most int) (*pictureList, error) {
	l := &pictureList{path: path, dir: filepath.Dir(path), stems: map[string]map[string][]string{}}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	defer file.Close()
	// Marks of UTF-8 and UTF-16 go; without one, bytes stay as they are.
	text := bufio.NewReaderSize(transform.NewReader(file, unicodes.BOMOverride(transform.Nop)), 1<<16)
	if err := l.readRows(text, most); err != nil {
		return nil, err
	}
	if len(l.rows) == 0 {
		return nil, fmt.Errorf("dataset: %s: expected a list of pictures, a name and a label a line, found none", path)
	}
	if err := l.findColumns(); err != nil {
		return nil, err
	}
	l.findFolder()
	return l, nil
}

// readRows reads what lies between tabs, commas or semicolons, or else before and behind
// the last blank of a line.
func (l *pictureList) readRows(text *bufio.Reader, most int) error {
	separator := listSeparator(text)
	table := newTable(text, cmp.Or(separator, ','))
	next := func(line int) (cells []string, at int, err error) {
		if separator == 0 {
			text, err := text.ReadString('\n')
			if text != "" {
				err = nil
			}
			text = strings.TrimSpace(text)
			last := strings.LastIndexFunc(text, unicode.IsSpace) + 1
			_, width := utf8.DecodeLastRuneInString(text[:last])
			return []string{text[:max(last-width, 0)], text[last:]}, line, err
		}
		if cells, err = table.Read(); err == nil {
			at, _ = table.FieldPos(0)
		}
		return cells, at, err
	}
	for line := 1; len(l.rows) < most; line++ {
		cells, at, err := next(line)
		if err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("dataset: %s: expected a list of pictures: %w", l.path, err)
		}
		blank := true
		for i, cell := range cells {
			if !utf8.ValidString(cell) || strings.ContainsRune(cell, utf8.RuneError) {
				return fmt.Errorf(errorInList+"expected text in UTF-8, found %q: save the list in UTF-8", l.path, at, cell)
			}
			cells[i] = strings.TrimSpace(cell)
			blank = blank && cells[i] == ""
		}
		if blank {
			continue
		}
		if len(l.rows) > 0 && len(cells) != len(l.rows[0].cells) {
			return fmt.Errorf(errorInList+"expected %d cells, as in line %d, found %d: put names with commas in quotes", l.path, at, len(l.rows[0].cells), l.rows[0].line, len(cells))
		}
		l.rows = append(l.rows, listRow{slices.Clone(cells), at})
	}
	return nil
}

// newTable reads cells, before whose quotes there may be blanks.
func newTable(text io.Reader, separator rune) *csv.Reader {
	table := csv.NewReader(text)
	table.Comma, table.FieldsPerRecord = separator, -1
	table.TrimLeadingSpace = separator != '\t' // or empty cells would go
	return table
}

// listSeparator returns what parts the first line that is not blank, or 0 for blanks.
func listSeparator(text *bufio.Reader) rune {
	start, _ := text.Peek(text.Size()) // an error comes again
	line, _, _ := bytes.Cut(bytes.TrimSpace(start), []byte("\n"))
	for _, separator := range "\t,;" {
		if cells, err := newTable(bytes.NewReader(line), separator).Read(); err == nil && len(cells) > 1 {
			return separator
		}
	}
	return 0
}

// findColumns finds out what the columns are, by their names if the first line has some,
// or else by what is in them.
func (l *pictureList) findColumns() error {
	first := l.rows[0]
	l.picture, l.label, l.part = l.pictureAmong(first), -1, -1
	named := l.picture < 0
	if named {
		if l.rows = l.rows[1:]; len(l.rows) == 0 {
			return l.errColumns(first.cells, "names pictures")
		}
		l.nameColumns(first)
	}
	if l.picture < 0 {
		return l.errColumns(first.cells, "names pictures")
	}
	rest := []int{}
	for i := range first.cells {
		if i == l.picture || i == l.part || named && first.cells[i] == "" { // numbers of rows
			continue
		}
		if l.part < 0 && i != l.label && len(first.cells) > 2 && !slices.ContainsFunc(l.rows, func(row listRow) bool { return partOf(row.cells[i]) < 0 }) {
			l.part = i
			continue
		}
		rest = append(rest, i)
	}
	if l.label < 0 && len(rest) == 1 {
		l.label = rest[0]
	}
	if l.label < 0 {
		return l.errColumns(first.cells, "has the labels")
	}
	for _, i := range rest {
		if i != l.label {
			l.others = append(l.others, first.cells[i])
		}
	}
	return nil
}

// nameColumns takes columns by their names.
func (l *pictureList) nameColumns(header listRow) {
	find := func(names []string) int {
		for _, name := range names {
			if i := slices.IndexFunc(header.cells, func(cell string) bool { return plainColumn(cell) == name }); i >= 0 {
				return i
			}
		}
		return -1
	}
	l.picture, l.label, l.part = find(pictureColumns), find(labelColumns), find(partColumns)
	if l.picture < 0 && l.label < 0 {
		l.said = append(l.said, fmt.Sprintf("line %d of the list is taken for the names of its columns: %s", header.line, nameList(header.cells, fewNames)))
	}
	if l.picture < 0 {
		l.picture = l.pictureAmong(l.rows[0])
	}
}

func (l *pictureList) errColumns(found []string, missing string) error {
	return fmt.Errorf("dataset: %s: expected a list of pictures, with columns filename, label and, if you like, split (train, val or test); none %s among %s: call one so in the first line (tables of numbers are for deepfry fit)", l.path, missing, nameList(found, fewNames))
}

// pictureAmong returns the first cell that is called as pictures are, or else that names
// one which is there, or -1.
func (l *pictureList) pictureAmong(row listRow) int {
	if i := slices.IndexFunc(row.cells, isPicture); i >= 0 {
		return i
	}
	return slices.IndexFunc(row.cells, func(cell string) bool {
		_, found, err := l.find(cell)
		return found && err == nil
	})
}

// findFolder takes the names of pictures from the one folder beside the list that has the
// first one, if the list's own does not.
func (l *pictureList) findFolder() {
	name, own := l.rows[0].cells[l.picture], l.dir
	if _, found, err := l.find(name); found || err != nil {
		return
	}
	var having []string
	for _, folder := range subfolders(own) {
		l.dir = filepath.Join(own, folder)
		if _, found, _ := l.find(name); found {
			having = append(having, folder)
		}
	}
	if l.dir = own; len(having) == 1 {
		l.dir = filepath.Join(own, having[0])
		l.said = append(l.said, "the pictures of the list are in the folder "+printable(having[0]))
	}
}

// find returns the path of a picture of the list, and whether it is there. A name without
// an ending is that of the one picture that is called so but for its ending.
func (l *pictureList) find(name string) (path string, found bool, err error) {
	if name == "" {
		return "", false, errors.New("expected the name of a picture, found none")
	}
	path = filepath.FromSlash(strings.ReplaceAll(name, `\`, "/"))
	if !filepath.IsAbs(path) {
		path = filepath.Join(l.dir, path)
	}
	if info, err := os.Stat(path); err == nil {
		if !info.Mode().IsRegular() {
			return path, false, fmt.Errorf("expected a picture, found %s, which is no regular file", printable(name))
		}
		return path, true, nil
	}
	if isPicture(path) {
		return path, false, nil
	}
	dir, stem := filepath.Split(path)
	switch files := l.stemsOf(dir)[stem]; len(files) {
	case 0:
		return path, false, nil
	case 1:
		return dir + files[0], true, nil
	default:
		return path, false, fmt.Errorf("expected one picture called %s, found %s: give its ending", printable(name), nameList(files, fewNames))
	}
}

// stemsOf returns the pictures in a folder by their names without endings.
func (l *pictureList) stemsOf(dir string) map[string][]string {
	stems, known := l.stems[dir]
	if !known {
		stems = map[string][]string{}
		l.stems[dir] = stems
		entries, _ := os.ReadDir(dir) // what can't be read has none
		for _, entry := range entries {
			mode, err := target(entry, filepath.Join(dir, entry.Name()))
			if name := entry.Name(); err == nil && mode.IsRegular() && isPicture(name) {
				stem := strings.TrimSuffix(name, filepath.Ext(name))
				stems[stem] = append(stems[stem], name)
			}
		}
	}
	return stems
}

// partOf returns the part that a word means, or -1.
func partOf(word string) int {
	for part, names := range [parts][]string{forTraining: trainFolders, forTests: testFolders, forValidation: validationFolders} {
		if slices.Contains(names, strings.ToLower(word)) {
			return part
		}
	}
	return -1
}

// listedFile tells pictures of a list apart: one may be in several parts, as in folders.
type listedFile struct {
	path string
	part int
}

// pictures returns the pictures of all rows, by parts and classes.
func (l *pictureList) pictures() (*foundPictures, error) {
	f := &foundPictures{dir: filepath.Dir(l.path), list: l.path, passed: passedOver{dir: filepath.Dir(l.path)}}
	var classes [parts]map[string][]pictureFile
	for part := range classes {
		classes[part] = map[string][]pictureFile{}
	}
	rows, labels, twice := map[listedFile]int{}, map[string]int{}, 0 // the first rows that have them
	for i, row := range l.rows {
		file, label, err := l.read(row)
		if err != nil {
			return nil, fmt.Errorf(errorInList+"%w", l.path, row.line, err)
		}
		if first, known := labels[file.path]; !known {
			labels[file.path] = i
		} else if other := norm.NFC.String(l.rows[first].cells[l.label]); other != label {
			return nil, fmt.Errorf(errorInList+"%s has the label %s, but %s in line %d: a picture has one class", l.path, row.line, printable(row.cells[l.picture]), printable(label), printable(other), l.rows[first].line)
		}
		if _, known := rows[file]; known {
			twice++
			continue
		}
		rows[file] = i
		classes[file.part][label] = append(classes[file.part][label], pictureFile{path: file.path})
	}
	if len(classes[forTests]) == 0 { // where there is one of the two, it is for tests
		classes[forTests], classes[forValidation] = classes[forValidation], nil
	}
	f.train, f.test, f.validation = listedClasses(classes[forTraining]), listedClasses(classes[forTests]), listedClasses(classes[forValidation])
	for _, part := range []struct {
		dir     *string
		classes []classFolder
	}{{&f.trainDir, f.train}, {&f.testDir, f.test}, {&f.validationDir, f.validation}} {
		if len(part.classes) > 0 {
			*part.dir = l.path
		}
		similar := passedOver{}
		similar.similarCase(part.classes)
		f.passed.add(similar)
	}
	f.said = l.said
	if len(l.others) > 0 {
		f.said = append(f.said, "columns of the list that are passed over: "+nameList(l.others, fewNames))
	}
	if twice > 0 {
		f.said = append(f.said, fmt.Sprintf("passed over %d lines of the list whose pictures were in it already", twice))
	}
	return f, nil
}

// read returns what a row says.
func (l *pictureList) read(row listRow) (file listedFile, label string, err error) {
	if file.path, _, err = l.find(row.cells[l.picture]); err != nil {
		return file, "", err
	}
	label = norm.NFC.String(row.cells[l.label])
	if label == "" || strings.ContainsFunc(label, unicode.IsControl) {
		return file, "", fmt.Errorf("expected the label of %s, without control characters, found %q", printable(row.cells[l.picture]), label)
	}
	if l.part >= 0 {
		if file.part = partOf(row.cells[l.part]); file.part < 0 {
			return file, "", fmt.Errorf("expected train, val or test for %s, found %q", printable(row.cells[l.picture]), row.cells[l.part])
		}
	}
	return file, label, nil
}

// listedClasses returns classes in their order.
func listedClasses(files map[string][]pictureFile) (classes []classFolder) {
	for name, files := range files {
		classes = append(classes, classFolder{name, files})
	}
	compare := listedOrder(classes)
	slices.SortFunc(classes, func(a, b classFolder) int { return compare(a.name, b.name) })
	return classes
}

// listedOrder is that of the classes of a list: as numbers, if all are whole ones, so
// that output 10 of a network is the class 10, or else as those of a folder.
func listedOrder(classes []classFolder) func(a, b string) int {
	if slices.ContainsFunc(classes, func(class classFolder) bool { _, err := strconv.Atoi(class.name); return err != nil }) {
		return strings.Compare
	}
	return func(a, b string) int {
		i, _ := strconv.Atoi(a)
		j, _ := strconv.Atoi(b)
		return cmp.Or(cmp.Compare(i, j), strings.Compare(a, b))
	}
}
