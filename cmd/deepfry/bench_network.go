package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/internal/bench"
	"github.com/deepfry/deepfry/models"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

// benchNetworks are the flags of benchmarks of whole networks.
type benchNetworks struct {
	benchFlags
	Batch  []int    `placeholder:"N" help:"Images of a batch."`
	FC     []string `name:"fc" default:"dense,adaptive" help:"Fully-connected layers, as for inspect: several are measured one after the other. Without a number, they have the model's own outputs."`
	Layers bool     `help:"Measure every layer too."`
}

type benchTrain struct {
	benchNetworks
	Model  string `default:"lenet" help:"A model, as for inspect."`
	Recipe string `default:"default" enum:"default,caffe" help:"Optimizer, as for train: ${enum}."`
}

func (*benchTrain) Help() string {
	return `A step takes random images through loader, network, loss and optimizer. Times
are for one image of it.`
}

type benchModel struct {
	benchNetworks
	Network string `arg:"" default:"lenet" help:"A model, or a checkpoint."`
}

type benchConv struct {
	benchFlags
	Batch int    `default:"32" help:"Images of a batch."`
	Model string `default:"lenet" help:"A model, as for inspect."`
}

func (*benchConv) Help() string {
	return `The convolutions of a model in training steps. Times are for one image; the
backward pass is that for weights, bias and, but for the first layer, the input.`
}

func (c *benchTrain) Run(term *terminal) error {
	if len(c.Batch) == 0 {
		c.Batch = []int{64}
	}
	return c.measure(term, c.cases)
}

func (c *benchTrain) cases() (cases []benchCase, err error) {
	for _, fc := range c.FC {
		d, err := networkFlags{Classifier: "dense"}.describe(c.Model, models.Options{ConvReLU: true, Dropout: new(0.5)}, fc)
		if err != nil {
			return nil, err
		}
		for _, batch := range c.Batch {
			more, err := trainCases(d, fmt.Sprintf("%s %s batch=%d", c.Model, fc, batch), batch, c.Recipe, c.Layers)
			if err != nil {
				return nil, err
			}
			cases = append(cases, more...)
		}
	}
	return cases, nil
}

// trainCases are the training steps of a network, and what its layers do in them.
func trainCases(d nn.Description, name string, batch int, recipeName string, layers bool) ([]benchCase, error) {
	if batch < 1 || batch > 4096 {
		return nil, fmt.Errorf("--batch %d: want 1 to 4096", batch)
	}
	network, err := nn.New(d, 1)
	if err != nil {
		return nil, err
	}
	recipe, err := train.ByName(recipeName)
	if err != nil {
		return nil, err
	}
	recipe.BatchSize, recipe.Epochs = batch, 1<<20
	recipe.Optimizer.Rate = 1e-6
	trainer, err := train.New(network, randomImages(d.Input, network.OutShape().Size(), 8*batch), recipe, 1)
	if err != nil {
		return nil, err
	}
	stopwatch := newStopwatch(trainer.SetTrace)
	step := benchCase{
		benchmark: "train", name: name, rows: batch, operations: 6 * float64(multiplyAdds(network)),
		times: func(ctx context.Context, budget time.Duration) (bench.Times, error) {
			return timeSteps(ctx, trainer, budget, layers, stopwatch)
		},
	}
	cases := []benchCase{step}
	if layers {
		cases = append(cases, stopwatch.cases(network, name, batch, true)...)
	}
	return cases, nil
}

// timeSteps trains for so long and times the steps, but for the first ones.
func timeSteps(ctx context.Context, trainer *train.Trainer, budget time.Duration, layers bool, stopwatch *stopwatch) (bench.Times, error) {
	var samples []float64
	enough := errors.New("enough")
	warm := 2
	begin := time.Now()
	last := begin
	err := error(nil)
	for err == nil {
		err = trainer.RunEpoch(ctx, func(p train.Progress) error {
			now := time.Now()
			if warm > 0 {
				warm--
				begin = now
				if layers {
					stopwatch.start()
				}
			} else if p.Batch > 1 { // an epoch's first step begins with the loader
				samples = append(samples, float64(now.Sub(last).Nanoseconds()))
			}
			last = now
			if len(samples) >= 10 && now.Sub(begin) > budget {
				return enough
			}
			return nil
		})
	}
	stopwatch.stop()
	if err != enough {
		return bench.Times{}, err
	}
	return bench.Summarize(samples), nil
}

