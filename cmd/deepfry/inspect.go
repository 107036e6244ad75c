package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/flags"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/machines"
	"github.com/deepfry/deepfry/compress"
	"github.com/deepfry/deepfry/internal/thousands"
	"github.com/deepfry/deepfry/models"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/onnx"
	"github.com/deepfry/deepfry/predict"
)

type inspectCommand struct {
	flags.LayerChoice
	Network string `arg:"" help:"lenet, caffenet, alexnet, vgg16, a checkpoint, an ONNX file, or a kernel machine that fit wrote."`
	Input   string `placeholder:"1x28x28" help:"Shape of a sample, for ONNX files that do not say it."`
	JSON    bool   `name:"json" help:"Write JSON."`
}

// inspection is the command's JSON.
type inspection struct {
	Name           string         `json:"name"`
	Input          nn.Shape       `json:"input"`
	totals                        // of all layers
	Convolutions   totals         `json:"convolutions"`
	FullyConnected totals         `json:"fully_connected"` // dense and Fastfood layers
	Biases         int            `json:"biases"`
	FileBytes      int64          `json:"file_bytes,omitempty"` // of a file, and of those that an ONNX file's weights are in
	Layers         []nn.LayerInfo `json:"layers"`
}

// totals are sums over layers.
type totals struct {
	Weights      int `json:"weights"` // biases, permutations and statistics apart
	MultiplyAdds int `json:"multiply_adds"`
}

func (t *totals) add(l nn.LayerInfo) {
	t.Weights += l.Weights
	t.MultiplyAdds += l.MultiplyAdds
}

func (*inspectCommand) Help() string {
	return `Examples:

  deepfry inspect lenet --fc adaptive:1024
  deepfry inspect caffenet --fc adaptive:16384 --classifier adaptive
  deepfry inspect runs/lenet-mnist-adaptive-1024-seed1.safetensors --json
  deepfry inspect net.onnx
  deepfry inspect runs/iris-gaussian-fastfood-256-ridge-seed1.safetensors

Of an ONNX file that can't be imported as a network it lists the fully-connected layers,
which deepfry compress can replace where they are, and says of other products of matrices
why it can't.`
}

func (c *inspectCommand) Run(term *console.Terminal) error {
	result, err := c.inspect()
	if is, ok := errors.AsType[isMachine](err); ok {
		return c.runMachine(term, is.p)
	}
	if reason, ok := errors.AsType[notImported](err); ok {
		return c.runLinears(term, reason.error)
	}
	if err != nil {
		return err
	}
	for _, layer := range result.Layers {
		result.add(layer)
		switch layer.Kind {
		case "conv":
			result.Convolutions.add(layer)
		case "dense", "fastfood":
			result.FullyConnected.add(layer)
		}
		for _, p := range layer.Params {
			if p.Kind == nn.Bias {
				result.Biases += p.Size()
			}
		}
	}
	if c.JSON {
		return json.NewEncoder(term.Stdout).Encode(result)
	}
	return result.print(term)
}

// isMachine is that a file is no network, but a kernel machine.
type isMachine struct{ p *predict.Predictor }

func (isMachine) Error() string { return "a kernel machine" }

// runMachine describes a kernel machine.
func (c *inspectCommand) runMachine(term *console.Terminal, p *predict.Predictor) error {
	size, err := sizeOf(c.Network)
	if err != nil {
		return err
	}
	d, err := machines.Describe(c.Network, p, size)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(term.Stdout).Encode(d)
	}
	return d.Print(term.Stdout)
}

// notImported is why an ONNX file can't be imported as a network.
type notImported struct{ error }

// runLinears lists the fully-connected layers of an ONNX file that can't be imported for
// that reason. It fails, with the reason, if it is no such file at all.
func (c *inspectCommand) runLinears(term *console.Terminal, reason error) error {
	model, err := onnx.Open(c.Network)
	if err != nil {
		return reason
	}
	result, err := inspectLinears(c.Network, model, reason)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(term.Stdout).Encode(result)
	}
	return result.print(term)
}

// inspect lists the layers of a known model, or those of a file.
func (c *inspectCommand) inspect() (inspection, error) {
	named := ""
	if c.FC != "" || c.Classifier != "dense" || c.Padding == "mixed" {
		named = "--fc, --classifier, --padding"
	}
	isFile, err := flags.IsNetworkFile(c.Network, named)
	if err != nil {
		return inspection{}, err
	}
	if isFile {
		network, err := flags.OpenNetwork(c.Network, c.Input)
		if _, bad := flags.ParseShape(c.Input); err != nil && bad == nil && compress.IsONNX(c.Network) {
			return inspection{}, notImported{err}
		}
		if err != nil {
			if p, notEither := predict.Open(c.Network); notEither == nil && p.Machine != nil && c.Input == "" {
				err = isMachine{p}
			}
			return inspection{}, err
		}
		files := []string{c.Network}
		if compress.IsONNX(c.Network) {
			model, err := onnx.Open(c.Network)
			if err != nil {
				return inspection{}, err
			}
			files = append(files, model.ExternalFiles()...)
		}
		size, err := sizeOf(files...)
		if err != nil {
			return inspection{}, err
		}
		return inspection{Name: network.Description.Name, Input: network.Description.Input, Layers: network.Layers(), FileBytes: size}, nil
	}
	if c.Input != "" {
		return inspection{}, flags.ErrNotONNX
	}
	d, err := c.Describe(c.Network, models.Options{}, cmp.Or(c.FC, "dense"))
	if err != nil {
		return inspection{}, err
	}
	layers, err := nn.Inspect(d)
	return inspection{Name: d.Name, Input: d.Input, Layers: layers}, err
}

func (r inspection) print(term *console.Terminal) error {
	table := tabwriter.NewWriter(term.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name, kind, output string, t totals) {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", name, kind, output,
			thousands.Apart(t.Weights), percent(t.Weights, r.Weights), thousands.Apart(t.MultiplyAdds), percent(t.MultiplyAdds, r.MultiplyAdds))
	}
	fmt.Fprintf(table, "layer\tkind\toutput\tweights\tshare\tmultiply-adds\tshare\t\n")
	for _, l := range r.Layers {
		row(l.Name, l.Kind, l.Output.String(), totals{l.Weights, l.MultiplyAdds})
	}
	row("convolutions", "", "", r.Convolutions)
	row("fully-connected", "", "", r.FullyConnected)
	row("total", "", "", r.totals)
	if err := table.Flush(); err != nil {
		return err
	}
	file := ""
	if r.FileBytes > 0 {
		file = fmt.Sprintf(" The file has %s bytes.", thousands.Apart(int(r.FileBytes)))
	}
	_, err := fmt.Fprintf(term.Stdout, "\n%s, input %v; %s biases are not counted among the weights.%s\n", r.Name, r.Input, thousands.Apart(r.Biases), file)
	return err
}

func percent(part, whole int) string {
	if part == 0 || whole == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f%%", 100*float64(part)/float64(whole))
}
