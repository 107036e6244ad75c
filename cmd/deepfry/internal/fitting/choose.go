package fitting

import (
	"cmp"
	"context"
	"slices"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/flags"
	"github.com/deepfry/deepfry/dataset/table"
	"github.com/deepfry/deepfry/kernel"
	"github.com/deepfry/deepfry/kernel/machine"
)

// Settings are what is chosen before a machine is fitted.
type Settings struct {
	Transform table.Transform // of columns
	Kernel    string          // as flags.KernelChoice writes it; linear: none
	Gamma     float64         // of the kernel; of a mixture, that of the Gaussian one
	made      kernel.Kernel   // the kernel itself; nil: by γ, or the distance of rows
	Ridge     float64         // relative, for so many rows; 0: not chosen
	Rows      int             // chosen by
	Folds     int             // chosen by; 0: nothing was chosen
	// Score is of rows that were not fitted to, with these settings.
	Score machine.Score
	// Factor makes logits of least squares; 0: unknown.
	Factor float64
	// HalfWidth is that of the interval which had 95% of the targets that were not fitted
	// to, [targets]; nil: unknown.
	HalfWidth []float64
	// Tried is the best of each kernel and transform: first those that were compared on
	// more rows, then those that were on few, each from the best on.
	Tried []Trial
}

// Trial is a kernel on transformed columns.
type Trial struct {
	Kernel    string          `json:"kernel"`
	Transform table.Transform `json:"transform,omitempty"`
	Bandwidth float64         `json:"bandwidth,omitempty"`
	Ridge     float64         `json:"ridge"`
	Loss      float64         `json:"loss"`  // log loss of classes, or RMSE; of rows that were not fitted to
	Error     float64         `json:"error"` // of those, the fraction whose class is wrong, or RMSE
}

// Names of kernels that are more than one, or none.
const (
	Linear  = "linear"  // the machine without a kernel
	Mixture = "mixture" // the mean of a Gaussian and a Laplacian kernel
)

// How many rows settings are tried with: few for all candidates, and more for the best
// ones. All of them are landmarks unless a flag says how many, as fewer would make wider
// kernels look better.
const (
	folds            = 5
	firstRows        = 500
	secondRows       = 2000
	secondCandidates = 3
)

// chooser chooses settings by cross-validation on some rows.
type chooser struct {
	*Fitter
	rows   rows
	k      int
	parts  [][]int
	tables map[table.Transform]*machine.Table
}

// newChooser takes about n of the rows, and parts them into folds, anew as often as is
// asked for: one choice of folds has its luck.
func (f *Fitter) newChooser(r rows, n, repeats int) (*chooser, error) {
	some, err := r.take(n, f.Seed)
	if err != nil {
		return nil, err
	}
	if some = some.sorted(); f.Balanced {
		some.classes = some.balance()
	}
	c := &chooser{Fitter: f, rows: some, k: min(folds, some.len()), tables: map[table.Transform]*machine.Table{}}
	for ; c.k >= 2; c.k-- {
		if _, err = some.folds(c.k, f.Seed); err == nil {
			break
		}
	}
	for i := range repeats {
		part, err := some.folds(c.k, f.Seed+uint64(i))
		if err != nil {
			return nil, err
		}
		c.parts = append(c.parts, part)
	}
	return c, nil
}

// table returns the rows with transformed columns.
func (c *chooser) table(ctx context.Context, transform table.Transform) (*machine.Table, error) {
	if t := c.tables[transform]; t != nil {
		return t, nil
	}
	encoder, err := c.encoder(c.rows, transform)
	if err != nil {
		return nil, err
	}
	t, err := collect(ctx, c.rows.encode(encoder), c.rows.len())
	c.tables[transform] = t
	return t, err
}

// candidate is a kernel on transformed columns, and what the search found.
type candidate struct {
	kernel    string
	transform table.Transform
	ratio     float64 // of a mixture: the bandwidth of the Laplacian kernel, relative to that of the Gaussian
	found     machine.SearchStep
}

// search looks for the bandwidth and the ridge of a candidate, near what was found
// already unless that is nil.
func (c *chooser) search(ctx context.Context, a candidate, near *machine.SearchStep) (candidate, error) {
	t, err := c.table(ctx, a.transform)
	if err != nil {
		return a, err
	}
	options := machine.SearchOptions{Partitions: c.parts, Seed: c.Seed, Near: near}
	if c.Ridge > 0 {
		options.Ridges = []float64{c.Ridge}
	}
	switch inputs := t.Columns().Inputs; {
	case a.kernel != Linear:
		middle := machine.MedianDistance(t, c.data.scaling, c.Seed)
		options.Start = cmp.Or(middle, 1)
		if options.Features, err = c.searchFeatures(a, t); err != nil {
			return a, err
		}
		options.Fixed = c.gamma > 0 || !c.choice(a.kernel).HasGamma()
	case inputs > t.Len():
		x, err := c.landmarks(t)
		if err != nil {
			return a, err
		}
		features, err := products(x, inputs)
		if err != nil {
			return a, err
		}
		options.Start, options.Fixed = 1, true
		options.Features = func(float64) (kernel.FeatureMap, error) { return features, nil }
	}
	problem := machine.Problem{Train: t, Scaling: c.data.scaling, Progress: c.progress(a.String())}
	a.found, _, err = machine.Search(ctx, problem, options)
	return a, err
}

