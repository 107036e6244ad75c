package paper

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/compress"
	"github.com/deepfry/deepfry/models"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

// Form is what stands in place of LeNet's hidden fully-connected layer, 800×500.
type Form string

const (
	Dense      Form = "dense"    // the layer itself: the reference
	SVD        Form = "svd"      // that of the trained layer's matrix, cut to a rank
	DataSVD    Form = "data-svd" // that of its outputs on the training samples
	LowRank    Form = "lowrank"  // the same two layers from random numbers
	Adaptive   Form = "adaptive" // Fastfood with S, G and B learnt, from random numbers
	Fixed      Form = "fixed"    // Fastfood with random diagonals
	Block      Form = "block"    // Adaptive with square matrices on the diagonal of G
	Monarch    Form = "monarch"  // two block-diagonal matrices, fitted to the trained layer's outputs
	Projection Form = "rp"       // a random projection and a dense layer, fitted to the trained layer's outputs
	Pooling    Form = "pooling"  // the means of the channels instead of any hidden layer
)

// Trial is a network to be trained and measured.
type Trial struct {
	Form Form `json:"form"`
	Size int  `json:"size,omitempty"` // rank of SVD, DataSVD and LowRank, outputs of Fastfood and Block, blocks of Monarch, features of Projection
	Rows int  `json:"rows,omitempty"` // of the matrices of Block
	// Frozen trials have the reference's convolutions and train what follows;
	// others train all.
	Frozen bool `json:"frozen,omitempty"`
	// Untrained trials are measured as they come out of the decomposition.
	Untrained bool `json:"untrained,omitempty"`
	// Distilled trials learn the reference's outputs beside the labels.
	Distilled bool `json:"distilled,omitempty"`
}

// Result is what a trial came to.
type Result struct {
	Trial
	Settings
	Seed    uint64 `json:"seed"`
	Errors  int    `json:"errors"`  // test images that were read wrongly
	Images  int    `json:"images"`  // test images
	Weights int    `json:"weights"` // of the fully-connected layers, biases and permutations apart
	Bytes   int    `json:"bytes"`   // of their parameters in a checkpoint, biases and permutations included
	// LearntBytes are those of what is not drawn from a seed.
	LearntBytes int `json:"learnt_bytes"`
	// Int8Errors and Int8Bytes are Errors and Bytes with weights in eight bits.
	Int8Errors int `json:"int8_errors"`
	Int8Bytes  int `json:"int8_bytes"`
}

// Percent returns the test error.
func (r Result) Percent() float64 { return 100 * float64(r.Errors) / float64(r.Images) }

// hiddenLayer is the one that is replaced, convolutions is how many nodes stand
// before it.
const (
	hiddenLayer  = "fc1"
	convolutions = 6
)

// describe returns LeNet with the trial's form of the hidden layer. Parameters that
// compress makes have the same names there.
func (t Trial) describe(dropout float64) (nn.Description, error) {
	d := models.LeNet(models.Options{ConvReLU: true, Dropout: &dropout})
	i := slices.IndexFunc(d.Nodes, func(n nn.Node) bool { return n.Name == hiddenLayer })
	hidden, replace := d.Nodes[i].Op.(nn.Dense), func(nodes ...nn.Node) { d.Nodes = slices.Replace(d.Nodes, i, i+1, nodes...) }
	switch t.Form {
	case Dense:
	case SVD, DataSVD:
		replace(nn.Node{Name: hiddenLayer + "/1", Op: nn.Dense{Out: t.Size, NoBias: true}}, nn.Node{Name: hiddenLayer, Op: hidden})
	case LowRank:
		replace(nn.Node{Name: hiddenLayer + "/1", Op: nn.Dense{Out: t.Size, NoBias: true}}, nn.Node{Name: hiddenLayer, Op: nn.Dense{Out: hidden.Out, Gain: math.Sqrt2}})
	case Adaptive, Fixed, Block:
		learn := "SGB"
		if t.Form == Fixed {
			learn = ""
		}
		return nn.Fry(d, nn.FryOptions{Outputs: t.Size, Learn: learn, Group: t.Rows})
	case Monarch:
		replace(nn.Node{Name: hiddenLayer, Op: nn.Monarch{Out: hidden.Out, Blocks: t.Size}})
	case Projection:
		replace(nn.Node{Name: hiddenLayer + "/1", Op: nn.Fastfood{Out: t.Size, NoBias: true, Gain: 1}}, nn.Node{Name: hiddenLayer, Op: hidden})
	case Pooling:
		d.Nodes = slices.Concat(d.Nodes[:i], []nn.Node{{Name: "pooling", Op: nn.GlobalAveragePool{}}}, d.Nodes[len(d.Nodes)-1:])
	default:
		return d, fmt.Errorf("paper: there is no form %q", t.Form)
	}
	return d, nil
}

// experiment is what the trials of a dataset and a seed have in common.
type experiment struct {
	seed      uint64
	data      *compress.Data // images
	reference *nn.Network
	features  *compress.Data // what the reference's convolutions make of the images, once it is wanted
	outputs   []float32      // the reference's for the training images, once they are wanted
}

