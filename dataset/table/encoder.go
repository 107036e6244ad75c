package table

import (
	"cmp"
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
	// ImputeAuto takes the median for a number and none of the categories for a
	// text, and has one more input for each column with missing values, which is 1
	// where they are. A value that is missing in another column is an error.
	ImputeAuto   Impute = "auto"
	NoImpute     Impute = "none" // missing values are errors
	ImputeMean   Impute = "mean"
	ImputeMedian Impute = "median"
)

// EncoderOptions say how rows become vectors.
type EncoderOptions struct {
	Impute    Impute // ImputeAuto if empty
	Transform Transform
	// Raw leaves numbers as they are: they are not standardised. A column whose
	// mean float32 has too few digits for is centred all the same.
	Raw bool
}

// Encoder turns rows into vectors: a number x becomes (f(x) - Mean)·Scale, with f
// the column's transform, and a category a 1 among zeros (one-hot). Numbers are
// standardised, with Scale one over the standard deviation, unless they are only
// zeros and ones; a column that is constant becomes 0. Behind them all are the
// inputs that say where values are missing. Its fields can be stored as JSON.
type Encoder struct {
	Schema  Schema    `json:"schema"`
	Impute  Impute    `json:"impute"`
	Columns []Scaling `json:"columns"` // [len(Schema.Inputs)]

	// Said tells what NewEncoder found in the table, a sentence each.
	Said []string `json:"-"`
}

// Scaling is how an Encoder treats a column.
type Scaling struct {
	Curve *Curve  `json:"curve,omitempty"` // nil: f(x) = x
	Mean  float64 `json:"mean"`
	Scale float64 `json:"scale"`
	// Fill takes the place of a missing value: a number, or a weight for each
	// category. It is nil if such a value is an error.
	Fill []float64 `json:"fill,omitempty"`
	// Missing says that the vector has an input which is 1 where the value is
	// missing, and 0 otherwise.
	Missing bool `json:"missing,omitempty"`
}

// NewEncoder returns an encoder whose means, scales, transforms and imputed values
// come from the given rows of a table. Without imputation it fails with
// [ErrMissing] if the table has missing values, and says how many and where the
// first are.
func NewEncoder(t *Table, rows []int, options EncoderOptions) (*Encoder, error) {
	e := &Encoder{Schema: t.Schema, Impute: cmp.Or(options.Impute, ImputeAuto), Columns: make([]Scaling, len(t.Schema.Inputs))}
	if !e.Impute.known() {
		return nil, fmt.Errorf("table: there is no imputation %q; there are auto, none, mean and median", e.Impute)
	}
	switch options.Transform {
	case NoTransform, LogTransform, QuantileTransform:
	default:
		return nil, fmt.Errorf("table: there is no transform %q; there are log and quantile", options.Transform)
	}
	if options.Raw && options.Transform != NoTransform {
		return nil, fmt.Errorf("table: numbers that stay as they are cannot be transformed by %s", options.Transform)
	}
	if e.Impute == NoImpute && t.Missing.Count > 0 {
		return nil, fmt.Errorf("table: %s: %w", t.Name, t.Missing.err())
	}
	if len(rows) == 0 {
		return nil, errors.New("table: no rows to learn scales from")
	}
	all := t.moments(rows)
	e.scale(all, len(rows), options.Raw)
	if options.Transform != NoTransform {
		e.transform(t, rows, all, options.Transform)
	}
	switch {
	case e.Impute == NoImpute:
	case e.Impute != ImputeAuto:
		e.fill(t, rows, all, e.Impute, func(int) bool { return true })
		e.sayMissing(t, string(e.Impute))
	case t.Missing.Count > 0:
		e.fillAuto(t, rows, all)
	}
	return e, nil
}