// searchFrequencies bounds those of random features that settings are tried with.
const searchFrequencies = 1024

// searchFeatures returns features of the kind that the machine will have, and as many unless
// those are very many.
func (c *chooser) searchFeatures(a candidate, t *machine.Table) (func(bandwidth float64) (kernel.FeatureMap, error), error) {
	inputs := t.Columns().Inputs
	var landmarks []float32
	if c.usesLandmarks() {
		x, err := c.landmarks(t)
		if err != nil {
			return nil, err
		}
		n := t.Len()
		if c.N > 0 {
			n = min(c.N, n)
		}
		for i := range n {
			landmarks = append(landmarks, x[i*t.Len()/n*inputs:][:inputs]...)
		}
	}
	return func(bandwidth float64) (kernel.FeatureMap, error) {
		k, err := c.kernel(a, bandwidth, inputs)
		if err != nil {
			return nil, err
		}
		if landmarks != nil {
			return kernel.NewLandmarks(k, landmarks, inputs)
		}
		return kernel.NewFeatures(k, kernel.Options{Inputs: inputs, N: min(c.n(c.data.all.len()), searchFrequencies), Sampling: c.Sampling(), Seed: c.Seed})
	}, nil
}

// landmarks returns the rows as the kernel sees them.
func (f *Fitter) landmarks(t *machine.Table) ([]float32, error) {
	x, inputs := []float32(nil), t.Columns().Inputs
	for batch, err := range t.Batches(1024) {
		if err != nil {
			return nil, err
		}
		x = append(x, batch.X...)
	}
	f.data.scaling.Apply(x, inputs)
	return x, nil
}

func (a candidate) String() string {
	text := a.kernel
	if a.transform != table.NoTransform {
		text = string(a.transform) + " " + text
	}
	return text
}

// kernel returns the kernel of a candidate with a bandwidth, or with the flag's γ.
func (f *Fitter) kernel(a candidate, bandwidth float64, inputs int) (kernel.Kernel, error) {
	gamma := func(name string, bandwidth float64) float64 {
		return cmp.Or(f.gamma, f.choice(name).GammaOf(bandwidth, inputs))
	}
	if a.kernel == Mixture {
		k := kernel.Mixture{Gamma: gamma("gaussian", bandwidth), Delta: gamma("laplacian", bandwidth*a.ratio)}
		return k, k.Validate()
	}
	return f.choice(a.kernel).Make(gamma(a.kernel, bandwidth))
}

func (f *Fitter) choice(name string) flags.KernelChoice {
	choice := f.KernelChoice
	choice.Kernel = name
	return choice
}

// candidates are the kernels and the transforms that flags leave open.
func (f *Fitter) candidates(r rows) (all []candidate, err error) {
	transforms, err := f.transforms(r)
	if err != nil {
		return nil, err
	}
	kernels := []string{f.Kernel}
	switch {
	case f.Kernel == "auto" && f.usesLandmarks():
		kernels = []string{Linear, "gaussian", "laplacian"}
	case f.Kernel == "auto": // random features of the Laplacian kernel are coarse
		kernels = []string{Linear, "gaussian"}
	case f.Kernel == Mixture:
		kernels = []string{"gaussian", "laplacian"}
	}
	for _, transform := range transforms {
		for _, k := range kernels {
			if k != Linear || f.Kernel == Linear || f.solver() == "ridge" && !f.Posterior {
				all = append(all, candidate{kernel: k, transform: transform})
			}
		}
	}
	return all, nil
}

// transforms are those that flags leave open and that change a column.
func (f *Fitter) transforms(r rows) ([]table.Transform, error) {
	none := []table.Transform{table.NoTransform}
	switch {
	case f.Transform != "auto" && f.Transform != "none":
		return []table.Transform{table.Transform(f.Transform)}, nil
	case f.Transform == "none" || f.Raw || r.images != nil:
		return none, nil
	}
	encoder, err := f.encoder(r, table.LogTransform)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(encoder.Columns, func(s table.Scaling) bool { return s.Curve != nil }) {
		return append(none, table.LogTransform, table.QuantileTransform), nil
	}
	return none, nil
}

