package fitting

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/flags"
	"github.com/deepfry/deepfry/dataset/table"
	"github.com/deepfry/deepfry/kernel/machine"
)

// write writes a table and returns its path.
func write(t *testing.T, lines []string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "t.csv")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// waves are rows of two numbers and sin(2a) + b, with noise.
func waves(n int) []string {
	r := rand.New(rand.NewPCG(7, 0))
	lines := []string{"a,b,y"}
	for range n {
		a, b := r.NormFloat64(), r.NormFloat64()
		lines = append(lines, fmt.Sprintf("%.6f,%.6f,%.6f", a, b, math.Sin(2*a)+b+0.1*r.NormFloat64()))
	}
	return lines
}

func options() Options {
	return Options{
		KernelChoice: flags.KernelChoice{Kernel: "auto", Features: "auto", Gamma: "auto"}, MemoryLimit: flags.MemoryLimit{Memory: 8},
		Machine: "auto", Transform: "auto", Seed: 1,
	}
}

func run(t *testing.T, lines []string, o Options, more ...string) *Result {
	t.Helper()
	data, err := OpenTable(write(t, lines), TableOptions{Options: table.Options{Targets: more}, Task: "auto", Holdout: 0.25, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	result, err := Run(context.Background(), data, o)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// What is chosen, held out and drawn depends on the rows, and not on their order.
func TestOrderOfRowsDoesNotMatter(t *testing.T) {
	lines := waves(80)
	a := run(t, lines, options())
	rand.New(rand.NewPCG(1, 1)).Shuffle(80, func(i, j int) { lines[i+1], lines[j+1] = lines[j+1], lines[i+1] })
	b := run(t, lines, options())
	if a.Settings.Kernel != b.Settings.Kernel || a.Settings.Transform != b.Settings.Transform || math.Abs(math.Log(a.Settings.Ridge/b.Settings.Ridge)) > 1e-6 {
		t.Errorf("%+v, and in another order %+v", a.Settings, b.Settings)
	}
	if x, y := a.Kernel[0].RMSE(), b.Kernel[0].RMSE(); math.Abs(x-y) > 1e-3*x || x > 0.4 {
		t.Errorf("RMSE %v, and in another order %v; the noise is 0.1", x, y)
	}
	if a.Kernel[0].RMSE() > a.Linear[0].RMSE() || a.Linear[0].RMSE() > a.Constant[0].RMSE() {
		t.Errorf("RMSE %v, linear %v, mean %v", a.Kernel[0].RMSE(), a.Linear[0].RMSE(), a.Constant[0].RMSE())
	}
}

// Of a linear function, the linear machine is among the candidates.
func TestLinearIsACandidate(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 0))
	lines := []string{"a,b,y"}
	for range 100 {
		a, b := r.NormFloat64(), r.NormFloat64()
		lines = append(lines, fmt.Sprintf("%.5f,%.5f,%.5f", a, b, 3*a-b+r.NormFloat64()))
	}
	result := run(t, lines, options())
	found := slices.ContainsFunc(result.Settings.Tried, func(trial Trial) bool { return trial.Kernel == Linear })
	if !found || result.Kernel[0].RMSE() > 1.05*result.Linear[0].RMSE() {
		t.Errorf("tried %+v; RMSE %v, linear %v", result.Settings.Tried, result.Kernel[0].RMSE(), result.Linear[0].RMSE())
	}
	o := options()
	o.Kernel = Linear
	if result := run(t, lines, o); result.Features != Linear || result.N != 0 {
		t.Errorf("a linear machine has %d features %s", result.N, result.Features)
	}
}

func TestSeveralTargets(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 0))
	lines := []string{"a,large,small"}
	for range 120 {
		a := r.NormFloat64()
		lines = append(lines, fmt.Sprintf("%.5f,%.3f,%.8f", a, 1e6+1e5*math.Sin(2*a), 1e-3*math.Cos(2*a)))
	}
	result := run(t, lines, options(), "large", "small")
	for i, tally := range result.Kernel {
		if tally.R2() < 0.98 {
			t.Errorf("R² of target %d is %v", i, tally.R2())
		}
	}
	if len(result.Kernel) != 2 || len(result.Model.HalfWidth) != 2 {
		t.Errorf("%d targets, intervals %v", len(result.Kernel), result.Model.HalfWidth)
	}
}

