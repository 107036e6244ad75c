package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"text/tabwriter"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/figures"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/fitting"
	"github.com/deepfry/deepfry/dataset/table"
	"github.com/deepfry/deepfry/internal/thousands"
	"github.com/deepfry/deepfry/predict"
)

// fitReport tells how a machine does, beside simpler ones.
type fitReport struct {
	*fitCommand
	data   *fitting.Data
	result *fitting.Result
}

// fitResult is the command's JSON. The figures of several targets are those of the first,
// and all are under targets.
type fitResult struct {
	Task               table.Task            `json:"task"`
	TestErrorPercent   *float64              `json:"test_error_percent,omitempty"` // classification
	LinearErrorPercent *float64              `json:"linear_error_percent,omitempty"`
	TestRMSE           *float64              `json:"test_rmse,omitempty"` // regression
	TestR2             *float64              `json:"test_r2,omitempty"`
	LinearRMSE         *float64              `json:"linear_rmse,omitempty"`
	LinearR2           *float64              `json:"linear_r2,omitempty"`
	CoveredPercent     *float64              `json:"covered_percent,omitempty"` // targets in their 95% intervals
	HalfWidth          []float64             `json:"half_width,omitempty"`      // of those, for each target
	Figures            map[string]fitFigures `json:"figures"`                   // of kernel, linear and constant (majority or mean)
	CV                 *fitCV                `json:"cv,omitempty"`
	Seconds            float64               `json:"seconds"`            // of the fits
	SearchSeconds      float64               `json:"search_seconds"`     // of the choice of settings
	Weighted           bool                  `json:"weighted,omitempty"` // figures are by weight
	Rows               int                   `json:"rows"`               // that the model is fitted to
	TestRows           int                   `json:"test_rows"`
	Inputs             int                   `json:"inputs"` // numbers
	Kernel             string                `json:"kernel"`
	Transform          table.Transform       `json:"transform,omitempty"`
	Gamma              float64               `json:"gamma,omitempty"`
	Features           string                `json:"features"`
	N                  int                   `json:"n"`
	Machine            string                `json:"machine"`
	Ridge              float64               `json:"ridge,omitempty"`
	Tried              []fitting.Trial       `json:"tried,omitempty"`
	Said               []string              `json:"said,omitempty"`
	Model              string                `json:"model"`
	Confusion          [][]int               `json:"confusion,omitempty"` // [class of the row][predicted class]
	Classes            []string              `json:"classes,omitempty"`
	Unseen             map[string][]int      `json:"unseen,omitempty"` // predicted classes of rows of others
}

// fitFigures are those of each target.
type fitFigures []figures.Metrics

// fitCV is the mean of the folds' errors: one of the two.
type fitCV struct {
	Folds         int      `json:"folds"`
	ErrorPercent  *float64 `json:"error_percent,omitempty"` // of rows, or of their weights
	RMSE          *float64 `json:"rmse,omitempty"`
	StandardError float64  `json:"standard_error"` // in the same unit
}

func (r *fitReport) writeJSON(w io.Writer, path string) error {
	result, m := r.result, r.result.Model
	kernel, linear := figures.Of(result.Kernel[0]), figures.Of(result.Linear[0])
	j := fitResult{
		Task: r.data.Task, TestErrorPercent: kernel.ErrorPercent, LinearErrorPercent: linear.ErrorPercent,
		TestRMSE: kernel.RMSE, TestR2: kernel.R2, LinearRMSE: linear.RMSE, LinearR2: linear.R2, CoveredPercent: kernel.CoveredPercent,
		Figures: map[string]fitFigures{}, Seconds: result.Took.Seconds(), SearchSeconds: result.Searched.Seconds(),
		Weighted: result.Kernel[0].Weighted(), Rows: r.data.Rows(), TestRows: result.Kernel[0].Rows, Inputs: m.Columns.Inputs, Kernel: result.Settings.Kernel, Transform: result.Settings.Transform,
		Gamma: result.Settings.Gamma, Features: result.Features, N: result.N, Machine: result.Machine, Ridge: result.Fit.Ridge,
		Tried: result.Settings.Tried, Said: append(r.data.Said, result.Said...), Model: path,
		HalfWidth: m.HalfWidth, Confusion: result.Kernel[0].Confusion, Classes: m.Columns.Classes,
	}
	for name, tallies := range map[string]predict.Tallies{"kernel": result.Kernel, "linear": result.Linear, "constant": result.Constant} {
		for _, t := range tallies {
			j.Figures[name] = append(j.Figures[name], figures.Of(t))
		}
	}
	for i, name := range r.data.Unseen {
		if i < len(result.Kernel[0].Unseen) {
			if j.Unseen == nil {
				j.Unseen = map[string][]int{}
			}
			j.Unseen[name] = result.Kernel[0].Unseen[i]
		}
	}
	j.CV = r.cv(0)
	return json.NewEncoder(w).Encode(j)
}

// cv is the result of cross-validation for a target, or nil.
func (r *fitReport) cv(target int) *fitCV {
	if r.result.CV == nil {
		return nil
	}
	c, mean, squares := &fitCV{Folds: len(r.result.CV)}, 0.0, 0.0
	errors := make([]float64, c.Folds)
	for i, tallies := range r.result.CV {
		errors[i] = tallies[target].RMSE()
		if r.data.Task == table.Classification {
			errors[i] = tallies[target].ErrorPercent()
		}
		mean += errors[i] / float64(c.Folds)
	}
	for _, e := range errors {
		squares += (e - mean) * (e - mean)
	}
	c.StandardError = math.Sqrt(squares / float64(c.Folds-1) / float64(c.Folds))
	if r.data.Task == table.Classification {
		c.ErrorPercent = &mean
	} else {
		c.RMSE = &mean
	}
	return c
}

