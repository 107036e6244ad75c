package inspection

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/figures"
	"github.com/deepfry/deepfry/dataset/table"
	"github.com/deepfry/deepfry/internal/thousands"
	"github.com/deepfry/deepfry/kernel"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/predict"
)

// Machine says what a kernel machine is made of, and what it takes and says, as JSON.
type Machine struct {
	Name          string            `json:"name"` // the file's
	Task          table.Task        `json:"task"`
	Targets       []string          `json:"targets,omitempty"` // of a table
	Classes       []string          `json:"classes,omitempty"`
	Kernel        json.RawMessage   `json:"kernel,omitempty"`    // absent: a linear machine
	Bandwidth     float64           `json:"bandwidth,omitempty"` // σ of a Gaussian kernel, also of a mixture's; ℓ of Matern's; of rows as they are scaled
	Features      *kernel.Options   `json:"features,omitempty"`  // that are drawn at random
	Landmarks     int               `json:"landmarks,omitempty"` // rows that the file holds, by whose kernels it predicts
	Transform     table.Transform   `json:"transform,omitempty"` // of columns of numbers
	Outputs       int               `json:"feature_count"`
	Inputs        int               `json:"inputs"`                  // numbers
	Fit           *predict.Fit      `json:"fit,omitempty"`           // as far as it is noted
	Probabilities bool              `json:"probabilities,omitempty"` // of classes
	Noise         []float64         `json:"noise,omitempty"`         // of a posterior: a deviation for each target
	HalfWidth     []float64         `json:"half_width,omitempty"`    // of 95% intervals, for each target
	Images        nn.Shape          `json:"images,omitempty"`        // channels, height, width
	Data          string            `json:"data,omitempty"`          // that it was fitted to, of images
	Format        table.Format      `json:"format,omitempty"`        // of tables
	Weight        string            `json:"weight,omitempty"`        // the column of weights
	Impute        table.Impute      `json:"impute,omitempty"`
	Columns       []Column          `json:"columns,omitempty"` // that are inputs
	Notes         map[string]string `json:"notes,omitempty"`   // others
	FileBytes     int64             `json:"file_bytes"`
}

// Column is a column of a table, and how it becomes numbers.
type Column struct {
	Name       string     `json:"name"`
	Kind       table.Kind `json:"kind"`
	Categories []string   `json:"categories,omitempty"`
	table.Scaling
}

// OfMachine describes the machine of a file.
func OfMachine(name string, p *predict.Predictor, bytes int64) (Machine, error) {
	m := p.Machine
	d := Machine{
		Name: name, Task: table.Regression, Classes: p.Classes, Inputs: m.Columns.Inputs, Outputs: m.Columns.Inputs, Fit: p.Fit,
		Probabilities: p.HasProbabilities(), Noise: m.Noise(), HalfWidth: m.HalfWidth, Data: p.Data, FileBytes: bytes,
	}
	if p.Classes != nil {
		d.Task = table.Classification
	}
	if err := d.describeFeatures(m.Features); err != nil {
		return d, err
	}
	if len(p.Input) == 3 {
		d.Images = p.Input
	}
	d.Notes = maps.Clone(m.Notes)
	for _, known := range []string{predict.TableKey, predict.ImagesKey, predict.FitKey} {
		delete(d.Notes, known)
	}
	if e := p.Encoder; e != nil {
		d.describeTable(e)
	}
	return d, nil
}

func (d *Machine) describeFeatures(features kernel.FeatureMap) (err error) {
	var k kernel.Kernel
	switch f := features.(type) {
	case *kernel.Features:
		k, d.Features = f.Kernel(), new(f.Options())
	case *kernel.Landmarks:
		k, d.Landmarks = f.Kernel(), f.Outputs()
	default:
		return nil
	}
	d.Outputs = features.Outputs()
	switch k := k.(type) {
	case kernel.Gaussian:
		d.Bandwidth = 1 / math.Sqrt(2*k.Gamma)
	case kernel.Mixture:
		d.Bandwidth = 1 / math.Sqrt(2*k.Gamma)
	case kernel.Matern:
		d.Bandwidth = k.Length
	}
	d.Kernel, err = kernel.MarshalKernel(k)
	return err
}

func (d *Machine) describeTable(e *table.Encoder) {
	d.Format, d.Impute = e.Schema.Format, e.Impute
	for _, target := range e.Schema.Targets {
		d.Targets = append(d.Targets, target.Name)
	}
	if e.Schema.Weight != nil {
		d.Weight = e.Schema.Weight.Name
	}
	for i, column := range e.Schema.Inputs {
		d.Columns = append(d.Columns, Column{column.Name, column.Kind, column.Categories, e.Columns[i]})
		switch curve := e.Columns[i].Curve; {
		case curve == nil:
		case curve.Knots != nil:
			d.Transform = table.QuantileTransform
		default:
			d.Transform = table.LogTransform
		}
	}
}

// Lists are cut after so many.
const (
	maxColumns = 40
	maxNames   = 12
)

