package benchmarks

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/flags"
	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/internal/bench"
	"github.com/deepfry/deepfry/internal/thousands"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

// benchNetworks are the flags of benchmarks of whole networks.
type benchNetworks struct {
	benchFlags
	FC     []string `name:"fc" placeholder:"LAYER" help:"Fully-connected layers, as for inspect: several are measured one after the other; without N they have as many outputs as the dense ones. Default: dense and what train takes."`
	Layers bool     `help:"Measure every layer too."`
}

// layers returns --fc for a model.
func (f benchNetworks) layers(model string) []string {
	if len(f.FC) == 0 {
		return []string{"dense", flags.DefaultFC(model)}
	}
	return f.FC
}

type benchTrain struct {
	benchNetworks
	Batch  []int  `default:"64" help:"Images of a batch."`
	Model  string `default:"lenet" help:"A model, as for inspect."`
	Recipe string `default:"default" enum:"default,caffe" help:"Optimizer and details of the network, as for train: ${enum}."`
}

func (*benchTrain) Help() string {
	return `A step takes random images through loader, network, loss and optimizer. Times
are for one image of it.

Examples:

  deepfry bench train --threads 2 --layers
  deepfry bench train --model caffenet --batch 32 --recipe caffe`
}

type benchModel struct {
	benchNetworks
	Batch   []int  `default:"1,16,256" help:"Samples of a batch."`
	Input   string `placeholder:"1x28x28" help:"Shape of a sample, for ONNX files that do not say it."`
	Network string `arg:"" default:"lenet" help:"A model as for inspect, a checkpoint, or an ONNX file."`
}

type benchConv struct {
	benchFlags
	Batch []int  `default:"32" help:"Images of a batch."`
	Model string `default:"lenet" help:"A model, as for inspect."`
}

func (*benchConv) Help() string {
	return `The layers up to the last convolution, and the pooling behind it, in training
steps. Times are for one image; the backward pass of a convolution is that for
weights, bias and, but for the first layer, the input.

Examples:

  deepfry bench conv
  deepfry bench conv --model caffenet --batch 16 --threads 2`
}

func checkBatch(batch int) error {
	if batch < 1 || batch > 4096 {
		return fmt.Errorf("--batch %d: want 1 to 4096", batch)
	}
	return nil
}

func (c *benchTrain) Run(term *console.Terminal) error { return c.measure(term, c.groups) }

func (c *benchTrain) groups() (groups []benchGroup, err error) {
	recipe, options, err := flags.RecipeByName(c.Recipe, nil, nil)
	if err != nil {
		return nil, err
	}
	for _, fc := range c.layers(c.Model) {
		d, err := flags.DescribeModel(c.Model, options, fc)
		if err != nil {
			return nil, err
		}
		for _, batch := range c.Batch {
			g, err := trainGroup(d, fmt.Sprintf("%s %s batch=%d", c.Model, fc, batch), batch, recipe, c.Layers)
			if err != nil {
				return nil, err
			}
			groups = append(groups, g)
		}
	}
	return groups, nil
}

// trainGroup is the training steps of a network, and what its layers do in them.
func trainGroup(d nn.Description, name string, batch int, recipe train.Recipe, layers bool) (benchGroup, error) {
	if err := checkBatch(batch); err != nil {
		return benchGroup{}, err
	}
	recipe.BatchSize = batch
	bytes, err := train.Memory(d, recipe, batch)
	return benchGroup{"training " + name, bytes, func() ([]benchCase, error) {
		return trainCases(d, name, batch, recipe, layers)
	}}, err
}

