// Package fitting fits kernel machines to tables and images, as deepfry fit does: it
// reads them, chooses settings by cross-validation, fits a machine, measures it beside
// simpler ones on rows that it has not seen, and fits it anew to all rows.
package fitting

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/flags"
	"github.com/deepfry/deepfry/dataset/table"
	"github.com/deepfry/deepfry/internal/linear"
	"github.com/deepfry/deepfry/internal/thousands"
	"github.com/deepfry/deepfry/kernel"
	"github.com/deepfry/deepfry/kernel/machine"
	"github.com/deepfry/deepfry/predict"
)

// Options say how a machine is fitted.
type Options struct {
	flags.KernelChoice
	flags.MemoryLimit
	N         int     // frequencies or landmarks; 0: by the number of rows
	Machine   string  // auto, ridge, sgd or logistic
	Ridge     float64 // 0: chosen
	Epochs    int     // of sgd; 0: chosen
	Posterior bool
	Transform string // auto, none, log or quantile
	Raw       bool
	Impute    table.Impute
	Balanced  bool // all classes count alike
	CV        int  // folds to measure by; 0: none
	Seed      uint64
	Progress  func(stage string, done, total int)
}

// Fitter fits a machine to data.
type Fitter struct {
	Options
	data  *Data
	gamma float64 // of the flag, or 0
}

// Result is a machine and how it does.
type Result struct {
	Model    *machine.Model
	Settings Settings
	Machine  string // ridge, sgd or logistic
	Fit      predict.Fit
	Features string   // landmarks, or a kernel.Sampling
	N        int      // frequencies or landmarks
	Said     []string // what to know of the fit, a sentence each

	Kernel, Linear, Constant predict.Tallies // on the rows to measure on
	CV                       []predict.Tallies
	Searched, Took           time.Duration
}