// trial is what to tell of a candidate.
func (a candidate) trial() Trial {
	t := Trial{a.kernel, a.transform, a.found.Bandwidth, a.found.Ridge, a.found.Loss, a.found.Score.ErrorRate}
	if a.found.Factor == 0 { // of no classes
		t.Error = a.found.Score.RMSE
	}
	if a.kernel == Linear {
		t.Bandwidth = 0
	}
	return t
}

// choose returns settings for some rows: the best of all candidates on a sample of
// them, of which the first ones are compared anew on more rows.
func (f *Fitter) choose(ctx context.Context, r rows) (Settings, error) {
	first, err := f.newChooser(r, firstRows, 1)
	if err != nil {
		return Settings{}, err
	}
	all, err := first.compare(ctx, r)
	if err != nil {
		return Settings{}, err
	}
	candidates, repeats := secondCandidates, 1
	for bound := 1000; repeats < 4 && r.len() < bound; bound /= 2 {
		candidates++
		repeats++
	}
	second, err := f.newChooser(r, secondRows, repeats)
	if err != nil {
		return Settings{}, err
	}
	best := all[:min(len(all), candidates)]
	for i, a := range best {
		near := a.found
		near.Ridge *= float64(first.rows.len()) / float64(second.rows.len())
		if best[i], err = second.search(ctx, a, &near); err != nil {
			return Settings{}, err
		}
	}
	slices.SortStableFunc(best, byLoss)
	s, err := second.settings(ctx, best[0])
	for _, a := range all {
		s.Tried = append(s.Tried, a.trial())
	}
	return s, err
}

// compare searches for all candidates that there are for r, and returns them from the
// best on.
func (c *chooser) compare(ctx context.Context, r rows) ([]candidate, error) {
	all, err := c.candidates(r)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i], err = c.search(ctx, all[i], nil); err != nil {
			return nil, err
		}
	}
	// For classes, the mixture was no better in trials on seven tables.
	if c.data.Task == table.Regression || c.Kernel == Mixture {
		if all, err = c.mix(ctx, all); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(all, byLoss)
	return all, nil
}

func byLoss(a, b candidate) int { return cmp.Compare(a.found.Loss, b.found.Loss) }

// mix adds a mixture of the Gaussian and the Laplacian kernel for each transform that
// has both, or leaves only those if no other kernel is wanted.
func (c *chooser) mix(ctx context.Context, all []candidate) ([]candidate, error) {
	var mixtures []candidate
	for _, a := range all {
		for _, b := range all {
			if a.transform != b.transform || a.kernel != "gaussian" || b.kernel != "laplacian" {
				continue
			}
			m := candidate{kernel: Mixture, transform: a.transform, ratio: b.found.Bandwidth / a.found.Bandwidth}
			m, err := c.search(ctx, m, &a.found)
			if err != nil {
				return nil, err
			}
			mixtures = append(mixtures, m)
		}
	}
	if c.Kernel == Mixture {
		return mixtures, nil
	}
	return append(all, mixtures...), nil
}

// settings are those of a candidate.
func (c *chooser) settings(ctx context.Context, a candidate) (Settings, error) {
	s := Settings{
		Transform: a.transform, Kernel: a.kernel, Ridge: a.found.Ridge,
		Rows: c.rows.len(), Folds: c.k, Score: a.found.Score, Factor: a.found.Factor,
	}
	t, err := c.table(ctx, a.transform)
	if err != nil {
		return s, err
	}
	if a.kernel != Linear {
		if s.made, err = c.kernel(a, a.found.Bandwidth, t.Columns().Inputs); err != nil {
			return s, err
		}
		s.Gamma = gammaOf(s.made)
	}
	if t.Columns().Classes == nil {
		s.HalfWidth, err = halfWidths(ctx, t, a.found.Predictions, c.parts[0])
	}
	return s, err
}

// gammaOf returns the γ that a kernel has, or 0.
func gammaOf(k kernel.Kernel) float64 {
	switch k := k.(type) {
	case kernel.Gaussian:
		return k.Gamma
	case kernel.Laplacian:
		return k.Gamma
	case kernel.Mixture:
		return k.Gamma
	case kernel.Polynomial:
		return k.Gamma
	case kernel.Matern:
		return kernel.GammaOf(k.Length)
	}
	return 0
}

// defaults are the settings of rows that are too few to choose by.
func (f *Fitter) defaults() Settings {
	s := Settings{Kernel: f.Kernel, Gamma: f.gamma}
	if s.Kernel == "auto" {
		s.Kernel = "gaussian"
	}
	return s
}