// Print writes the description for people.
func (d Machine) Print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(t, "%s\t%s\n", name, text)
		}
	}
	task := string(d.Task)
	if d.Targets != nil {
		task += " of " + listed(d.Targets, ", ")
	}
	line("machine", d.Name)
	line("task", task)
	if d.Classes != nil {
		line("classes", fmt.Sprintf("%d: %s", len(d.Classes), listed(d.Classes, ", ")))
	}
	line("kernel", d.kernel())
	line("features", d.features())
	line("inputs", d.inputs())
	if d.Transform != "" {
		line("transform", string(d.Transform)+", of columns of numbers")
	}
	line("weight", console.OneLine(d.Weight))
	line("fitted to", d.fitted())
	line("answers", d.answers())
	for _, key := range slices.Sorted(maps.Keys(d.Notes)) {
		line(key, d.Notes[key])
	}
	line("file", thousands.Apart(int(d.FileBytes))+" bytes")
	if d.Columns != nil {
		fmt.Fprintf(t, "\ncolumn\tkind\t\n")
	}
	for _, c := range d.Columns[:min(len(d.Columns), maxColumns)] {
		fmt.Fprintf(t, "%s\t%s\t%s\n", console.OneLine(c.Name), c.Kind, c.text())
	}
	if more := len(d.Columns) - maxColumns; more > 0 {
		fmt.Fprintf(t, "and %s more: --json has all\n", thousands.Apart(more))
	}
	return t.Flush()
}

// kernel writes the kernel with its parameters, in the order of their names.
func (d Machine) kernel() string {
	if d.Kernel == nil {
		return "none: the machine is linear"
	}
	var parameters map[string]any
	if err := json.Unmarshal(d.Kernel, &parameters); err != nil {
		return string(d.Kernel)
	}
	text := fmt.Sprint(parameters["kind"])
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		if name != "kind" {
			text += fmt.Sprintf(", %s %.4g", name, parameters[name])
		}
	}
	if d.Bandwidth > 0 {
		text += ": a bandwidth of " + figures.Error(d.Bandwidth)
	}
	return text
}

// features says what stands for the kernel.
func (d Machine) features() string {
	if d.Landmarks > 0 {
		return fmt.Sprintf("kernels with %s, which the file holds", console.Counted(d.Landmarks, "landmark"))
	}
	if d.Features == nil {
		return ""
	}
	if d.Outputs == d.Features.N { // no cosines and sines
		return fmt.Sprintf("%s %s features, by the seed %d", thousands.Apart(d.Outputs), d.Features.Sampling, d.Features.Seed)
	}
	return fmt.Sprintf("%s of %s %s frequencies, by the seed %d", thousands.Apart(d.Outputs), thousands.Apart(d.Features.N), d.Features.Sampling, d.Features.Seed)
}

func (d Machine) inputs() string {
	switch {
	case d.Images != nil:
		return fmt.Sprintf("images of %v", d.Images)
	case d.Columns == nil:
		return console.Counted(d.Inputs, "number")
	}
	text := fmt.Sprintf("%s of %s", console.Counted(d.Inputs, "number"), console.Counted(len(d.Columns), "column"))
	if d.Format == table.LIBSVM {
		text += ", LIBSVM"
	}
	switch d.Impute {
	case table.NoImpute:
		return text + ", of which none may be missing"
	case table.ImputeAuto:
		return text
	}
	return text + fmt.Sprintf(", the %s in place of missing values", d.Impute)
}

func (d Machine) fitted() string {
	f := d.Fit
	if f == nil {
		return d.Data
	}
	text := console.Counted(f.Rows, "row")
	if d.Data != "" {
		text += " of " + d.Data
	}
	text += ", by " + f.Solver
	if f.Ridge > 0 {
		text += fmt.Sprintf(", regularisation %.4g", f.Ridge)
	}
	return text
}

func (d Machine) answers() string {
	switch {
	case d.Probabilities:
		return "classes, with their probabilities"
	case d.Classes != nil:
		return "classes"
	case d.Noise != nil:
		return "values, with 95% intervals by a posterior: noise of deviation " + listed(texts(d.Noise), ", ")
	case d.HalfWidth != nil:
		return "values, with 95% intervals: ± " + listed(texts(d.HalfWidth), ", ")
	}
	return "values"
}

func texts(values []float64) (all []string) {
	for _, v := range values {
		all = append(all, figures.Error(v))
	}
	return all
}

// text says how a column becomes numbers.
func (c Column) text() (text string) {
	switch {
	case c.Kind == table.Category:
		text = fmt.Sprintf("%d: %s", len(c.Categories), listed(c.Categories, ", "))
	case c.Scale == 0:
		text = "constant"
	case c.Scale == 1 && c.Mean == 0 && c.Curve == nil:
		text = "as it is"
	default:
		text = fmt.Sprintf("mean %.4g, deviation %.4g", c.Mean, 1/c.Scale)
	}
	switch {
	case c.Curve == nil:
	case c.Curve.Knots != nil:
		text = "quantiles of it to normal, " + text
	default:
		text = "logarithm of it, " + text
	}
	if c.Fill != nil {
		text += "; may be missing"
	}
	return text
}

// listed writes the first of many names.
func listed(names []string, between string) string {
	text := console.OneLine(strings.Join(names[:min(len(names), maxNames)], between))
	if more := len(names) - maxNames; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