func (i Impute) known() bool {
	return slices.Contains([]Impute{ImputeAuto, NoImpute, ImputeMean, ImputeMedian}, i)
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

// raggedMean is how many times a column's deviation its mean may be before float32
// has too few digits for the column as it is: 6·10⁻⁸ of the mean are then 6·10⁻⁵ of
// the deviation.
const raggedMean = 1000

// scale sets means and scales.
func (e *Encoder) scale(all []moments, rows int, raw bool) {
	var centred []int
	for i, column := range e.Schema.Inputs {
		m := &all[i]
		switch {
		case column.Kind == Category || !raw && m.isBinary(rows):
			e.Columns[i] = Scaling{Scale: 1}
		case !raw:
			e.Columns[i] = standardise(m.mean, m.deviation)
		case math.Abs(m.mean) > raggedMean*cmp.Or(m.deviation, 1):
			e.Columns[i] = Scaling{Mean: m.mean, Scale: 1}
			centred = append(centred, i)
		default:
			e.Columns[i] = Scaling{Scale: 1}
		}
	}
	if centred != nil {
		e.Said = append(e.Said, fmt.Sprintf("centred, for the mean is more than %d times the deviation: %s", raggedMean, places(e.Schema.Inputs, centred)))
	}
}

// standardise returns the scaling of a column by its mean and deviation, or the one
// that makes it 0 if it is constant, or differs by less than numbers can say.
func standardise(mean, deviation float64) Scaling {
	scale := 1 / deviation
	if math.IsInf(scale, 0) {
		return Scaling{}
	}
	return Scaling{Mean: mean, Scale: scale}
}

// transform fits the transform of each column of numbers that is neither constant
// nor binary, and standardises what comes out.
func (e *Encoder) transform(t *Table, rows []int, all []moments, transform Transform) {
	wanted := func(i int) bool {
		return e.Schema.Inputs[i].Kind == Number && e.Columns[i].Scale != 0 && !all[i].isBinary(len(rows))
	}
	t.eachColumn(rows, wanted, func(i int, values []float64) {
		zeros := all[i].zeros(len(rows))
		curve := newCurve(transform, values, zeros)
		n, sum, squares := float64(len(values)+zeros), float64(zeros)*curve.apply(0), 0.0
		for _, v := range values {
			sum += curve.apply(v)
		}
		mean := sum / n
		for _, v := range values {
			squares += square(curve.apply(v) - mean)
		}
		squares += float64(zeros) * square(curve.apply(0)-mean)
		e.Columns[i] = standardise(mean, math.Sqrt(squares/n))
		e.Columns[i].Curve = &curve
	})
}

func square(x float64) float64 { return x * x }

// fill sets what takes the place of missing values of the inputs that are wanted.
func (e *Encoder) fill(t *Table, rows []int, all []moments, impute Impute, wanted func(input int) bool) {
	t.eachColumn(rows, wanted, func(i int, values []float64) {
		if column := e.Schema.Inputs[i]; column.Kind == Category {
			e.Columns[i].Fill = categoryFill(values, len(column.Categories), impute)
		} else {
			e.Columns[i].Fill = []float64{numberFill(values, all[i].zeros(len(rows)), impute)}
		}
	})
}

// fillAuto fills in the columns with missing values. Those that have some among the
// rows get an input that says where.
func (e *Encoder) fillAuto(t *Table, rows []int, all []moments) {
	missing := t.missingPerInput()
	e.fill(t, rows, all, ImputeMedian, func(i int) bool { return missing[i] > 0 })
	texts, numbers := false, false
	for i, column := range e.Schema.Inputs {
		if all[i].missing == 0 {
			continue
		}
		e.Columns[i].Missing = true
		if column.Kind == Category {
			texts = true
			clear(e.Columns[i].Fill)
		} else {
			numbers = true
		}
	}
	how := "median"
	switch {
	case texts && numbers:
		how += ", or for texts a category of their own, and a column that says where"
	case texts:
		how = "category of its own"
	case numbers:
		how += ", and a column that says where"
	}
	e.sayMissing(t, how)
}

// sayMissing tells what takes the place of missing values.
func (e *Encoder) sayMissing(t *Table, how string) {
	var columns []int
	for i, n := range t.missingPerInput() {
		if n > 0 {
			columns = append(columns, i)
		}
	}
	if columns != nil {
		e.Said = append(e.Said, fmt.Sprintf("%s in %s (%s): filled in by the %s", count(t.Missing.Count, "missing value"), count(len(columns), "column"), namesOf(e.Schema.Inputs, columns), how))
	}
}

// numberFill is the mean or median of the values, which it may sort, and so many
// zeros.
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
	all := sorted{values, zeros}
	return all.at((n-1)/2)/2 + all.at(n/2)/2
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
	if !e.Impute.known() {
		return fmt.Errorf("table: encoder: there is no imputation %q", e.Impute)
	}
	for i, column := range e.Schema.Inputs {
		if err := e.Columns[i].check(column, e.Impute); err != nil {
			return fmt.Errorf("table: encoder: column %q: %w", column.Name, err)
		}
	}
	return nil
}

