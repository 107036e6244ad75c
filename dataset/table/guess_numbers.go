package table

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// placed is a cell that shows something.
type placed struct {
	column Column
	line   int
	text   string
}

func (p placed) String() string {
	return fmt.Sprintf("line %d, %s: %s", p.line, p.column.place(), quote(p.text))
}

// eachNumber calls visit with the cells of the columns of numbers, of those that
// were read ahead.
func (c *csvReader) eachNumber(visit func(column *Column, cell placed)) {
	c.eachColumn(func(column *Column, field int) {
		if column.Kind != Number {
			return
		}
		for _, r := range c.ahead {
			if field < len(r.fields) && !c.dialect.isMissing(r.fields[field], Number) {
				visit(column, placed{*column, r.line, r.fields[field]})
			}
		}
	})
}

// eachColumn calls visit with the columns that are in use.
func (c *csvReader) eachColumn(visit func(column *Column, field int)) {
	for i, field := range c.inputs {
		visit(&c.schema.Inputs[i], field)
	}
	for i, field := range c.targets {
		if field >= 0 {
			visit(&c.schema.Targets[i], field)
		}
	}
	if c.weight >= 0 {
		visit(c.schema.Weight, c.weight)
	}
}

// guessNumbers finds out how numbers are written, by those that can be read in
// one way only, and asks if there is none.
func (c *csvReader) guessNumbers() error {
	var point, comma, either *placed // the first that shows, or hides, the decimal sign
	c.eachNumber(func(_ *Column, cell placed) {
		if plain, hasPoint := isPlain(cell.text); plain && !hasPoint {
			return
		}
		r := readBothWays(cell.text)
		first := &either
		switch {
		case r.point == r.comma: // both or none
			return
		case r.comma == "":
			first = &point
		case r.point == "":
			first = &comma
		}
		if *first == nil {
			*first = &cell
		}
	})
	d := &c.dialect
	switch {
	case d.Decimal != "":
	case point != nil && comma != nil:
		return doubtf(ErrDecimal, "numbers are written in two ways: %v and %v", *point, *comma)
	case point != nil:
		d.Decimal = "."
	case comma != nil:
		d.Decimal = ","
	case either != nil:
		r := readBothWays(either.text)
		if r.pointMark != "" || d.Separator == ";" {
			return doubtf(ErrDecimal, "%v can be %s or %s", *either, r.point, r.comma)
		}
		d.Decimal = "."
	}
	return c.guessThousands()
}

// guessThousands finds the mark of thousands, and the units of the columns.
func (c *csvReader) guessThousands() error {
	var first *placed
	var err error
	// A table of another country may have decimal commas where the schema's table
	// had none of thousands.
	given := c.dialect.Thousands != "" || c.fixed && c.options.Dialect.Decimal == "" && c.schema.Dialect.Decimal != ""
	c.eachNumber(func(column *Column, cell placed) {
		if plain, point := isPlain(cell.text); plain && !point {
			return
		}
		r := readBothWays(cell.text)
		mark := r.pointMark
		if c.dialect.Decimal == "," {
			mark = r.commaMark
		}
		if mark == "" || given || err != nil {
			return
		}
		if first == nil {
			c.dialect.Thousands, first = mark, &cell
		} else if mark != c.dialect.Thousands {
			err = doubtf(ErrDecimal, "thousands are set apart in two ways: %v and %v", *first, cell)
		}
	})
	return err
}

// guessUnits finds the signs of currency and percent that the numbers of a
// column have in common.
func (c *csvReader) guessUnits() (err error) {
	first := map[string]placed{} // of each column
	c.eachNumber(func(column *Column, cell placed) {
		if plain, _ := isPlain(cell.text); plain {
			return
		}
		unit := readBothWays(cell.text).unit
		if unit == "" || err != nil {
			return
		}
		if column.Unit == "" {
			column.Unit, first[column.Name] = unit, cell
		} else if column.Unit != unit {
			err = doubtf(ErrNumber, "the numbers of a column are in two units: %v and %v", first[column.Name], cell)
		}
	})
	if err != nil {
		return err
	}
	for _, cell := range first {
		unit := readBothWays(cell.text).unit
		c.notes = append(c.notes, fmt.Sprintf("%s is read without the sign %s: %s is %s", cell.column.place(), unit, cell.text, c.shown(cell.text, unit)))
	}
	slices.Sort(c.notes)
	return nil
}

func (c *csvReader) shown(text, unit string) string {
	v, _ := c.dialect.number(text, unit)
	return number(v)
}

// isDate knows dates and times as most programs write them.
var isDate = regexp.MustCompile(`^\d{4}-\d{1,2}-\d{1,2}([T ].*)?$|^\d{1,2}[./-]\d{1,2}[./-]\d{2,4}( .*)?$|^\d{4}/\d{1,2}/\d{1,2}( .*)?$|^\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?$`).MatchString

// maxMarks is how many different texts may be marks of missing values in a
// column of numbers.
const maxMarks = 3

// noticeColumns asks about columns of texts that seem to be numbers with marks,
// and notes what else may surprise.
func (c *csvReader) noticeColumns() (err error) {
	c.eachColumn(func(column *Column, field int) {
		switch {
		case err != nil || c.given(*column):
		case column.Kind == Number:
			c.noticeSame(column, field)
			c.noticeSentinel(column, field)
		default:
			err = c.noticeTexts(column, field)
		}
	})
	if more := len(c.notes) - maxPlaces; more > 0 {
		c.notes = append(c.notes[:maxPlaces], fmt.Sprintf("and the like of %d more columns", more))
	}
	return err
}

