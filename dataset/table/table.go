// Package table reads tables of numbers and names, one sample a row: CSV with
// any separator, and LIBSVM (SVMlight) files, gzipped or not.
//
// [Read] holds a table in memory, [Open] reads it row by row. What a file is
// (format, separator, header, which columns are numbers and which categories)
// is guessed from its beginning unless [Options] say it; the [Schema] keeps the
// answer, and another table can be read by the same one. An [Encoder] turns rows
// into float32 vectors: categories one-hot, numbers standardised and, on request,
// transformed before; missing values are filled in. [Table.Split] and [Table.Folds]
// hold rows out.
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
)

// Table is a table in memory.
type Table struct {
	Name    string
	How     string // it was read: "comma-separated, with a header", say
	Schema  Schema
	LeftOut []string // why columns were left out, a sentence each
	Said    []string // what else is worth knowing, a sentence each
	Missing Missing  // of inputs
	Unseen  []string // classes that Options.Schema does not have: see Reader.Unseen

	rows rowStore
}

// Missing counts the values that are missing and says where the first are.
type Missing struct {
	Count  int
	Places []string // at most 10
}

// errTarget is not ErrMissing: nothing can be filled in for it.
var errTarget = errors.New("the value is missing: the target must be known; a row without it must go, and a class that is called so needs another name")

// maxPlaces bounds the lists in reports.
const maxPlaces = 10

// Read reads a whole table. In addition to the errors of [Reader.Next], it
// fails for a table without rows, or with a row whose target is missing.
//
// A column tells nothing about rows to come if it has more categories than half as
// many as the table has rows (names, say), or than 1,000; or if it only numbers the
// rows: if its values are whole and all different, and it has no name or one such as
// id, or if it counts the rows in order, whatever its name. It is left out, which
// LeftOut says, unless it is in Options.Keep.
//
// Categories and classes are in the order of the alphabet and inputs of LIBSVM files
// in that of their indices, so that the order of the rows makes no difference.
func Read(path string, options Options) (*Table, error) {
	reader, err := Open(path, options)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	return readAll(reader)
}

func readAll(reader *Reader) (*Table, error) {
	t := &Table{Name: reader.Name(), How: reader.How()}
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
	t.Schema, t.Unseen, t.Said = reader.Schema(), reader.Unseen(), reader.Said()
	if t.Len() == 0 {
		return nil, fmt.Errorf("table: %s: no rows", t.Name)
	}
	if len(t.Schema.Inputs) == 0 {
		return nil, fmt.Errorf("table: %s: no columns but the target", t.Name)
	}
	if reader.fixed {
		t.sayUnseen()
		return t, nil
	}
	if err := t.complete(reader); err != nil {
		return nil, fmt.Errorf("table: %s: %w", t.Name, err)
	}
	return t, nil
}

// complete decides what has to be known of all rows.
func (t *Table) complete(reader *Reader) error {
	t.sortCategories()
	t.sortIndices()
	if c, ok := reader.source.(*csvReader); ok {
		if err := t.leaveOut(c.kept, c.header.nameless); err != nil {
			return err
		}
	}
	if len(t.Schema.Inputs) == 0 {
		return fmt.Errorf("no column is left to learn from: %s", t.LeftOut[0])
	}
	if t.rows.weights.n > 0 && !t.anyWeight() {
		return fmt.Errorf("%s: every row has the weight 0", t.Schema.Weight.place())
	}
	all := t.allRows()
	t.sayConstants(all)
	t.sayCases()
	t.sayRepeats(all)
	return nil
}

func (t *Table) anyWeight() bool {
	for i := range t.Len() {
		if t.Row(i).Weight > 0 {
			return true
		}
	}
	return false
}

func (t *Table) allRows() []int { return sequence(t.Len()) }

// sequence returns 0 to n-1.
func sequence(n int) []int {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	return numbers
}

func (t *Table) add(reader *Reader, row Row) error {
	for i, v := range row.Targets {
		if math.IsNaN(v) {
			return reader.errorf(row.Line, "%s: %w", reader.schema.Targets[i].place(), errTarget)
		}
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
	t.rows.add(row)
	return nil
}

// Len returns the number of rows.
func (t *Table) Len() int { return t.rows.len() }

// Row returns row i, which shares the table's memory.
func (t *Table) Row(i int) Row { return t.rows.row(i) }

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
// of at most 20 different whole numbers that come twice on average, and if it is
// the only one.
func (t *Table) GuessTask() Task {
	if len(t.Schema.Targets) > 1 {
		return Regression
	}
	if t.Schema.Targets[0].Kind == Category {
		return Classification
	}
	different := map[float64]bool{}
	for i := range t.Len() {
		v := t.Row(i).Targets[0]
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
// column of categories, and for a classification with several targets, or with
// fewer than 2 or more than 1,000 classes.
func (t *Table) SetTask(task Task) error {
	target := &t.Schema.Targets[0]
	switch {
	case task == Regression:
		for _, target := range t.Schema.Targets {
			if target.Kind == Category {
				return fmt.Errorf("table: %s: %s: a regression needs numbers, found the text %s", t.Name, target.place(), quote(target.Categories[0]))
			}
		}
		t.sayConstantTargets()
		return nil
	case len(t.Schema.Targets) > 1:
		return fmt.Errorf("table: %s: a classification has one target, found %d", t.Name, len(t.Schema.Targets))
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
	for i := range t.Len() {
		values = append(values, t.Row(i).Targets[0])
	}
	slices.Sort(values)
	values = slices.Compact(values)
	target := &t.Schema.Targets[0]
	target.Kind, target.Categories = Category, nil
	for _, v := range values[:min(len(values), maxCategories+1)] {
		target.Categories = append(target.Categories, number(v))
	}
	for i := range t.Len() {
		target := &t.Row(i).Targets[0]
		class, _ := slices.BinarySearch(values, *target)
		*target = float64(class)
	}
}

// number writes a number as a class is called: with all its digits if it is whole and
// float64 has them.
func number(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) <= largestWhole {
		return strconv.FormatFloat(v+0, 'f', -1, 64)
	}
	return strconv.FormatFloat(v+0, 'g', -1, 64)
}
