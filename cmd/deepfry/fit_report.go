package main

import (
	"encoding/json"
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/figures"
	"github.com/deepfry/deepfry/dataset/table"
	"github.com/deepfry/deepfry/internal/thousands"
	"github.com/deepfry/deepfry/kernel/machine"
)

// progress returns what a machine calls, with the name of what is going on.
func (f *fitter) progress(name string) func(machine.Progress) {
	return func(p machine.Progress) {
		f.bar.Show(name+": "+p.Stage, p.Done, p.Total)
	}
}

// fitResult is the command's JSON.
type fitResult struct {
	Task               table.Task `json:"task"`
	TestErrorPercent   *float64   `json:"test_error_percent,omitempty"` // classification
	LinearErrorPercent *float64   `json:"linear_error_percent,omitempty"`
	TestRMSE           *float64   `json:"test_rmse,omitempty"` // regression
	TestR2             *float64   `json:"test_r2,omitempty"`
	LinearRMSE         *float64   `json:"linear_rmse,omitempty"`
	LinearR2           *float64   `json:"linear_r2,omitempty"`
	CoveredPercent     *float64   `json:"covered_percent,omitempty"` // targets in their 95% intervals, with a posterior
	Seconds            float64    `json:"seconds"`                   // of the fit
	SearchSeconds      float64    `json:"search_seconds"`            // of the choice of γ and ridge
	Rows               int        `json:"rows"`                      // fitted to
	TestRows           int        `json:"test_rows"`
	Inputs             int        `json:"inputs"`
	Kernel             string     `json:"kernel"`
	Gamma              float64    `json:"gamma,omitempty"`
	Features           string     `json:"features"`
	N                  int        `json:"n"`
	Machine            string     `json:"machine"`
	Ridge              float64    `json:"ridge,omitempty"`
	Model              string     `json:"model"`
	Confusion          [][]int    `json:"confusion,omitempty"` // [class of the row][predicted class]
	Classes            []string   `json:"classes,omitempty"`
}

func (f *fitter) jsonResult(path string) fitResult {
	options := f.features.Options()
	r := fitResult{
		Task: f.data.task, Seconds: f.took.Seconds(), SearchSeconds: f.searched.Seconds(), Rows: f.data.train, TestRows: f.result.Rows,
		Inputs: options.Inputs, Kernel: f.Kernel, Features: string(options.Sampling), N: options.N, Machine: f.Machine, Ridge: f.ridge, Model: path,
	}
	if f.HasGamma() {
		r.Gamma = f.gamma
	}
	if f.data.task == table.Classification {
		r.TestErrorPercent, r.LinearErrorPercent = new(f.result.ErrorPercent()), new(f.baseline.ErrorPercent())
		r.Confusion, r.Classes = f.result.Confusion, f.model.Columns.Classes
		return r
	}
	r.TestRMSE, r.TestR2 = new(f.result.RMSE()), new(f.result.R2())
	r.LinearRMSE, r.LinearR2 = new(f.baseline.RMSE()), new(f.baseline.R2())
	if f.Posterior {
		r.CoveredPercent = new(f.result.CoveredPercent())
	}
	return r
}

// report tells how the machine does, beside the linear one.
func (f *fitter) report(path string) error {
	if f.JSON {
		return json.NewEncoder(f.term.Stdout).Encode(f.jsonResult(path))
	}
	w := f.term.Stdout
	fmt.Fprintf(w, "\n%s: %s\n\n", f.Machine, f.describe())
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	if f.data.task == table.Classification {
		fmt.Fprintf(t, "on %s\terror\twrong\t\n", console.Counted(f.result.Rows, "row"))
		fmt.Fprintf(t, "%s\t%.2f%%\t%s\t\n", f.kernelName(), f.result.ErrorPercent(), thousands.Apart(f.result.Errors))
		fmt.Fprintf(t, "linear\t%.2f%%\t%s\t\n", f.baseline.ErrorPercent(), thousands.Apart(f.baseline.Errors))
	} else {
		fmt.Fprintf(t, "on %s\tRMSE\tR²\t\n", console.Counted(f.result.Rows, "row"))
		fmt.Fprintf(t, "%s\t%.4g\t%.4f\t\n", f.kernelName(), f.result.RMSE(), f.result.R2())
		fmt.Fprintf(t, "linear\t%.4g\t%.4f\t\n", f.baseline.RMSE(), f.baseline.R2())
	}
	t.Flush()
	if f.result.Unknown > 0 {
		fmt.Fprintf(w, "\n%s of the rows measured on are of a class that was not learnt from\n", thousands.Apart(f.result.Unknown))
	}
	if f.Posterior {
		fmt.Fprintf(w, "\n%.1f%% of the targets are in their 95%% intervals\n", f.result.CoveredPercent())
	}
	if f.data.task == table.Classification {
		fmt.Fprintln(w)
		figures.Confusion(w, f.result, f.model.Columns.Classes, nil)
	}
	fmt.Fprintf(w, "\nchosen in %.1f s, fitted in %.1f s\n", f.searched.Seconds(), f.took.Seconds())
	size := ""
	if info, err := os.Stat(path); err == nil {
		size = fmt.Sprintf(" (%s bytes)", thousands.Apart(int(info.Size())))
	}
	fmt.Fprintf(w, "%s%s\n\nTry: deepfry predict %s %s\n", path, size, path, f.tryWith())
	return nil
}

func (f *fitter) kernelName() string { return f.Kernel }

// describe says what the machine is made of.
func (f *fitter) describe() string {
	options := f.features.Options()
	text := fmt.Sprintf("%s kernel", f.Kernel)
	if f.HasGamma() {
		text += fmt.Sprintf(" with γ = %.3g", f.gamma)
	}
	text += fmt.Sprintf(", %s %s frequencies, %s features", thousands.Apart(options.N), options.Sampling, thousands.Apart(f.features.Outputs()))
	if f.ridge > 0 {
		text += fmt.Sprintf(", regularisation %.2g", f.ridge)
	}
	return text
}

func (f *fitter) tryWith() string {
	if f.isImages() {
		return "IMAGE"
	}
	return "TABLE"
}
