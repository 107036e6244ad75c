package train

import (
	"errors"
	"fmt"
	"math"

	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/internal/simd"
	"github.com/deepfry/deepfry/nn"
)

// optimizer applies the steps of a Recipe to the parameters that learn.
type optimizer struct {
	recipe  Recipe
	slots   []*slot
	parts   []part // all parameters, cut into pieces for the cores
	step    int    // steps made so far
	steps   int    // of the whole run
	workers int
	apply   func(chunk, worker int)
}

// slot is a parameter with its state.
type slot struct {
	param    *nn.Param
	gradient []float32
	// momentum is the velocity of sgd or the first moment of adamw; variance
	// is adamw's second moment.
	momentum, variance []float32
	adamw              simd.AdamWStep
	sgd                simd.MomentumStep
}

// part is a piece of a parameter.
type part struct {
	*slot
	from, to int
}

// partSize is how many values a core updates at a time. No result depends on
// it.
const partSize = 16384

func newOptimizer(recipe Recipe, network *nn.Network, workspace *nn.Workspace, steps int) *optimizer {
	o := &optimizer{recipe: recipe, steps: steps, workers: par.Workers()}
	for _, p := range network.Params() {
		if !p.Learn || p.Kind == nn.Statistic {
			continue
		}
		s := &slot{param: p, gradient: workspace.Gradient(p), momentum: make([]float32, len(p.Data))}
		if len(s.gradient) != len(p.Data) {
			panic("train: the workspace has no gradients of the network's parameters: is it for training, and the network's?")
		}
		if recipe.Optimizer.Kind == "adamw" {
			s.variance = make([]float32, len(p.Data))
		}
		o.slots = append(o.slots, s)
		for from := 0; from < len(p.Data); from += partSize {
			o.parts = append(o.parts, part{s, from, min(from+partSize, len(p.Data))})
		}
	}
	o.apply = func(chunk, _ int) { o.parts[chunk].update() }
	return o
}

// update makes one step with the gradients that the workspace holds.
func (o *optimizer) update() {
	settings := o.recipe.Optimizer
	rate := settings.Rate * o.recipe.Schedule.Factor(o.step, o.steps)
	o.step++
	for _, s := range o.slots {
		group := o.recipe.Group(s.param.Kind)
		rate, decay := float32(rate*group.RateFactor), float32(settings.Decay*group.DecayFactor)
		s.sgd = simd.MomentumStep{Rate: rate, Momentum: float32(settings.Momentum), Decay: decay}
		s.adamw = simd.AdamWStep{
			Rate: rate, Decay: decay,
			Beta1: float32(settings.Beta1), Beta2: float32(settings.Beta2), Epsilon: float32(settings.Epsilon),
			Correction1: float32(1 / (1 - math.Pow(settings.Beta1, float64(o.step)))),
			Correction2: float32(1 / (1 - math.Pow(settings.Beta2, float64(o.step)))),
		}
	}
	par.For(len(o.parts), o.workers, o.apply)
}

func (p part) update() {
	data, gradient, momentum := p.param.Data[p.from:p.to], p.gradient[p.from:p.to], p.momentum[p.from:p.to]
	if p.variance == nil {
		simd.Momentum(data, gradient, momentum, &p.sgd)
		return
	}
	simd.AdamW(data, gradient, momentum, p.variance[p.from:p.to], &p.adamw)
}

// state returns the optimizer's tensors by the names under which checkpoints
// hold them.
func (o *optimizer) state() map[string][]float32 {
	tensors := map[string][]float32{}
	for _, s := range o.slots {
		tensors["optimizer.momentum/"+s.param.Name] = s.momentum
		if s.variance != nil {
			tensors["optimizer.variance/"+s.param.Name] = s.variance
		}
	}
	return tensors
}

// Updater makes the steps of a recipe's optimizer, for training loops with data
// or losses of their own.
type Updater struct{ optimizer *optimizer }

// NewUpdater returns an updater for a run of so many steps on a network, with the
// gradients of the given workspace. Of the recipe it takes the optimizer, the
// schedule and the groups, and fails where these make no sense, for less than one
// step, and if no parameter of the network learns. It panics if the workspace is not
// one for training the network.
func NewUpdater(recipe Recipe, network *nn.Network, workspace *nn.Workspace, steps int) (*Updater, error) {
	if err := recipe.checkSteps(); err != nil {
		return nil, err
	}
	if steps < 1 {
		return nil, fmt.Errorf("train: %d steps: want at least 1", steps)
	}
	o := newOptimizer(recipe, network, workspace, steps)
	if len(o.slots) == 0 {
		return nil, errNothingLearns
	}
	return &Updater{o}, nil
}

var errNothingLearns = errors.New("train: no parameter of the network learns")

// Update makes a step with the gradients of the workspace's last Backward. It panics
// after the last of the steps that NewUpdater was told.
func (u *Updater) Update() { u.optimizer.update() }
