package compress

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/onnx"
	"github.com/deepfry/deepfry/train"
)

// Model is a trained network with fully-connected layers to be replaced, from a
// checkpoint or an ONNX file.
type Model struct {
	// Network is the model as a network, or nil for an ONNX file that can't be
	// imported, for the reason that Reason gives. Its layers can still be
	// replaced where they are, by what needs no data.
	Network *nn.Network
	Reason  error
	// Layers are the fully-connected layers, in order, if there are any.
	Layers []*Layer
	// Refused says which nodes of an ONNX file multiply matrices and are none that can be
	// replaced, and why.
	Refused []string

	path    string
	extra   checkpoint.Extra // of a checkpoint
	file    *onnx.Model      // nil for a checkpoint
	linears map[string]*onnx.Linear
	bytes   int // of Files
	// repeated is how many weights the network has more than the file, whose layers
	// share some.
	repeated int
}

// Layer is a fully-connected layer of a model, y = W·x + bias: on vectors, or, as a
// convolution of one pixel, on every pixel of an image.
type Layer struct {
	Name            string
	Inputs, Outputs int

	weights, bias []float32 // [Outputs, Inputs] and [Outputs] or nil
	// image is the shape of the images that a convolution takes, and stride the
	// distance of the pixels that it takes of them; nil for layers on vectors, and where
	// the file can't be imported.
	image  nn.Shape
	stride int
	// bytes are those of the weights in the file, and number those of one in a
	// replacement there, before Options.Precisions.
	bytes, number int
}

// Open reads a checkpoint, or an ONNX file, which need not be trusted. Input is
// the shape of a sample, for ONNX files that do not say it, or nil.
func Open(path string, input nn.Shape) (*Model, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	m, err := &Model{path: path}, error(nil)
	if IsONNX(path) {
		if m.file, err = onnx.Open(path); err != nil {
			return nil, err
		}
		if err := m.importFile(input); err != nil {
			return nil, err
		}
	} else if m.Network, m.extra, err = checkpoint.Load(path); err != nil {
		return nil, fmt.Errorf("%w (ONNX files have names that end in .onnx)", err)
	}
	if m.Network != nil && m.file == nil {
		m.Layers = denseLayers(m.Network)
	}
	if m.bytes, err = filesBytes(m.Files()...); err != nil {
		return nil, err
	}
	m.refuseInfinite()
	return m, nil
}

// filesBytes returns how many bytes files have together.
func filesBytes(paths ...string) (int, error) {
	bytes := 0
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return 0, fmt.Errorf("compress: %w", err)
		}
		bytes += int(info.Size())
	}
	return bytes, nil
}

// Files returns the paths of the files that Open reads the model from, also those
// that hold an ONNX file's weights.
func (m *Model) Files() []string {
	files := []string{m.path}
	if m.file != nil {
		files = append(files, m.file.ExternalFiles()...)
	}
	return files
}

// FromNetwork returns a model of a network that is in memory. It fails if that is
// nil.
func FromNetwork(network *nn.Network) (*Model, error) {
	if network == nil {
		return nil, errors.New("compress: there is no network (nil)")
	}
	m := &Model{Network: network, path: network.Description.Name, Layers: denseLayers(network), bytes: checkpoint.Bytes(network.Params(), checkpoint.Float32)}
	m.refuseInfinite()
	return m, nil
}

// Notes returns what the file says of its training ([train.Notes]), or nil.
func (m *Model) Notes() map[string]string {
	extra := m.extra
	if m.file != nil {
		extra = checkpoint.Extra{Metadata: m.file.Metadata}
	}
	notes, err := train.Notes(extra)
	if err != nil {
		return nil
	}
	return notes
}

// importFile makes a network of the ONNX file, or lists the layers that can be
// replaced where they are.
func (m *Model) importFile(input nn.Shape) error {
	linears, refused := m.file.Linears()
	for _, r := range refused {
		m.Refused = append(m.Refused, fmt.Sprintf("%v: %s", r.Node, r.Reason))
	}
	m.linears = map[string]*onnx.Linear{}
	for _, l := range linears {
		m.linears[l.Name] = l
	}
	var imported map[string]*onnx.Linear
	m.Network, imported, m.Reason = onnx.ImportLinears(m.file, onnx.ImportOptions{Input: input})
	if shared := sharedWeights(linears); m.Reason == nil && shared != "" {
		m.Network, m.Reason = nil, errors.New(shared) // it would have them twice
	}
	if m.Reason == nil {
		m.placeLayers(imported, refused)
		return nil
	}
	for _, l := range linears {
		w, err := l.Weights()
		if err != nil {
			return err
		}
		m.Layers = append(m.Layers, &Layer{Name: l.Name, Inputs: l.Inputs, Outputs: l.Outputs, weights: w, bytes: l.Bytes(), number: l.NumberBytes()}) // the bias stays
	}
	return nil
}