func (r *fitReport) write(w io.Writer, path string) error {
	result := r.result
	fmt.Fprintf(w, "\n%s: %s\n", result.Machine, r.describe())
	for i := range result.Kernel {
		name := ""
		if names := r.data.Targets(); len(names) > 1 {
			name = " of " + console.OneLine(names[i])
		}
		fmt.Fprintln(w)
		r.compare(w, name, i)
	}
	if r.data.Task == table.Classification {
		fmt.Fprintln(w)
		if err := figures.Confusion(w, result.Kernel[0], result.Model.Columns.Classes, r.data.Unseen); err != nil {
			return err
		}
	}
	fmt.Fprintln(w)
	for i, width := range result.Model.HalfWidth {
		fmt.Fprintf(w, "intervals of %s are ± %s, by how near 95%% of the targets were to predictions by the other folds\n", console.OneLine(r.data.Targets()[i]), figures.Error(width))
	}
	for _, line := range result.Said {
		fmt.Fprintln(w, line)
	}
	fmt.Fprintf(w, "chosen in %.1f s, fitted in %.1f s\n", result.Searched.Seconds(), result.Took.Seconds())
	size := ""
	if info, err := os.Stat(path); err == nil {
		size = fmt.Sprintf(" (%s bytes)", thousands.Apart(int(info.Size())))
	}
	with := "TABLE"
	if r.data.Images() {
		with = "IMAGE"
	}
	_, err := fmt.Fprintf(w, "%s%s\n\nTry: deepfry predict %s %s\n", path, size, path, with)
	return err
}

// compare writes the figures of the machine beside those of simpler ones.
func (r *fitReport) compare(w io.Writer, name string, target int) {
	kernel, linear, constant := r.result.Kernel[target], r.result.Linear[target], r.result.Constant[target]
	columns := figures.List(kernel)
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	weighted := ""
	if kernel.Weighted() {
		weighted = ", by weight"
	}
	fmt.Fprintf(t, "on %s%s%s\t", console.Counted(kernel.Rows, "row"), name, weighted)
	for _, c := range columns {
		fmt.Fprintf(t, "%s\t", c.Name)
	}
	fmt.Fprintln(t)
	line := func(name string, tally *predict.Tally) {
		texts := map[string]string{}
		for _, f := range figures.List(tally) {
			texts[f.Name] = f.Text
		}
		fmt.Fprintf(t, "%s\t", name)
		for _, c := range columns {
			fmt.Fprintf(t, "%s\t", texts[c.Name])
		}
		fmt.Fprintln(t)
	}
	line(r.result.Settings.Kernel, kernel)
	linearName, constantName := "linear", "mean"
	if r.data.Task == table.Classification {
		constantName = "majority"
		if !r.data.Images() {
			linearName = "logistic"
		}
	}
	line(linearName+" regression", linear)
	line(constantName, constant)
	t.Flush()
	if text := figures.NotKnown(kernel, r.data.Unseen); text != "" {
		fmt.Fprintf(w, "\n%s\n", text)
	}
	if c := r.cv(target); c != nil {
		fmt.Fprintf(w, "\n%s%s\n", c, weighted)
	}
	if flags := r.linearFlags(kernel, linear); flags != "" {
		fmt.Fprintf(w, "\nthe linear machine does better on these rows: %s fits it\n", flags)
	}
}

func (c *fitCV) String() string {
	if c.RMSE != nil {
		return fmt.Sprintf("RMSE by %d folds: %s ± %s (standard error)", c.Folds, figures.Error(*c.RMSE), figures.Error(c.StandardError))
	}
	return fmt.Sprintf("error by %d folds: %.2f%% ± %.2f%% (standard error)", c.Folds, *c.ErrorPercent, c.StandardError)
}

// linearFlags are those that fit the linear machine of the comparison, or nothing unless
// it does better: a smaller error of classes, and no log loss that is worse by a quarter;
// or an RMSE that is smaller by more than a hundredth.
func (r *fitReport) linearFlags(kernel, linear *predict.Tally) string {
	if r.result.Settings.Kernel == fitting.Linear && (r.data.Task == table.Regression || r.result.Machine == "logistic") {
		return ""
	}
	if r.data.Task == table.Regression {
		if linear.RMSE() < 0.99*kernel.RMSE() {
			return "--kernel linear --transform none"
		}
		return ""
	}
	worse := linear.HasLoss() && kernel.HasLoss() && linear.Loss() > 1.25*kernel.Loss()
	switch {
	case worse || !(linear.ErrorPercent() < kernel.ErrorPercent()):
		return ""
	case r.data.Images():
		return "--kernel linear --machine ridge"
	}
	return "--kernel linear --machine logistic --transform none"
}

// describe says what the machine is made of.
func (r *fitReport) describe() string {
	s, result := r.result.Settings, r.result
	text := "a linear machine"
	if s.Kernel != fitting.Linear {
		text = fmt.Sprintf("%s kernel", s.Kernel)
		if s.Gamma > 0 {
			text += fmt.Sprintf(" with γ = %.3g", s.Gamma)
		}
		if result.Features == "landmarks" {
			text += fmt.Sprintf(", %s landmarks", thousands.Apart(result.N))
		} else {
			text += fmt.Sprintf(", %s %s frequencies", thousands.Apart(result.N), result.Features)
		}
	}
	if s.Transform != table.NoTransform {
		text += fmt.Sprintf(", columns transformed by %s", s.Transform)
	}
	if result.Fit.Ridge > 0 {
		text += fmt.Sprintf(", regularisation %.2g", result.Fit.Ridge)
	}
	if s.Folds > 0 {
		text += fmt.Sprintf("; chosen by %d folds of %s", s.Folds, console.Counted(s.Rows, "row"))
	}
	return text
}
