package dataset

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

func fashionClasses() []string {
	return []string{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
		"Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"}
}

// numbered returns the names of classes that have none.
func numbered(count int) []string {
	names := make([]string, count)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	return names
}

// classNames are the names of labels.
type classNames struct {
	from  string   // what says so
	names []string // by label, "" for one that it does not speak of; nil: the numbers
}

// apply gives all sets the same classes: as many as the names and the labels need.
func (c classNames) apply(sets ...*Images) error {
	count := len(c.names)
	for part, set := range sets {
		for i, label := range set.Labels {
			if c.names != nil && (int(label) >= len(c.names) || c.names[label] == "") {
				return fmt.Errorf("dataset: %s image %d has label %d, which is none of the classes of %s", partNames[part], i, label, c.from)
			}
			count = max(count, int(label)+1)
		}
	}
	classes, labels := numbered(count), map[string]int{}
	for i, name := range c.names {
		if classes[i] = name; name == "" {
			classes[i] = fmt.Sprintf("label %d", i)
		}
		if first, twice := labels[classes[i]]; twice {
			return fmt.Errorf("dataset: %s: labels %d and %d have the same name %q", c.from, first, i, name)
		}
		labels[classes[i]] = i
	}
	for _, set := range sets {
		set.Classes = classes
	}
	return nil
}

// sayUnseen returns a line about classes that no image to train on has.
func sayUnseen(train *Images) []string {
	seen := make([]bool, len(train.Classes))
	for _, label := range train.Labels {
		seen[label] = true
	}
	var unseen []string
	for i, name := range train.Classes {
		if !seen[i] {
			unseen = append(unseen, strconv.Quote(name))
		}
	}
	if len(unseen) == 0 || train.Len() == 0 { // or there is nothing to train on
		return nil
	}
	const most = 10
	if more := len(unseen) - most; more > 0 {
		unseen = append(unseen[:most], fmt.Sprintf("%d more", more))
	}
	return []string{fmt.Sprintf("%d classes are counted, from label 0 on, but no image to train on is of %s", len(train.Classes), strings.Join(unseen, ", "))}
}

// readClassNames reads the names of the classes of a set of files, from the first of
// these in the folder: EMNIST's <set>-mapping.txt (a label and the codes of its
// characters a line), KMNIST's <set>_classmap.csv (index, codepoint, char),
// classes.txt (a name a line, from label 0 on).
func readClassNames(dir, set string) (classNames, error) {
	candidates := []string{"kmnist_classmap.csv", "classes.txt"}
	if set != "" {
		candidates = []string{set + "-mapping.txt", set + "_classmap.csv"}
	}
	for _, candidate := range candidates {
		path := filepath.Join(dir, candidate)
		file, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return classNames{}, fmt.Errorf("dataset: %w", err)
		}
		defer file.Close()
		read := readMapping
		if filepath.Ext(path) == ".csv" {
			read = readClassMap
		} else if set == "" {
			read = readNames
		}
		const most = 1 << 24 // bytes, far more than the names of maxClasses take
		names, err := read(io.LimitReader(file, most))
		if err == nil && len(names) == 0 {
			err = errors.New("expected the names of classes, found none")
		}
		if err != nil {
			return classNames{}, fmt.Errorf("dataset: %s: %w", path, err)
		}
		return classNames{path, names}, nil
	}
	return classNames{}, nil
}

// readMapping reads lines like "36 97", or "1 65 97" for a letter in both cases.
func readMapping(r io.Reader) (names []string, err error) {
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		fields := strings.Fields(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if len(fields) == 0 {
			continue
		}
		name := ""
		for _, field := range fields[1:] {
			code, err := strconv.ParseUint(field, 10, 21)
			if err != nil || !strconv.IsPrint(rune(code)) {
				return nil, fmt.Errorf("line %d: expected a label and the codes of its characters, found %.100q", number, lines.Text())
			}
			name += string(rune(code))
		}
		if names, err = setName(names, fields[0], name); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	return names, lines.Err()
}

// readClassMap reads a table with the columns index and char.
func readClassMap(r io.Reader) (names []string, err error) {
	table := csv.NewReader(r)
	header, err := table.Read()
	if err != nil {
		return nil, fmt.Errorf("expected a header with the columns index and char: %w", err)
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	index, char := slices.Index(header, "index"), slices.Index(header, "char")
	if index < 0 || char < 0 {
		return nil, fmt.Errorf("expected a header with the columns index and char, found %.100q", header)
	}
	for {
		row, err := table.Read()
		if err == io.EOF {
			return names, nil
		} else if err != nil {
			return nil, err
		}
		if names, err = setName(names, row[index], row[char]); err != nil {
			line, _ := table.FieldPos(index)
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
	}
}

// readNames reads a name a line.
func readNames(r io.Reader) (names []string, err error) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		name := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if name == "" {
			break
		}
		if names, err = setName(names, strconv.Itoa(len(names)), name); err != nil {
			return nil, fmt.Errorf("line %d: %w", len(names)+1, err)
		}
	}
	for lines.Scan() { // empty lines may end the file
		if strings.TrimSpace(lines.Text()) != "" {
			return nil, fmt.Errorf("line %d: expected the name of a class, found an empty line", len(names)+1)
		}
	}
	return names, lines.Err()
}

// setName sets the name of a label.
func setName(names []string, label, name string) ([]string, error) {
	i, err := strconv.Atoi(label)
	if err != nil || i < 0 || i >= maxClasses {
		return nil, fmt.Errorf("expected a label from 0 to %d, found %.100q", maxClasses-1, label)
	}
	if name == "" {
		return nil, fmt.Errorf("expected a name for label %d, found none", i)
	}
	for len(names) <= i {
		names = append(names, "")
	}
	if names[i] != "" {
		return nil, fmt.Errorf("label %d has the name %q already", i, names[i])
	}
	names[i] = name
	return names, nil
}