func trainCases(d nn.Description, name string, batch int, recipe train.Recipe, layers bool) ([]benchCase, error) {
	network, err := nn.New(d, 1)
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
	cases := []benchCase{{
		benchmark: "train", name: name, rows: batch, operations: 6 * float64(multiplyAdds(network)),
		times: func(ctx context.Context, budget time.Duration) (bench.Times, error) {
			return timeSteps(ctx, trainer, budget, layers, stopwatch)
		},
	}}
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
	var err error
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

func (*benchModel) Help() string {
	return `Random samples go through the network. Times are for one of them, and the
latency is the median time of a whole batch. Operations are two a multiply-add,
those of a dense or Fastfood layer or a convolution; the workspace is what a
caller holds beside the parameters: activations and scratch memory.

Examples:

  deepfry bench model
  deepfry bench model caffenet --batch 1,16 --layers
  deepfry bench model runs/lenet-mnist-adaptive-1024-seed1.safetensors --threads 1,2
  deepfry bench model net.onnx --batch 1,16 --threads 1,2 --json
  deepfry bench model net.onnx --input 3x224x224`
}

func (c *benchModel) Run(term *console.Terminal) error { return c.measure(term, c.groups) }

func (c *benchModel) groups() (groups []benchGroup, err error) {
	named := ""
	if c.FC != nil {
		named = "--fc"
	}
	isFile, err := flags.IsNetworkFile(c.Network, named)
	if err != nil {
		return nil, err
	}
	if isFile {
		network, err := flags.OpenNetwork(c.Network, c.Input)
		if err != nil {
			return nil, err
		}
		return c.inferenceGroups(network.Description, c.Network, func() (*nn.Network, error) { return network, nil })
	}
	if c.Input != "" {
		return nil, flags.ErrNotONNX
	}
	_, options, err := flags.RecipeByName("default", nil, nil)
	if err != nil {
		return nil, err
	}
	for _, fc := range c.layers(c.Network) {
		d, err := flags.DescribeModel(c.Network, options, fc)
		if err != nil {
			return nil, err
		}
		more, err := c.inferenceGroups(d, c.Network+" "+fc, func() (*nn.Network, error) { return nn.New(d, 1) })
		if err != nil {
			return nil, err
		}
		groups = append(groups, more...)
	}
	return groups, nil
}

// inferenceGroups are inference by a network in batches of each size.
func (c *benchModel) inferenceGroups(d nn.Description, name string, build func() (*nn.Network, error)) (groups []benchGroup, err error) {
	for _, batch := range c.Batch {
		if err := checkBatch(batch); err != nil {
			return nil, err
		}
		bytes, err := flags.NetworkBytes(d, batch)
		if err != nil {
			return nil, err
		}
		groups = append(groups, benchGroup{fmt.Sprintf("inference %s batch=%d", name, batch), bytes, func() ([]benchCase, error) {
			network, err := build()
			if err != nil {
				return nil, err
			}
			return inferenceCases(network, name, batch, c.Layers), nil
		}})
	}
	return groups, nil
}

func inferenceCases(network *nn.Network, name string, batch int, layers bool) []benchCase {
	facts := describeNetwork(network, name)
	facts.Batch = batch
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	workspace := network.NewWorkspace(batch, false)
	runtime.ReadMemStats(&after)
	facts.WorkspaceBytes = after.TotalAlloc - before.TotalAlloc
	name = fmt.Sprintf("%s batch=%d", name, batch)
	x := bench.Normals(batch * network.Description.Input.Size())
	stopwatch := newStopwatch(workspace.SetTrace)
	cases := []benchCase{{
		benchmark: "inference", name: name, rows: batch, operations: 2 * float64(facts.MultiplyAdds), network: facts,
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

// describeNetwork tells of a network what does not depend on the batch.
func describeNetwork(network *nn.Network, name string) networkFacts {
	facts := networkFacts{MultiplyAdds: multiplyAdds(network), Weights: network.Weights()}
	for _, p := range network.Params() {
		facts.ParameterBytes += 4 * p.Size()
	}
	facts.about = fmt.Sprintf("%s: %v to %v; %s weights, %s bytes of parameters; %s multiply-adds a sample", name, network.Description.Input,
		network.OutShape(), thousands.Apart(facts.Weights), thousands.Apart(facts.ParameterBytes), thousands.Apart(facts.MultiplyAdds))
	return facts
}

func (c *benchConv) Run(term *console.Terminal) error { return c.measure(term, c.groups) }

func (c *benchConv) groups() (groups []benchGroup, err error) {
	recipe, options, err := flags.RecipeByName("caffe", nil, nil)
	if err != nil {
		return nil, err
	}
	d, err := flags.DescribeModel(c.Model, options, "dense")
	if err != nil {
		return nil, err
	}
	last := 0
	for i, node := range d.Nodes {
		switch node.Op.(type) {
		case nn.Conv, nn.MaxPool:
			last = i
		}
	}
	d.Nodes = d.Nodes[:last+1]
	for _, batch := range c.Batch {
		g, err := trainGroup(d, fmt.Sprintf("%s batch=%d", c.Model, batch), batch, recipe, true)
		if err != nil {
			return nil, err
		}
		groups = append(groups, g)
	}
	return groups, nil
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
				benchmark: layer.Name + " " + pass, name: name, rows: batch, operations: operations,
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