// check returns an error where a scaling does not fit its column.
func (s *Scaling) check(column Column, impute Impute) error {
	optional := impute == ImputeAuto && !s.Missing || impute == NoImpute
	if n := len(s.Fill); n != column.width() && !(optional && s.Fill == nil) {
		return fmt.Errorf("%d values to impute, want %d", n, column.width())
	}
	if s.Missing && impute != ImputeAuto {
		return fmt.Errorf("an input for missing values with the imputation %s", impute)
	}
	for _, v := range append(slices.Clone(s.Fill), s.Mean) {
		if !(math.Abs(v) <= math.MaxFloat32) {
			return fmt.Errorf("the number %g", v)
		}
	}
	if s.Curve == nil {
		return nil
	}
	if column.Kind == Category {
		return errors.New("a transform of categories")
	}
	return s.Curve.check()
}

// Width returns the length of the vectors.
func (e *Encoder) Width() int {
	width := 0
	for i, column := range e.Schema.Inputs {
		width += column.width()
		if e.Columns[i].Missing {
			width++
		}
	}
	return width
}

// width returns how many numbers of a vector a column is.
func (c *Column) width() int {
	if c.Kind == Category {
		return len(c.Categories)
	}
	return 1
}

// Accepts returns an error, which wraps [ErrMissing], if a row of a table that was
// read by e.Schema has a missing value that the encoder has nothing for.
func (e *Encoder) Accepts(t *Table) error {
	for i := range t.Len() {
		row := t.Row(i)
		for k, v := range row.Cells {
			input := k
			if row.Sparse {
				input = int(row.Index[k])
			}
			if math.IsNaN(v) && !e.fills(input) {
				return fmt.Errorf("table: %s: %w", t.Name, e.missingError(input, row.Line))
			}
		}
	}
	return nil
}

// fills tells whether something takes the place of a missing value. A column without
// categories has no place.
func (e *Encoder) fills(input int) bool {
	return e.Columns[input].Fill != nil || e.Schema.Inputs[input].width() == 0
}

func (e *Encoder) missingError(input, line int) error {
	place := e.Schema.Inputs[input].place()
	if e.Schema.Header { // the row's table may have the column elsewhere
		place = "column " + quote(e.Schema.Inputs[input].Name)
	}
	err := fmt.Errorf("line %d, %s: %w", line, place, ErrMissing)
	if e.Impute == ImputeAuto {
		err = fmt.Errorf("%w, as none was in the table that was learnt from", err)
	}
	return err
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
		width := column.width()
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
	for i := range e.Columns {
		if e.Columns[i].Missing {
			dst[0] = 0
			if math.IsNaN(row.Cells[i]) {
				dst[0] = 1
			}
			dst = dst[1:]
		}
	}
	if len(dst) != 0 {
		panic("table: Encode: dst is not of the length Width")
	}
	return nil
}

// encodeSparse encodes a row of a LIBSVM file, whose columns are all numbers.
func (e *Encoder) encodeSparse(dst []float32, row Row) error {
	if len(dst) != e.Width() {
		panic("table: Encode: dst is not of the length Width")
	}
	dst, flags := dst[:len(e.Columns)], dst[len(e.Columns):]
	clear(flags)
	for i := range e.Columns {
		dst[i] = e.Columns[i].encode(0)
	}
	for k, v := range row.Cells {
		i := int(row.Index[k])
		if !math.IsNaN(v) {
			dst[i] = e.Columns[i].encode(v)
			continue
		}
		if err := e.encodeMissing(dst[i:i+1], i, row.Line); err != nil {
			return err
		}
		if e.Columns[i].Missing {
			flags[e.flag(i)] = 1
		}
	}
	return nil
}

// flag returns which of the inputs that say where values are missing is a column's.
func (e *Encoder) flag(input int) int {
	before := 0
	for i := range input {
		if e.Columns[i].Missing {
			before++
		}
	}
	return before
}

func (s *Scaling) encode(v float64) float32 {
	if s.Curve != nil {
		v = s.Curve.apply(v)
	}
	return float32(max(-farthest, min(farthest, (v-s.Mean)*s.Scale)))
}

func (e *Encoder) encodeMissing(dst []float32, input, line int) error {
	s := &e.Columns[input]
	if !e.fills(input) {
		return e.missingError(input, line)
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