// Run chooses settings, fits and measures. The model is fitted to the rows that were
// measured on, too, if they are of the same table.
func Run(ctx context.Context, data *Data, o Options) (*Result, error) {
	f := &Fitter{Options: o, data: data}
	var err error
	if f.gamma, err = o.GammaFlag(); err != nil {
		return nil, err
	}
	p := data.preset
	if f.solver() == p.machine {
		f.N, f.Epochs = cmp.Or(f.N, p.n), cmp.Or(f.Epochs, p.epochs)
	}
	if p.gamma > 0 && f.gamma == 0 && (f.Kernel == "auto" || f.Kernel == p.kernel) {
		f.Kernel, f.gamma = p.kernel, p.gamma
	}
	if err := f.checkMemory(); err != nil {
		return nil, err
	}
	r := &Result{Machine: f.solver()}
	if encoder, err := f.encoder(data.all, table.NoTransform); err != nil {
		return nil, err
	} else if encoder != nil {
		r.Said = encoder.Said
	}
	if err := f.run(ctx, r); err != nil {
		return nil, err
	}
	if o.CV > 0 {
		if r.CV, err = f.crossValidate(ctx); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (f *Fitter) run(ctx context.Context, r *Result) (err error) {
	if err = f.yardsticks(ctx, r); err != nil {
		return err
	}
	start := time.Now()
	if r.Settings, err = f.settle(ctx, f.data.learn); err != nil {
		return err
	}
	r.Searched = time.Since(start)
	start = time.Now()
	fitted, err := f.fit(ctx, f.data.learn, r.Settings)
	if err != nil {
		return err
	}
	f.show("measuring", 0, 0)
	if r.Kernel, err = f.measure(ctx, fitted.model, f.data.test); err != nil {
		return err
	}
	if f.data.all.len() > f.data.learn.len() {
		if fitted, err = f.fit(ctx, f.data.all, r.Settings); err != nil {
			return err
		}
	}
	r.Took = time.Since(start)
	r.Model, r.Features, r.N = fitted.model, fitted.features, fitted.n
	r.Said = append(fitted.said, r.Said...)
	r.Fit = predict.Fit{Solver: r.Machine, Rows: f.data.all.len(), Ridge: fitted.ridge}
	r.Model.Notes[predict.FitKey] = r.Fit.Note()
	return nil
}

func (f *Fitter) show(stage string, done, total int) {
	if f.Progress != nil {
		f.Progress(stage, done, total)
	}
}

// progress returns what a machine calls, with the name of what is going on.
func (f *Fitter) progress(name string) func(machine.Progress) {
	return func(p machine.Progress) { f.show(name+": "+p.Stage, p.Done, p.Total) }
}

// solver is the machine to fit.
func (f *Fitter) solver() string {
	if f.Machine != "auto" {
		return f.Machine
	}
	return f.data.preset.machine
}

// usesLandmarks tells whether features are kernels with rows of the table: the most
// accurate ones for tables of some thousand rows.
func (f *Fitter) usesLandmarks() bool {
	return f.Features == "landmarks" || f.Features == "auto" && f.solver() == "ridge" && !f.Posterior && f.data.all.images == nil
}

// settle chooses settings, unless flags or a preset say all that there is.
func (f *Fitter) settle(ctx context.Context, r rows) (Settings, error) {
	if f.data.preset.gamma > 0 && f.gamma > 0 && r.images != nil {
		return Settings{Kernel: f.Kernel, Gamma: f.gamma, Ridge: f.Ridge}, nil
	}
	if r.len() < fewRows {
		return f.defaults(), nil
	}
	return f.choose(ctx, r)
}

// encoder returns how rows become vectors, or nil for images.
func (f *Fitter) encoder(r rows, transform table.Transform) (*table.Encoder, error) {
	if r.images != nil {
		return nil, nil
	}
	return table.NewEncoder(r.table, r.numbers, table.EncoderOptions{Impute: f.Impute, Raw: f.Raw, Transform: transform})
}

// fitted is a machine.
type fitted struct {
	model    *machine.Model
	ridge    float64
	features string
	n        int
	said     []string
}

// source is rows to fit to, with a part held out for what solvers choose themselves.
type source struct {
	rows
	encoder *table.Encoder
}

// fit fits a machine to rows.
func (f *Fitter) fit(ctx context.Context, r rows, s Settings) (*fitted, error) {
	if f.Balanced {
		r.classes = r.balance()
	}
	if r.len() <= sortedRows {
		r = r.sorted() // the sums' rounding has an order, too
	}
	encoder, err := f.encoder(r, s.Transform)
	if err != nil {
		return nil, err
	}
	from := source{r, encoder}
	result := &fitted{ridge: s.Ridge}
	problem := machine.Problem{Train: r.encode(encoder), Scaling: f.data.scaling, Progress: f.progress(f.solver())}
	if problem.Features, err = f.features(ctx, from, s, result); err != nil {
		return nil, err
	}
	switch f.solver() {
	case "ridge":
		err = f.fitRidge(ctx, problem, from, s, result)
	case "sgd":
		err = f.fitEigenPro(ctx, problem, from, result)
	default:
		err = f.fitLogistic(ctx, problem, from, result)
	}
	if err != nil {
		return nil, err
	}
	m := result.model
	if err := f.note(m, encoder); err != nil {
		return nil, err
	}
	if s.Factor > 0 && !m.Logits && m.Columns.Classes != nil {
		return result, m.Calibrate(s.Factor)
	}
	return result, nil
}

// sortedRows bounds the rows that are sorted before a fit: it takes a second or so.
const sortedRows = 100_000

// note notes in a model what predict needs.
func (f *Fitter) note(m *machine.Model, encoder *table.Encoder) error {
	m.Notes = maps.Clone(f.data.notes)
	if m.Notes == nil {
		m.Notes = map[string]string{}
	}
	if encoder == nil {
		return nil
	}
	note, err := json.Marshal(encoder)
	m.Notes[predict.TableKey] = string(note)
	return err
}

// features returns the features of a kernel, or of a linear machine.
func (f *Fitter) features(ctx context.Context, from source, s Settings, result *fitted) (kernel.FeatureMap, error) {
	train := from.encode(from.encoder)
	inputs := train.Columns().Inputs
	if s.Kernel == Linear {
		result.features = Linear
		if f.solver() != "ridge" || f.Posterior || inputs <= from.len() {
			return nil, nil
		}
		x, err := f.vectors(ctx, from)
		if err != nil {
			return nil, err
		}
		return products(x, inputs)
	}
	k, err := f.kernelOf(ctx, s, train)
	if err != nil {
		return nil, err
	}
	n := f.n(from.len())
	if !f.usesLandmarks() {
		features, err := kernel.NewFeatures(k, kernel.Options{Inputs: inputs, N: n, Sampling: f.Sampling(), Seed: f.Seed})
		if err == nil {
			result.features, result.n = string(features.Options().Sampling), n
		}
		return features, err
	}
	some, err := from.take(n, f.Seed)
	if err != nil {
		return nil, err
	}
	some = some.sorted()
	x, err := f.vectors(ctx, source{some, from.encoder})
	if err != nil {
		return nil, err
	}
	result.features, result.n = "landmarks", some.len()
	return kernel.NewLandmarks(k, x, inputs)
}

// vectors returns rows as the kernel sees them, [rows, inputs].
func (f *Fitter) vectors(ctx context.Context, from source) ([]float32, error) {
	t, err := collect(ctx, from.encode(from.encoder), from.len())
	if err != nil {
		return nil, err
	}
	return f.landmarks(t)
}

// kernelOf returns the kernel that was chosen, or where none was, one with the flag's γ or
// the distance of rows for its bandwidth.
func (f *Fitter) kernelOf(ctx context.Context, s Settings, train machine.Source) (kernel.Kernel, error) {
	if s.made != nil {
		return s.made, nil
	}
	bandwidth := 1.0
	if f.gamma == 0 {
		summary, err := machine.Survey(ctx, train, 1000, f.Seed)
		if err != nil {
			return nil, err
		}
		bandwidth = cmp.Or(machine.MedianDistance(summary.Sample, f.data.scaling, f.Seed), 1)
	}
	return f.kernel(candidate{kernel: s.Kernel, ratio: 1}, bandwidth, train.Columns().Inputs)
}

// products returns products with rows x [rows, inputs], which are centred in place: a
// linear machine of more inputs than rows is solved in as many unknowns as there are rows,
// as its weights are a sum of centred ones. It returns nil, for the inputs themselves,
// where all rows are alike, or too small or large for products in float32.
func products(x []float32, inputs int) (kernel.FeatureMap, error) {
	linear.Centre(x, inputs)
	if squares := linear.Dot(x, x) * float64(inputs) / float64(len(x)); !(squares > 1e-24 && squares < 1e24) {
		return nil, nil
	}
	return kernel.NewLandmarks(kernel.Linear{}, x, inputs)
}

// landmarkWork bounds the multiply-adds of landmarks: about half a minute for a fit.
const (
	landmarkWork  = 2e12
	mostLandmarks = 8192
)

// n is the number of frequencies or landmarks.
func (f *Fitter) n(rows int) int {
	if f.N > 0 {
		return f.N
	}
	if f.usesLandmarks() {
		n := mostLandmarks
		for n > 512 && float64(n)*float64(n)*float64(rows) > landmarkWork {
			n /= 2
		}
		return n
	}
	n := 256
	for n < 1024 && n < rows {
		n *= 2
	}
	return n
}

// chosenByAll is how many rows more than those that settings were chosen by make the
// ridge worth another choice.
const chosenByAll = 2

// ridges returns the ridge for as much noise as was chosen, or candidates where nothing
// was, or only by some of the rows.
func (f *Fitter) ridges(rows int, s Settings) []float64 {
	ridge := s.Ridge * float64(s.Rows) / float64(rows)
	switch {
	case f.Ridge > 0:
		return []float64{f.Ridge}
	case s.Rows == 0 && rows < fewRows:
		return []float64{fewRidge}
	case s.Rows == 0:
		return machine.DefaultRidges()
	case rows <= chosenByAll*s.Rows:
		return []float64{ridge}
	}
	step := math.Sqrt(10)
	return []float64{ridge * step, ridge, ridge / step}
}

// Of fewer rows than fewRows, nothing is chosen, and the ridge is fewRidge.
const (
	fewRows  = 10
	fewRidge = 1e-2
)

func (f *Fitter) fitRidge(ctx context.Context, p machine.Problem, from source, s Settings, result *fitted) error {
	o := machine.RidgeOptions{Ridges: f.ridges(from.len(), s), Posterior: f.Posterior}
	var err error
	if o.Refit = len(o.Ridges) > 1; o.Refit {
		if p, err = f.choosing(p, from, "ridge"); err != nil {
			return err
		}
	}
	model, report, err := machine.Ridge(ctx, p, o)
	if err != nil {
		return err
	}
	result.model, result.ridge = model, report.Ridge
	if model.Columns.Classes == nil && !f.Posterior {
		model.HalfWidth = slices.Clone(s.HalfWidth)
		if len(report.Scores) > 0 && len(model.HalfWidth) == 1 {
			// Many more rows than settings were chosen by leave smaller errors.
			model.HalfWidth[0] *= report.Best().RMSE / s.Score.RMSE
		}
	}
	if report.Raised > 0 {
		result.ridge = report.Raised
		result.said = append(result.said, fmt.Sprintf("the regularisation %.2g is too small for this arithmetic: raised to %.2g", report.Ridge, report.Raised))
	}
	if report.PosteriorRidge > 0 {
		result.said = append(result.said, fmt.Sprintf("deviations are those of the regularisation %.2g, as smaller ones are beyond this arithmetic", report.PosteriorRidge))
	}
	if report.Residual > 1e-6 {
		result.said = append(result.said, fmt.Sprintf("the equations were solved to %.1g only, for their condition is %.1g: a larger --ridge is safer", report.Residual, report.Condition))
	}
	return nil
}

// choosing is a problem with rows held out.
func (f *Fitter) choosing(p machine.Problem, from source, stage string) (machine.Problem, error) {
	learn, validation, err := from.split(0.2, f.Seed)
	p.Train, p.HoldOut, p.Progress = learn.encode(from.encoder), validation.encode(from.encoder), f.progress(stage)
	return p, err
}

func (f *Fitter) fitEigenPro(ctx context.Context, p machine.Problem, from source, result *fitted) error {
	options := machine.EigenProOptions{Epochs: f.Epochs, Seed: f.Seed}
	result.ridge = 0
	if options.Epochs == 0 {
		choosing, err := f.choosing(p, from, "choosing epochs")
		if err != nil {
			return err
		}
		_, report, err := machine.EigenPro(ctx, choosing, options)
		if err != nil {
			return err
		}
		options.Epochs = report.Epochs
	}
	var err error
	if pixels := f.data.preset.shift; pixels > 0 {
		if p.Train, err = shifted(from.images, &f.data.shape, pixels, f.Seed); err != nil {
			return err
		}
		result.said = append(result.said, fmt.Sprintf("each pass shifted the images anew, by up to %s", console.Counted(int(pixels), "pixel")))
	}
	result.model, _, err = machine.EigenPro(ctx, p, options)
	return err
}

func (f *Fitter) fitLogistic(ctx context.Context, p machine.Problem, from source, result *fitted) error {
	options := machine.LogisticOptions{Seed: f.Seed}
	if f.Ridge > 0 { // that of a search is for squares
		options.Ridges = []float64{f.Ridge}
	} else {
		choosing, err := f.choosing(p, from, "choosing regularisation")
		if err != nil {
			return err
		}
		_, report, err := machine.Logistic(ctx, choosing, options)
		if err != nil {
			return err
		}
		options.Ridges = []float64{report.Ridge}
	}
	result.ridge = options.Ridges[0]
	model, report, err := machine.Logistic(ctx, p, options)
	if err != nil {
		return err
	}
	result.model = model
	if !report.Converged[0] {
		result.said = append(result.said, fmt.Sprintf("logistic regression has not converged in %d iterations: a larger --ridge helps", report.Iterations[0]))
	}
	return nil
}

// checkMemory refuses features that the machine has no memory for.
func (f *Fitter) checkMemory() error {
	n := int64(f.n(f.data.all.len()))
	outputs, targets := 2*n, int64(f.data.targets())
	if f.usesLandmarks() {
		outputs = min(n, int64(f.data.all.len()))
	}
	bytes, hint := int64(1<<28), "choose a smaller --n, or allow more with --memory"
	switch f.solver() {
	case "ridge": // covariances, 4 bytes for each pair of features, and a factor, 2
		if f.data.Task == table.Regression { // of the linear machine, too
			outputs = max(outputs, int64(min(f.data.inputs(), f.data.all.len())))
		}
		bytes += 6 * outputs * outputs
		if f.usesLandmarks() { // and another factor
			bytes += 2 * outputs * outputs
		}
		hint = "choose a smaller --n or --machine sgd, or allow more with --memory"
	case "sgd": // features of 2,000 rows, their eigenvectors, and sums of weights
		bytes += outputs * (16<<10 + 16*targets)
	case "logistic": // the weights and gradients of 15 steps
		bytes += outputs * 8 * 40 * targets
	}
	if err := f.Check(fmt.Sprintf("%s with %s features", f.solver(), thousands.Apart(int(outputs))), bytes); err != nil {
		return console.Hint(err, hint)
	}
	return nil
}
