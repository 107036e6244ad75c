// Package answers writes what a model says of the rows of tables: as text, as JSON or as
// CSV.
package answers

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/dataset/table"
	"github.com/deepfry/deepfry/predict"
)

// Writer writes answers. Begin is called before the rows of each table, End after them.
type Writer interface {
	// Begin takes the table's name and those of the columns that are passed through.
	Begin(name string, passed []string) error
	Row(a predict.RowAnswer) error
	End() error
}

// Text returns a writer of a line for a row: "table.csv:2: yes (93.1%)".
func Text(w io.Writer, p *predict.Predictor) Writer { return &text{w: w, targets: targets(p)} }

// JSON returns a writer of an object for a row, on a line.
func JSON(w io.Writer, p *predict.Predictor) Writer {
	return &objects{encoder: json.NewEncoder(w), classes: p.Classes, targets: targets(p)}
}

// CSV returns a writer of a table with a header: the columns that are passed through,
// then those of the prediction. All tables become one.
func CSV(w io.Writer, p *predict.Predictor) Writer {
	return &csvWriter{w: csv.NewWriter(w), classes: p.Classes, probable: p.HasProbabilities(), targets: targets(p)}
}

// targets returns the names of several targets, or nil.
func targets(p *predict.Predictor) (names []string) {
	if len(p.Encoder.Schema.Targets) < 2 {
		return nil
	}
	for _, column := range p.Encoder.Schema.Targets {
		names = append(names, column.Name)
	}
	return names
}

type text struct {
	w       io.Writer
	name    string
	targets []string
}

func (t *text) Begin(name string, _ []string) error {
	t.name = name
	return nil
}

func (t *text) Row(a predict.RowAnswer) error {
	what := a.String()
	if t.targets != nil {
		var all []string
		for i, name := range t.targets {
			all = append(all, name+" "+a.Estimates[i].String())
		}
		what = strings.Join(all, ", ")
	}
	_, err := fmt.Fprintf(t.w, "%s:%d: %s\n", t.name, a.Line, console.OneLine(what))
	return err
}

func (*text) End() error { return nil }

type objects struct {
	encoder          *json.Encoder
	classes, targets []string
	table            string
}

// object is the JSON for a row.
type object struct {
	Table string `json:"table"`
	Line  int    `json:"line"`

	Class         *int               `json:"class,omitempty"` // classification
	Name          string             `json:"name,omitempty"`
	Probability   float64            `json:"probability,omitempty"`   // of the class, by logistic regression
	Probabilities map[string]float64 `json:"probabilities,omitempty"` // of all classes
	Scores        map[string]float32 `json:"scores,omitempty"`        // where there are no probabilities

	*estimate                      // regression
	Values    map[string]*estimate `json:"values,omitempty"` // of several targets
}

type estimate struct {
	Value     float64  `json:"value"`
	Deviation float64  `json:"deviation,omitempty"` // standard deviation, of a machine with a posterior
	Low       *float64 `json:"low,omitempty"`       // of the 95% interval
	High      *float64 `json:"high,omitempty"`
}

func newEstimate(e predict.Estimate) *estimate {
	j := &estimate{Value: e.Value, Deviation: e.Deviation}
	if e.HasInterval() {
		j.Low, j.High = &e.Low, &e.High
	}
	return j
}

func (o *objects) Begin(name string, _ []string) error {
	o.table = name
	return nil
}

func (o *objects) Row(a predict.RowAnswer) error {
	j := object{Table: o.table, Line: a.Line, Probability: a.Probability}
	switch {
	case a.Probabilities != nil:
		j.Class, j.Name, j.Probabilities = &a.Class, a.Name, named(o.classes, a.Probabilities)
	case a.Class >= 0:
		j.Class, j.Name, j.Scores = &a.Class, a.Name, named(o.classes, a.Scores)
	case o.targets == nil:
		j.estimate = newEstimate(a.Estimate)
	default:
		j.Values = map[string]*estimate{}
		for i, name := range o.targets {
			j.Values[name] = newEstimate(a.Estimates[i])
		}
	}
	return o.encoder.Encode(j)
}

func (*objects) End() error { return nil }

func named[T any](names []string, values []T) map[string]T {
	m := make(map[string]T, len(names))
	for i, name := range names {
		m[name] = values[i]
	}
	return m
}

type csvWriter struct {
	w                *csv.Writer
	classes, targets []string
	probable         bool     // the classes have probabilities
	header           []string // nil: not written yet
	passed           int      // columns of it that are passed through
	record           []string
}

func (c *csvWriter) Begin(name string, passed []string) error {
	if c.header != nil {
		if !slices.Equal(passed, c.header[:c.passed]) {
			return fmt.Errorf("%s: the columns to pass through are %q, but those of the first table %q: want the same", name, passed, c.header[:c.passed])
		}
		return nil
	}
	own := c.columns()
	for _, column := range passed {
		if slices.Contains(own, column) {
			return fmt.Errorf("%s: %w to pass through: %q is what a column of the predictions is called; leave it out, or rename it", name, table.ErrColumn, column)
		}
	}
	c.header, c.passed = slices.Concat(passed, own), len(passed)
	return c.w.Write(c.header)
}

// columns returns the names of the predictions' columns.
func (c *csvWriter) columns() []string {
	switch {
	case c.classes != nil:
		columns, what := []string{"prediction"}, "score"
		if c.probable {
			what = "p"
		}
		for _, name := range c.classes {
			columns = append(columns, what+"("+name+")")
		}
		return columns
	case c.targets == nil:
		return []string{"prediction", "low", "high"}
	}
	var columns []string
	for _, name := range c.targets {
		columns = append(columns, "prediction("+name+")", "low("+name+")", "high("+name+")")
	}
	return columns
}

func (c *csvWriter) Row(a predict.RowAnswer) error {
	c.record = append(c.record[:0], a.Passed...)
	if a.Class >= 0 {
		c.record = append(c.record, a.Name)
		for i, score := range a.Scores {
			if a.Probabilities != nil {
				score = float32(a.Probabilities[i])
			}
			c.record = append(c.record, number(float64(score), 32))
		}
	}
	for _, e := range a.Estimates {
		low, high := "", ""
		if e.HasInterval() {
			low, high = number(e.Low, 64), number(e.High, 64)
		}
		c.record = append(c.record, number(e.Value, 64), low, high)
	}
	return c.w.Write(c.record)
}

func (c *csvWriter) End() error {
	c.w.Flush()
	return c.w.Error()
}

// number writes a number with all its digits, with an exponent only where it would be
// long without.
func number(v float64, bits int) string {
	format := byte('f')
	if size := math.Abs(v); size >= 1e15 || size > 0 && size < 1e-5 {
		format = 'g'
	}
	return strconv.FormatFloat(v, format, -1, bits)
}
