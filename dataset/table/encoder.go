package table

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Impute says what takes the place of missing values.
type Impute string

// The kinds of imputation. For a category, the mean is the share of each, and
// the median the most frequent one.
const (
	NoImpute     Impute = "none" // missing values are errors
	ImputeMean   Impute = "mean"
	ImputeMedian Impute = "median"
)

// EncoderOptions say how rows become vectors.
type EncoderOptions struct {
	Impute Impute // NoImpute if empty
	Raw    bool   // leave numbers as they are: do not standardise
}

// Encoder turns rows into vectors: a number x becomes (x - Mean)·Scale, a
// category a 1 among zeros (one-hot). Numbers are standardised, with Scale one
// over the standard deviation, unless they are only zeros and ones; a column
// that is constant becomes 0. Its fields can be stored as JSON.
type Encoder struct {
	Schema  Schema    `json:"schema"`
	Impute  Impute    `json:"impute"`
	Columns []Scaling `json:"columns"` // [len(Schema.Inputs)]
}

// Scaling is how an Encoder treats a column.
type Scaling struct {
	Mean  float64 `json:"mean"`
	Scale float64 `json:"scale"`
	// Fill takes the place of a missing value: a number, or a weight for each
	// category. It is nil without imputation.
	Fill []float64 `json:"fill,omitempty"`
}

// NewEncoder returns an encoder whose means, scales and imputed values come from
// the given rows of a table. Without imputation it fails with [ErrMissing] if
// the table has missing values, and says how many and where the first are.
func NewEncoder(t *Table, rows []int, options EncoderOptions) (*Encoder, error) {
	e := &Encoder{Schema: t.Schema, Impute: options.Impute, Columns: make([]Scaling, len(t.Schema.Inputs))}
	switch e.Impute {
	case "":
		e.Impute = NoImpute
	case NoImpute, ImputeMean, ImputeMedian:
	default:
		return nil, fmt.Errorf("table: there is no imputation %q; there are mean and median", e.Impute)
	}
	if e.Impute == NoImpute && t.Missing.Count > 0 {
		return nil, fmt.Errorf("table: %s: %w", t.Name, t.Missing.err())
	}
	if len(rows) == 0 {
		return nil, errors.New("table: no rows to learn scales from")
	}
	e.scale(t, rows, options.Raw)
	if e.Impute != NoImpute {
		e.fill(t, rows)
	}
	return e, nil
}

// err says what is missing.
func (m Missing) err() error {
	text := count(m.Count, "missing value") + ":"
	for _, place := range m.Places {
		text += "\n\t" + place
	}
	if more := m.Count - len(m.Places); more > 0 {
		text += fmt.Sprintf("\n\tand %d more", more)
	}
	return &missingError{text}
}

type missingError struct{ text string }

func (e *missingError) Error() string        { return e.text }
func (e *missingError) Is(target error) bool { return target == ErrMissing }

// moments are sums over a column's values that are not missing. Those that a
// sparse row does not name are zeros, and counted apart.
type moments struct {
	entries      int // values that rows name
	missing      int
	sum, squares float64 // squares: of the differences to the mean
	lowest, most float64
	fraction     bool // a value is neither 0 nor 1
	mean         float64
}

// scale sets means and scales by two passes over the rows: sums, then squares.
func (e *Encoder) scale(t *Table, rows []int, raw bool) {
	all := make([]moments, len(e.Columns))
	for i := range all {
		all[i].lowest, all[i].most = math.Inf(1), math.Inf(-1)
	}
	t.eachCell(rows, func(input int, v float64) {
		m := &all[input]
		if math.IsNaN(v) {
			m.missing++
			return
		}
		m.entries++
		m.sum += v
		m.lowest, m.most = min(m.lowest, v), max(m.most, v)
		m.fraction = m.fraction || v != 0 && v != 1
	})
	for i := range all {
		m := &all[i]
		if zeros := m.zeros(len(rows)); zeros > 0 {
			m.lowest, m.most = min(m.lowest, 0), max(m.most, 0)
		}
		if known := len(rows) - m.missing; known > 0 {
			m.mean = m.sum / float64(known)
		}
	}
	t.eachCell(rows, func(input int, v float64) {
		if m := &all[input]; !math.IsNaN(v) {
			m.squares += (v - m.mean) * (v - m.mean)
		}
	})
	for i, column := range e.Schema.Inputs {
		e.Columns[i] = all[i].scaling(len(rows), raw || column.Kind == Category)
	}
}

// zeros is the number of rows that do not name the column.
func (m *moments) zeros(rows int) int { return rows - m.entries - m.missing }

func (m *moments) scaling(rows int, raw bool) Scaling {
	known := rows - m.missing
	switch {
	case raw || known > 0 && !m.fraction && m.lowest < m.most:
		return Scaling{Scale: 1}
	case known == 0 || m.lowest == m.most:
		return Scaling{}
	}
	variance := (m.squares + float64(m.zeros(rows))*m.mean*m.mean) / float64(known)
	scale := 1 / math.Sqrt(variance)
	if math.IsInf(scale, 0) {
		return Scaling{} // the values differ by less than numbers can say
	}
	return Scaling{Mean: m.mean, Scale: scale}
}

// eachCell calls visit with every cell that the rows name.
func (t *Table) eachCell(rows []int, visit func(input int, v float64)) {
	for _, i := range rows {
		row := t.Row(i)
		for k, v := range row.Cells {
			if row.Sparse {
				visit(int(row.Index[k]), v)
			} else {
				visit(k, v)
			}
		}
	}
}

