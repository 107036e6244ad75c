package train

import (
	"math"

	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/internal/simd"
	"github.com/deepfry/deepfry/nn"
)

// optimizer applies the steps of a Recipe to the parameters that learn.
type optimizer struct {
	recipe  Recipe
	slots   []*slot
	pieces  []piece // all parameters, cut for the cores
	step    int     // steps made so far
	steps   int     // of the whole run
	rate    float64 // of the last step, before factors of groups
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

// piece is a part of a parameter.
type piece struct {
	*slot
	from, to int
}

// pieceSize is how many values a core updates, or adds up, at a time. No result
// depends on it.
const pieceSize = 16384

func newOptimizer(recipe Recipe, network *nn.Network, workspace *nn.Workspace, steps int) *optimizer {
	o := &optimizer{recipe: recipe, steps: steps, workers: par.Workers()}
	for _, p := range network.Params() {
		if !p.Learn || p.Kind == nn.Statistic {
			continue
		}
		s := &slot{param: p, gradient: workspace.Gradient(p), momentum: make([]float32, len(p.Data))}
		if recipe.Optimizer.Kind == "adamw" {
			s.variance = make([]float32, len(p.Data))
		}
		o.slots = append(o.slots, s)
		for from := 0; from < len(p.Data); from += pieceSize {
			o.pieces = append(o.pieces, piece{s, from, min(from+pieceSize, len(p.Data))})
		}
	}
	o.apply = func(chunk, _ int) { o.pieces[chunk].update() }
	return o
}

// update makes one step with the gradients that the workspace holds.
func (o *optimizer) update() {
	settings := o.recipe.Optimizer
	o.rate = settings.Rate * o.recipe.Schedule.Factor(o.step, o.steps)
	o.step++
	for _, s := range o.slots {
		group := o.recipe.Group(s.param.Kind)
		rate, decay := float32(o.rate*group.RateFactor), float32(settings.Decay*group.DecayFactor)
		s.sgd = simd.MomentumStep{Rate: rate, Momentum: float32(settings.Momentum), Decay: decay}
		s.adamw = simd.AdamWStep{
			Rate: rate, Decay: decay,
			Beta1: float32(settings.Beta1), Beta2: float32(settings.Beta2), Epsilon: float32(settings.Epsilon),
			Correction1: float32(1 / (1 - math.Pow(settings.Beta1, float64(o.step)))),
			Correction2: float32(1 / (1 - math.Pow(settings.Beta2, float64(o.step)))),
		}
	}
	par.For(len(o.pieces), o.workers, o.apply)
}

func (p piece) update() {
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