// placeLayers lists the network's layers that are in places of the file where they can
// be replaced, and counts weights of which the network has copies.
func (m *Model) placeLayers(imported map[string]*onnx.Linear, refused []onnx.Refused) {
	sources, alone := map[string]bool{}, map[*onnx.Node]bool{}
	for _, l := range imported {
		if source := l.Source(); source != "" && sources[source] {
			m.repeated += l.Inputs * l.Outputs
		}
		sources[l.Source()] = true
	}
	for _, r := range refused { // for the reason given, though they are imported
		alone[r.Node] = true
	}
	m.linears = imported
	m.Layers = slices.DeleteFunc(denseLayers(m.Network), func(l *Layer) bool {
		linear := imported[l.Name]
		if linear == nil || alone[linear.Node] {
			return true
		}
		l.bytes, l.number = linear.Bytes(), linear.NumberBytes()
		return false
	})
}

// sharedWeights says which nodes share weights that replacements would share, too, or
// "".
func sharedWeights(linears []*onnx.Linear) string {
	for _, l := range linears {
		if nodes := l.Nodes(); len(nodes) > 1 {
			return fmt.Sprintf("%v and %v share their weights", nodes[0], nodes[1])
		}
	}
	return ""
}

// refuseInfinite leaves out layers whose weights, or whose weights' squares, are
// not all numbers.
func (m *Model) refuseInfinite() {
	const limit = 1e15
	m.Layers = slices.DeleteFunc(m.Layers, func(l *Layer) bool {
		outside := func(v float32) bool { return !(v > -limit && v < limit) }
		bad := slices.ContainsFunc(l.weights, outside) || slices.ContainsFunc(l.bias, outside)
		if bad {
			m.Refused = append(m.Refused, fmt.Sprintf("layer %s: its weights or biases are not all numbers between ±%g", l.Name, limit))
		}
		return bad
	})
}

// denseLayers lists the dense layers of a network, and the convolutions of one pixel.
func denseLayers(network *nn.Network) []*Layer {
	var found []*Layer
	shapes := map[string]nn.Shape{nn.Input: network.Description.Input}
	nodes := network.Description.Nodes
	for i, info := range network.Layers() {
		shapes[info.Name] = info.Output
		l := &Layer{Name: info.Name}
		switch op := nodes[i].Op.(type) {
		case nn.Dense:
		case nn.Conv:
			if op.Kernel != 1 || op.Pad != 0 || op.Groups > 1 {
				continue
			}
			l.image, l.stride = shapes[sources(nodes, i)[0]], max(op.Stride, 1)
		default:
			continue
		}
		w := info.Params[0]
		l.Inputs, l.Outputs, l.weights = w.Shape[1], w.Shape[0], w.Data
		if len(info.Params) > 1 {
			l.bias = info.Params[1].Data
		}
		l.bytes, l.number = 4*l.Weights(), 4
		found = append(found, l)
	}
	return found
}

// dense returns the layer alone.
func (l *Layer) dense() (*nn.Network, error) {
	return newChain(l.Inputs, 0, []nn.Op{nn.Dense{Out: l.Outputs, NoBias: l.bias == nil}}, l.weights, l.bias)
}

// Weights returns the number of the layer's weights.
func (l *Layer) Weights() int { return l.Inputs * l.Outputs }

// BreakEven returns the largest rank at which two layers have fewer weights than
// this one: r·(inputs + outputs) < inputs·outputs.
func (l *Layer) BreakEven() int { return (l.Weights() - 1) / (l.Inputs + l.Outputs) }

// logits returns a network without the softmax at its end, if there is one, on
// the same parameters: losses want it so.
func logits(network *nn.Network) (*nn.Network, error) {
	nodes := network.Description.Nodes
	last := len(nodes) - 1
	if last == 0 || nodes[last].Op.Kind() != (nn.SoftmaxLayer{}).Kind() {
		return network, nil
	}
	from := sources(nodes, last)[0]
	i := slices.IndexFunc(nodes, func(n nn.Node) bool { return n.Name == from })
	return network.Slice(0, i+1)
}

// inputsOf returns the network up to the layer's inputs, or nil where they are the
// network's.
func inputsOf(network *nn.Network, layer string) (*nn.Network, error) {
	nodes := network.Description.Nodes
	i := slices.IndexFunc(nodes, func(n nn.Node) bool { return n.Name == layer })
	from := sources(nodes, i)[0]
	if from == nn.Input {
		return nil, nil
	}
	return network.Slice(0, slices.IndexFunc(nodes, func(n nn.Node) bool { return n.Name == from })+1)
}

// IsONNX tells whether a path names an ONNX file rather than a checkpoint.
func IsONNX(path string) bool { return strings.EqualFold(filepath.Ext(path), ".onnx") }
