// Package table reads tables of numbers and names, one sample a row: CSV with
// any separator, and LIBSVM (SVMlight) files, gzipped or not.
//
// [Read] holds a table in memory, [Open] reads it row by row. What a file is
// (format, separator, header, which columns are numbers and which categories)
// is guessed from its beginning unless [Options] say it; the [Schema] keeps the
// answer, and another table can be read by the same one. An [Encoder] turns rows
// into float32 vectors: categories one-hot, numbers standardised, missing values
// imputed on request.
//
// Errors name the file, the line and the column. Memory is in proportion to the
// file, whatever it claims.
package table

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/deepfry/deepfry/internal/random"
)

// Table is a table in memory.
type Table struct {
	Name    string
	How     string // it was read: "comma-separated, with a header", say
	Schema  Schema
	Notes   []string // see [Reader.Notes]
	LeftOut []string // why columns were left out, a sentence each
	Missing Missing  // of inputs

	rows  []Row
	cells arena[float64] // memory of the rows
	index arena[int32]
}

// arena gives memory for many small slices. To grow one large slice would copy
// it again and again.
type arena[T any] struct{ block []T }

// copy returns a copy of some values.
func (a *arena[T]) copy(values []T) []T {
	if len(values) > cap(a.block)-len(a.block) {
		a.block = make([]T, 0, max(len(values), min(1<<16, 2*cap(a.block))))
	}
	start := len(a.block)
	a.block = append(a.block, values...)
	return a.block[start:len(a.block):len(a.block)]
}

// Missing counts the values that are missing and says where the first are.
type Missing struct {
	Count  int
	Places []string // at most 10
}

// maxPlaces bounds the lists in reports.
const maxPlaces = 10

// Read reads a whole table. In addition to the errors of [Reader.Next], it
// fails for a table without rows, or with a row whose target is missing.
//
// A column of categories with more than half as many of them as the table has
// rows (names, say), or with more than 1,000, tells nothing about rows to come:
// it is left out, which LeftOut says.
func Read(path string, options Options) (*Table, error) {
	reader, err := Open(path, options)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	return readAll(reader)
}

func readAll(reader *Reader) (*Table, error) {
	t := &Table{Name: reader.Name(), How: reader.How(), Notes: reader.Notes()}
	for {
		row, err := reader.Next()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = t.add(reader, row)
		}
		if err != nil {
			return nil, err
		}
	}
	t.Schema = reader.Schema()
	if t.Len() == 0 {
		return nil, fmt.Errorf("table: %s: no rows", t.Name)
	}
	if len(t.Schema.Inputs) == 0 {
		return nil, fmt.Errorf("table: %s: no columns but the target", t.Name)
	}
	if !reader.fixed {
		t.sortClasses()
		t.leaveOut()
		if len(t.Schema.Inputs) == 0 {
			return nil, fmt.Errorf("table: %s: no column is left to learn from: %s", t.Name, t.LeftOut[0])
		}
	}
	return t, nil
}

func (t *Table) add(reader *Reader, row Row) error {
	if math.IsNaN(row.Target) {
		return reader.errorf(row.Line, "%s: %w: the target must be known", reader.schema.Target.place(), ErrMissing)
	}
	for k, v := range row.Cells {
		if !math.IsNaN(v) {
			continue
		}
		t.Missing.Count++
		if len(t.Missing.Places) < maxPlaces {
			input := k
			if row.Sparse {
				input = int(row.Index[k])
			}
			t.Missing.Places = append(t.Missing.Places, fmt.Sprintf("line %d, %s", row.Line, reader.schema.Inputs[input].place()))
		}
	}
	row.Cells = t.cells.copy(row.Cells)
	row.Index = t.index.copy(row.Index)
	t.rows = append(t.rows, row)
	return nil
}

// Len returns the number of rows.
func (t *Table) Len() int { return len(t.rows) }

// Row returns row i, which shares the table's memory.
func (t *Table) Row(i int) Row { return t.rows[i] }

// maxCategories bounds the categories of a column that is an input, and the
// classes of a target.
const maxCategories = 1000

// leaveOut drops the columns whose categories say nothing.
func (t *Table) leaveOut() {
	var kept []int
	for i, column := range t.Schema.Inputs {
		n := len(column.Categories)
		if column.Kind != Category || n <= maxCategories && (n <= 2 || 2*n <= t.Len()) {
			kept = append(kept, i)
			continue
		}
		number := strconv.Itoa(n)
		if n > maxCategories {
			number = "more than " + strconv.Itoa(maxCategories)
		}
		t.LeftOut = append(t.LeftOut, fmt.Sprintf("%s is left out: %s different texts in %d rows", column.place(), number, t.Len()))
	}
	if t.Schema.Format == LIBSVM || len(kept) == len(t.Schema.Inputs) {
		return
	}
	for i, row := range t.rows {
		cells := row.Cells[:0]
		for _, input := range kept {
			cells = append(cells, row.Cells[input])
		}
		t.rows[i].Cells = cells
	}
	var inputs []Column
	for _, input := range kept {
		inputs = append(inputs, t.Schema.Inputs[input])
	}
	t.Schema.Inputs = inputs
}