// fill sets what takes the place of missing values.
func (e *Encoder) fill(t *Table, rows []int) {
	values := make([][]float64, len(e.Columns))
	t.eachCell(rows, func(input int, v float64) {
		if !math.IsNaN(v) {
			values[input] = append(values[input], v)
		}
	})
	missing := make([]int, len(e.Columns))
	if t.Schema.Format == LIBSVM {
		t.eachCell(rows, func(input int, v float64) {
			if math.IsNaN(v) {
				missing[input]++
			}
		})
	}
	for i, column := range e.Schema.Inputs {
		zeros := 0
		if t.Schema.Format == LIBSVM {
			zeros = len(rows) - len(values[i]) - missing[i]
		}
		if column.Kind == Category {
			e.Columns[i].Fill = categoryFill(values[i], len(column.Categories), e.Impute)
		} else {
			e.Columns[i].Fill = []float64{numberFill(values[i], zeros, e.Impute)}
		}
	}
}

// numberFill is the mean or median of the values and so many zeros.
func numberFill(values []float64, zeros int, impute Impute) float64 {
	n := len(values) + zeros
	if n == 0 {
		return 0
	}
	if impute == ImputeMean {
		sum := 0.0
		for _, v := range values {
			sum += v
		}
		return sum / float64(n)
	}
	slices.Sort(values)
	negative, _ := slices.BinarySearch(values, 0)
	at := func(i int) float64 { // the zeros stand behind the negative values
		switch {
		case i < negative:
			return values[i]
		case i < negative+zeros:
			return 0
		}
		return values[i-zeros]
	}
	return at((n-1)/2)/2 + at(n/2)/2
}

// categoryFill is the share of each category, or a 1 for the most frequent.
func categoryFill(values []float64, categories int, impute Impute) []float64 {
	shares := make([]float64, categories)
	for _, v := range values {
		if v >= 0 {
			shares[int(v)] += 1 / float64(len(values))
		}
	}
	if impute == ImputeMean || categories == 0 {
		return shares
	}
	most := slices.Index(shares, slices.Max(shares))
	clear(shares)
	shares[most] = 1
	return shares
}

// Check returns an error where an encoder that was read from somewhere
// contradicts itself.
func (e *Encoder) Check() error {
	if err := e.Schema.Check(); err != nil {
		return err
	}
	if len(e.Columns) != len(e.Schema.Inputs) {
		return fmt.Errorf("table: encoder: %d scales for %d inputs", len(e.Columns), len(e.Schema.Inputs))
	}
	for i, column := range e.Schema.Inputs {
		width := 1
		if column.Kind == Category {
			width = len(column.Categories)
		}
		if n := len(e.Columns[i].Fill); e.Impute != NoImpute && n != width {
			return fmt.Errorf("table: encoder: column %q: %d values to impute, want %d", column.Name, n, width)
		}
	}
	return nil
}

// Width returns the length of the vectors.
func (e *Encoder) Width() int {
	width := 0
	for _, column := range e.Schema.Inputs {
		if column.Kind == Category {
			width += len(column.Categories)
		} else {
			width++
		}
	}
	return width
}

// farthest bounds numbers, so that sums of their squares are finite.
const farthest = 1e15

// Encode writes the vector of a row, whose table was read by e.Schema, to dst,
// of the length Width. Numbers beyond ±10^15 are cut there. Encode fails with
// [ErrMissing] for a missing value without imputation; the error names the line
// and the column.
func (e *Encoder) Encode(dst []float32, row Row) error {
	if row.Sparse {
		return e.encodeSparse(dst, row)
	}
	if len(row.Cells) != len(e.Columns) {
		panic("table: Encode: a row of another table")
	}
	for i := range e.Columns {
		column := &e.Schema.Inputs[i]
		width := 1
		if column.Kind == Category {
			width = len(column.Categories)
		}
		part := dst[:width:width]
		dst = dst[width:]
		switch v := row.Cells[i]; {
		case math.IsNaN(v):
			if err := e.encodeMissing(part, i, row.Line); err != nil {
				return err
			}
		case column.Kind == Category:
			clear(part)
			if v != Unknown {
				part[int(v)] = 1
			}
		default:
			part[0] = e.Columns[i].encode(v)
		}
	}
	if len(dst) != 0 {
		panic("table: Encode: dst is not of the length Width")
	}
	return nil
}

// encodeSparse encodes a row of a LIBSVM file, whose columns are all numbers.
func (e *Encoder) encodeSparse(dst []float32, row Row) error {
	if len(dst) != len(e.Columns) {
		panic("table: Encode: dst is not of the length Width")
	}
	for i := range e.Columns {
		dst[i] = e.Columns[i].encode(0)
	}
	for k, v := range row.Cells {
		i := int(row.Index[k])
		if !math.IsNaN(v) {
			dst[i] = e.Columns[i].encode(v)
		} else if err := e.encodeMissing(dst[i:i+1], i, row.Line); err != nil {
			return err
		}
	}
	return nil
}

func (s *Scaling) encode(v float64) float32 {
	return float32(max(-farthest, min(farthest, (v-s.Mean)*s.Scale)))
}

func (e *Encoder) encodeMissing(dst []float32, input, line int) error {
	s := &e.Columns[input]
	if s.Fill == nil {
		return fmt.Errorf("line %d, %s: %w", line, e.Schema.Inputs[input].place(), ErrMissing)
	}
	if e.Schema.Inputs[input].Kind == Category {
		for i, v := range s.Fill {
			dst[i] = float32(v)
		}
		return nil
	}
	dst[0] = s.encode(s.Fill[0])
	return nil
}