// network returns the trial's network before training.
func (e *experiment) network(ctx context.Context, t Trial, dropout float64) (*nn.Network, error) {
	if t.Form == Dense { // which others begin with
		return e.reference.Clone()
	}
	d, err := t.describe(dropout)
	if err != nil {
		return nil, err
	}
	network, err := nn.New(d, e.seed)
	if err != nil {
		return nil, err
	}
	if t.Frozen {
		copyParams(network, e.reference, convolutions)
	}
	o := compress.Options{Layers: []string{hiddenLayer}, Rank: compress.Rank{N: t.Size}, Seed: e.seed, AllowSlower: true}
	switch t.Form {
	case SVD:
		o.Methods = []compress.Method{compress.SVD}
	case DataSVD:
		o.Methods, o.Data = []compress.Method{compress.SVD}, e.data
	case Monarch:
		o.Methods, o.Data = []compress.Method{compress.Monarch}, e.data
	case Projection:
		o.Methods, o.Data = []compress.Method{compress.RandomProjection}, e.data
	default:
		return network, nil
	}
	model, err := compress.FromNetwork(e.reference)
	if err != nil {
		return nil, err
	}
	made, err := model.Compress(ctx, o)
	if err != nil {
		return nil, err
	}
	copyParams(network, made.Network, len(d.Nodes))
	return network, nil
}

// copyParams sets the parameters of the first nodes of a network to those of the
// same names in another.
func copyParams(to, from *nn.Network, nodes int) {
	for _, l := range to.Layers()[:nodes] {
		for _, p := range l.Params {
			q := from.Param(p.Name)
			copy(p.Data, q.Data)
			copy(p.Indices, q.Indices)
		}
	}
}

// run trains and measures a trial.
func (e *experiment) run(ctx context.Context, t Trial, s Settings, progress func(epoch int, loss float64)) (Result, error) {
	network, err := e.network(ctx, t, s.Dropout)
	if err != nil {
		return Result{}, err
	}
	head, err := network.Slice(convolutions, len(network.Description.Nodes))
	if err != nil {
		return Result{}, err
	}
	trained, data := network, e.data
	if t.Frozen {
		if trained, data = head, e.features; data == nil {
			if data, err = e.extract(); err != nil {
				return Result{}, err
			}
		}
	}
	if !t.Untrained && t.Form != Dense {
		if err := e.train(ctx, trained, data, t, s, progress); err != nil {
			return Result{}, err
		}
	}
	r := Result{Trial: t, Settings: s, Seed: e.seed, Images: len(data.Test.Labels), Weights: head.Weights(), Bytes: checkpoint.Bytes(head.Params(), checkpoint.Float32)}
	learnt := slices.DeleteFunc(slices.Clone(head.Params()), func(p *nn.Param) bool { return !p.Learn })
	r.LearntBytes = checkpoint.Bytes(learnt, checkpoint.Float32)
	r.Errors = train.Wrong(trained, data.Test.Inputs, data.Test.Labels)
	err = r.measureInt8(trained, head, data.Test)
	return r, err
}

// train trains a trial's network, or what is behind its frozen convolutions.
func (e *experiment) train(ctx context.Context, network *nn.Network, data *compress.Data, t Trial, s Settings, progress func(epoch int, loss float64)) error {
	classes := network.OutShape().Size()
	loss := train.Classify(data.Train.Labels, classes)
	if t.Distilled {
		loss = train.Sum(loss, imitation, train.Imitate(e.teach(), classes))
	}
	return train.Rows(ctx, network, data.Train.Inputs, s.recipe(), e.seed, loss, progress)
}

// measureInt8 measures a trial whose fully-connected layers, the head of what was trained,
// are in eight bits, and whose convolutions are as they were. The head is rounded for good.
func (r *Result) measureInt8(trained, head *nn.Network, test compress.Samples) error {
	if err := checkpoint.Round(head, checkpoint.Int8); err != nil {
		return err
	}
	r.Int8Bytes = checkpoint.Bytes(head.Params(), checkpoint.Int8)
	r.Int8Errors = train.Wrong(trained, test.Inputs, test.Labels)
	return nil
}

// imitation is how much the loss of the reference's outputs counts beside that of the labels,
// as in compress's fine-tuning.
const imitation = 10

// teach returns the reference's outputs for the training samples.
func (e *experiment) teach() []float32 {
	if e.outputs == nil {
		e.outputs = train.Outputs(e.reference, e.data.Train.Inputs)
	}
	return e.outputs
}

// extract computes the features that frozen trials train on.
func (e *experiment) extract() (*compress.Data, error) {
	frozen, err := e.reference.Slice(0, convolutions)
	if err != nil {
		return nil, err
	}
	e.features = &compress.Data{Train: compress.Samples{Labels: e.data.Train.Labels}, Test: compress.Samples{Labels: e.data.Test.Labels}}
	e.features.Train.Inputs = train.Outputs(frozen, e.data.Train.Inputs)
	e.features.Test.Inputs = train.Outputs(frozen, e.data.Test.Inputs)
	return e.features, nil
}