// sortClasses gives the classes of a target of texts the order of the alphabet.
func (t *Table) sortClasses() {
	if t.Schema.Target.Kind != Category {
		return
	}
	old := t.Schema.Target.Categories
	sorted := slices.Sorted(slices.Values(old))
	number := map[string]float64{}
	for i, name := range sorted {
		number[name] = float64(i)
	}
	for i, row := range t.rows {
		t.rows[i].Target = number[old[int(row.Target)]]
	}
	t.Schema.Target.Categories = sorted
}

// Task is what there is to learn about a target.
type Task string

// The tasks.
const (
	Regression     Task = "regression"
	Classification Task = "classification"
)

// guessedClasses is the largest number of different whole numbers that are
// taken for classes.
const guessedClasses = 20

// GuessTask returns Classification if the target is a column of categories, or
// of at most 20 different whole numbers that come twice on average.
func (t *Table) GuessTask() Task {
	if t.Schema.Target.Kind == Category {
		return Classification
	}
	different := map[float64]bool{}
	for _, row := range t.rows {
		v := row.Target
		different[v] = true
		if v != math.Trunc(v) || len(different) > guessedClasses {
			return Regression
		}
	}
	if 2*len(different) > t.Len() {
		return Regression
	}
	return Classification
}

// SetTask makes the target what the task needs: for a classification, numbers
// become classes, in the order of the numbers. It fails for a regression on a
// column of categories, and for a classification with fewer than 2 or more than
// 1,000 classes.
func (t *Table) SetTask(task Task) error {
	target := &t.Schema.Target
	switch {
	case task == Regression && target.Kind == Category:
		return fmt.Errorf("table: %s: %s: a regression needs numbers, found the text %s", t.Name, target.place(), quote(target.Categories[0]))
	case task == Regression:
		return nil
	case target.Kind == Number:
		t.numbersToClasses()
	}
	if n := len(target.Categories); n > maxCategories {
		return fmt.Errorf("table: %s: %s: more than %d classes", t.Name, target.place(), maxCategories)
	} else if n < 2 {
		return fmt.Errorf("table: %s: %s: every row is of the same class, %s: there is nothing to tell apart", t.Name, target.place(), quote(target.Categories[0]))
	}
	return nil
}

func (t *Table) numbersToClasses() {
	var values []float64
	for _, row := range t.rows {
		values = append(values, row.Target)
	}
	slices.Sort(values)
	values = slices.Compact(values)
	target := &t.Schema.Target
	target.Kind, target.Categories = Category, nil
	for _, v := range values[:min(len(values), maxCategories+1)] {
		target.Categories = append(target.Categories, number(v))
	}
	for i, row := range t.rows {
		class, _ := slices.BinarySearch(values, row.Target)
		t.rows[i].Target = float64(class)
	}
}

// number writes a number as a class is called.
func number(v float64) string { return strconv.FormatFloat(v+0, 'g', -1, 64) }

// Split deals n rows out to a training set and a hold-out, which gets about the
// given fraction of them, by the seed. Each has a row at least, and is in order.
// It fails for fewer than 2 rows or a fraction that is not between 0 and 1.
func Split(n int, fraction float64, seed uint64) (train, holdout []int, err error) {
	if n < 2 {
		return nil, nil, fmt.Errorf("table: %s: a hold-out needs 2 at least", count(n, "row"))
	}
	if !(fraction > 0 && fraction < 1) {
		return nil, nil, errors.New("table: the fraction of a hold-out must be more than 0 and less than 1")
	}
	held := max(1, min(n-1, int(math.Round(fraction*float64(n)))))
	order := shuffled(n, seed)
	slices.Sort(order[:held])
	slices.Sort(order[held:])
	return order[held:], order[:held], nil
}

// shuffled returns the numbers from 0 to n-1 in an order that the seed gives.
func shuffled(n int, seed uint64) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	source := random.New(seed, random.For("table.split"), 0, 0)
	for i := n - 1; i > 0; i-- { // Fisher and Yates
		j := int(source.Uint64() % uint64(i+1)) // the bias is below 2^-32
		order[i], order[j] = order[j], order[i]
	}
	return order
}