// By folds, a target that is noise has its standard deviation as the error.
func TestCrossValidation(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 0))
	lines := []string{"a,y"}
	for range 60 {
		lines = append(lines, fmt.Sprintf("%.5f,%.5f", r.NormFloat64(), r.NormFloat64()))
	}
	o := options()
	o.CV = 4
	result := run(t, lines, o)
	rows, squares := 0, 0.0
	for _, tallies := range result.CV {
		rows += tallies[0].Rows
		squares += tallies[0].RMSE() * tallies[0].RMSE() / 4
	}
	if rows != 60 || len(result.CV) != 4 || squares < 0.5 || squares > 2 {
		t.Errorf("%d folds of %d rows, mean squared error %v", len(result.CV), rows, squares)
	}
}

// Classes with few rows count as much as others when they are to.
func TestBalanced(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 0))
	lines := []string{"a,b,class"}
	for i := range 200 {
		shift, name := 0.0, "common"
		if i%10 == 0 {
			shift, name = 1.5, "rare"
		}
		lines = append(lines, fmt.Sprintf("%.5f,%.5f,%s", r.NormFloat64()+shift, r.NormFloat64(), name))
	}
	o := options()
	o.Kernel = Linear
	plain := run(t, lines, o)
	o.Balanced = true
	balanced := run(t, lines, o)
	if balanced.Kernel[0].BalancedPercent() < plain.Kernel[0].BalancedPercent()+10 {
		t.Errorf("balanced accuracy %v, and without %v", balanced.Kernel[0].BalancedPercent(), plain.Kernel[0].BalancedPercent())
	}
}

// The half width is that of the ⌈0.95·(N+1)⌉-th distance; a row in no fold counts nothing.
func TestHalfWidths(t *testing.T) {
	const n = 99
	y, predictions, part := make([]float64, n+1), make([]float64, n+1), make([]int, n+1)
	for i := range n {
		y[i] = float64((i*37)%n + 1) // 1 to 99
		if i%2 == 0 {
			y[i] *= -1
		}
	}
	y[n], part[n] = 1e9, table.NoFold
	rows, err := machine.NewTargets(1, 1, make([]float32, n+1), y)
	if err != nil {
		t.Fatal(err)
	}
	if widths, err := halfWidths(context.Background(), rows, predictions, part); err != nil || widths[0] != 95 {
		t.Errorf("%v, %v, want 95", widths, err)
	}
	few, err := machine.NewTargets(1, 1, make([]float32, 10), y[:10])
	if err != nil {
		t.Fatal(err)
	}
	if widths, err := halfWidths(context.Background(), few, predictions[:10], part[:10]); err != nil || widths != nil {
		t.Errorf("of 10 rows: %v, %v, want none", widths, err)
	}
}

// More inputs than rows: a line through them all, also if they are far from 0; and
// columns that say nothing.
func TestMoreInputsThanRows(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 0))
	var wide, constant []string
	for range 24 {
		sum := 0.0
		var fields []string
		for range 40 {
			v := r.NormFloat64()
			sum += v
			fields = append(fields, fmt.Sprintf("%.5f", 1000+v))
		}
		wide = append(wide, fmt.Sprintf("%s,%.5f", strings.Join(fields, ","), sum))
		constant = append(constant, fmt.Sprintf("%s%.3f", strings.Repeat("1,", 40), sum))
	}
	o := options()
	o.Kernel, o.Transform, o.Ridge, o.Raw = Linear, "none", 1e-6, true
	result := run(t, wide, o)
	if m := result.Model; m.Features != nil || len(m.Weights) != 40 || !(result.Kernel[0].R2() > 0.2) {
		t.Errorf("features %v, %d weights, R² %v", m.Features, len(m.Weights), result.Kernel[0].R2())
	}
	if result := run(t, constant, options()); !(result.Kernel[0].RMSE() <= 1.01*result.Constant[0].RMSE()) {
		t.Errorf("RMSE %v, and that of the mean %v", result.Kernel[0].RMSE(), result.Constant[0].RMSE())
	}
}

// Of a constant target there is no interval, whether its rows are few or, so that the
// ridge is chosen anew, many.
func TestConstantTarget(t *testing.T) {
	for _, rows := range []int{40, 5600} {
		r := rand.New(rand.NewPCG(8, 0))
		lines := []string{"a,b,y"}
		for range rows {
			lines = append(lines, fmt.Sprintf("%.4f,%.4f,7.5", r.NormFloat64(), r.NormFloat64()))
		}
		o := options()
		o.N = 16
		result := run(t, lines, o)
		if result.Kernel[0].RMSE() > 1e-6 || result.Model.HalfWidth != nil {
			t.Errorf("%d rows: RMSE %v, intervals %v", rows, result.Kernel[0].RMSE(), result.Model.HalfWidth)
		}
	}
}