func randomImages(shape nn.Shape, classes, n int) *dataset.Images {
	images := &dataset.Images{Channels: shape[0], Height: shape[1], Width: shape[2], Classes: make([]string, classes)}
	source := rand.New(rand.NewPCG(5, 6))
	images.Pixels = make([]byte, n*shape.Size())
	for i := range images.Pixels {
		images.Pixels[i] = byte(source.Uint32())
	}
	for range n {
		images.Labels = append(images.Labels, int32(source.IntN(classes)))
	}
	return images
}

func multiplyAdds(network *nn.Network) (total int) {
	for _, layer := range network.Layers() {
		total += layer.MultiplyAdds
	}
	return total
}

func (c *benchModel) Run(term *terminal) error {
	if len(c.Batch) == 0 {
		c.Batch = []int{1, 16, 256}
	}
	return c.measure(term, c.cases)
}

func (c *benchModel) cases() (cases []benchCase, err error) {
	networks := map[string]*nn.Network{}
	var names []string
	if _, err := os.Stat(c.Network); err == nil && !slices.Contains(models.Names(), c.Network) {
		network, _, err := checkpoint.Load(c.Network)
		if err != nil {
			return nil, err
		}
		names = append(names, c.Network)
		networks[c.Network] = network
	} else {
		for _, fc := range c.FC {
			d, err := networkFlags{Classifier: "dense"}.describe(c.Network, models.Options{ConvReLU: true}, fc)
			if err != nil {
				return nil, err
			}
			name := c.Network + " " + fc
			names = append(names, name)
			if networks[name], err = nn.New(d, 1); err != nil {
				return nil, err
			}
		}
	}
	for _, name := range names {
		for _, batch := range c.Batch {
			if batch < 1 || batch > 4096 {
				return nil, fmt.Errorf("--batch %d: want 1 to 4096", batch)
			}
			cases = append(cases, inferenceCases(networks[name], fmt.Sprintf("%s batch=%d", name, batch), batch, c.Layers)...)
		}
	}
	return cases, nil
}

func inferenceCases(network *nn.Network, name string, batch int, layers bool) []benchCase {
	workspace := network.NewWorkspace(batch, false)
	x := normals(batch * network.Description.Input.Size())
	stopwatch := newStopwatch(workspace.SetTrace)
	cases := []benchCase{{
		benchmark: "inference", name: name, rows: batch, operations: 2 * float64(multiplyAdds(network)),
		times: func(ctx context.Context, budget time.Duration) (bench.Times, error) {
			if layers {
				stopwatch.start()
				defer stopwatch.stop()
			}
			return bench.Measure(ctx, budget, func() { workspace.Forward(x) })
		},
	}}
	if layers {
		cases = append(cases, stopwatch.cases(network, name, batch, false)...)
	}
	return cases
}

func (c *benchConv) Run(term *terminal) error {
	return c.measure(term, func() ([]benchCase, error) {
		d, err := networkFlags{Classifier: "dense"}.describe(c.Model, models.Options{}, "dense")
		if err != nil {
			return nil, err
		}
		cases, err := trainCases(d, fmt.Sprintf("%s batch=%d", c.Model, c.Batch), c.Batch, "caffe", true)
		return slices.DeleteFunc(cases, func(b benchCase) bool { return b.kind != "conv" && b.benchmark != "train" }), err
	})
}

// stopwatch collects the times of the layers of a workspace.
type stopwatch struct {
	set     func(func(nn.Trace))
	samples map[layerPass][]float64
}

type layerPass struct {
	layer    string
	backward bool
}

func newStopwatch(set func(func(nn.Trace))) *stopwatch {
	return &stopwatch{set, map[layerPass][]float64{}}
}

func (s *stopwatch) start() {
	s.set(func(t nn.Trace) {
		key := layerPass{t.Layer, t.Backward}
		s.samples[key] = append(s.samples[key], float64(t.Elapsed.Nanoseconds()))
	})
}

func (s *stopwatch) stop() { s.set(nil) }

// cases are those of the layers, whose times are there when the network's case
// has been measured.
func (s *stopwatch) cases(network *nn.Network, name string, batch int, training bool) (cases []benchCase) {
	for i, layer := range network.Layers() {
		for _, backward := range []bool{false, true} {
			if backward && !training {
				continue
			}
			operations, pass := 2*float64(layer.MultiplyAdds), "forward"
			if backward {
				pass = "backward"
				if i > 0 {
					operations *= 2
				}
			}
			cases = append(cases, benchCase{
				benchmark: layer.Name + " " + pass, name: name, kind: layer.Kind, rows: batch, operations: operations,
				times: func(context.Context, time.Duration) (bench.Times, error) {
					samples := s.samples[layerPass{layer.Name, backward}]
					if len(samples) == 0 {
						return bench.Times{}, errSkip // done by the layer before it
					}
					return bench.Summarize(samples), nil
				},
			})
		}
	}
	return cases
}