// noticeTexts looks at a column of texts.
func (c *csvReader) noticeTexts(column *Column, field int) error {
	numbers, texts, dates, numeric, present := map[string]bool{}, map[string]bool{}, 0, 0, 0
	var first placed // of the texts, or a date
	for _, r := range c.ahead {
		if field >= len(r.fields) || c.dialect.isMissing(r.fields[field], Category) {
			continue
		}
		text := r.fields[field]
		present++
		switch {
		case c.dialect.looksNumeric(text):
			numbers[text] = true
			numeric++
		case isDate(text):
			dates++
			first = placed{*column, r.line, text}
		default:
			if len(texts) == 0 {
				first = placed{*column, r.line, text}
			}
			texts[text] = true
		}
	}
	switch {
	case dates > 0 && dates == present:
		c.notes = append(c.notes, fmt.Sprintf("%s is read as names: it looks like dates or times, such as %s; parts of them in columns of their own can be learnt from", column.place(), first.text))
	case len(texts) == 0 && numeric > 0:
		if why := c.codeOf(field, c.ahead); why != "" {
			c.notes = append(c.notes, fmt.Sprintf("%s is read as names: %s", column.place(), why))
		}
	case c.noticeMarks(column, field):
	case len(texts) == 0 || 2*numeric < present || len(numbers) <= guessedClasses:
	case len(texts) <= maxMarks || 2*(len(numbers)+len(texts)) <= present: // else it is left out, and said
		return doubtf(ErrMixed, "%v is among numbers", first)
	}
	return nil
}

// markedNumber is a number with something before that is no part of a word, as codes
// begin with, or behind it.
var markedNumber = regexp.MustCompile(`^([^\d\s+-]{0,8}[^\pL\d\s+_/#:-]\s*|[^\d\s+-]{1,8}\s+)?([-+]?\d[\d.,]*(?:[eE][-+]?\d+)?)\s*([^\d\s]\S{0,11})?$`)

// noticeMarks notes a column whose texts are numbers with marks, such as 12 kg or
// 0.3*, and tells whether it is one.
func (c *csvReader) noticeMarks(column *Column, field int) bool {
	t := c.textsOf(field, c.ahead)
	marks, numbers, marked := map[string]string{}, map[string]bool{}, 0 // an example of each mark
	for text, times := range t.times {
		parts := markedNumber.FindStringSubmatch(text)
		if parts == nil {
			continue
		}
		marked += times
		numbers[parts[2]] = true
		if mark := strings.TrimSpace(parts[1] + " " + parts[3]); mark != "" {
			marks[mark] = max(marks[mark], text)
		}
	}
	if len(marks) == 0 || len(marks) > maxMarks || 10*marked < 9*t.present || len(numbers) <= guessedClasses {
		return false
	}
	var shown []string
	for _, mark := range slices.Sorted(maps.Keys(marks)) {
		shown = append(shown, fmt.Sprintf("%s (%s)", quote(mark), marks[mark]))
	}
	c.notes = append(c.notes, fmt.Sprintf("%s is read as names: its texts look like numbers with %s; without that they could be learnt from as numbers", column.place(), list(shown)))
	return true
}

// given tells whether the options say that a column is a category.
func (c *csvReader) given(column Column) bool {
	return slices.Contains(c.options.Categories, column.Name) || slices.Contains(c.options.Categories, strconv.Itoa(column.Field+1))
}

// isSentinel knows numbers that some write for a missing value.
var isSentinel = regexp.MustCompile(`^-?9+(\.9+)?$|^-1$`).MatchString

// fewestSentinels is how often such a number comes that may be one of the others.
const fewestSentinels = 3

// noticeSentinel notes such a number if it lies as far from the others as they
// reach, or comes some times and lies farther from them than they from each other.
func (c *csvReader) noticeSentinel(column *Column, field int) {
	times := map[float64]int{}
	for _, r := range c.ahead {
		if field < len(r.fields) && !c.dialect.isMissing(r.fields[field], Number) {
			if v, err := c.dialect.number(r.fields[field], column.Unit); err == nil && !slices.Contains(c.marks, v) {
				times[v]++
			}
		}
	}
	values := slices.Sorted(maps.Keys(times))
	for i, sentinel := range values {
		if times[sentinel] < 2 || !isSentinel(number(sentinel)) || !c.isFar(values, i, times[sentinel]) {
			continue
		}
		c.notes = append(c.notes, fmt.Sprintf("%s has %s %d times, far from its other numbers: --missing=%[2]s if that stands for a missing value", column.place(), number(sentinel), times[sentinel]))
	}
}

// isFar tells whether one of the different values of a column, which comes so many
// times, lies far from all others.
func (c *csvReader) isFar(values []float64, i, times int) bool {
	others := slices.Delete(slices.Clone(values), i, i+1)
	if len(others) < 2 || values[i] == -1 && others[0] < 0 {
		return false
	}
	lowest, most, widest := others[0], others[len(others)-1], 0.0
	for k := range others[1:] {
		widest = max(widest, others[k+1]-others[k])
	}
	gap := max(lowest-values[i], values[i]-most)
	return gap > most-lowest && math.Abs(values[i]) >= 99 || times >= fewestSentinels && 5*gap >= most-lowest && gap > 2*widest
}
