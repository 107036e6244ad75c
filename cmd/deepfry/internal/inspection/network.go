// Package inspection says what networks, kernel machines and ONNX files are made of.
package inspection

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/deepfry/deepfry/internal/thousands"
	"github.com/deepfry/deepfry/nn"
)

// Network says what a network is made of, layer by layer, as JSON.
type Network struct {
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

// OfNetwork describes a network with these layers, and the bytes of its files, or 0.
func OfNetwork(d nn.Description, layers []nn.LayerInfo, bytes int64) Network {
	r := Network{Name: d.Name, Input: d.Input, Layers: layers, FileBytes: bytes}
	for _, layer := range r.Layers {
		r.add(layer)
		switch layer.Kind {
		case "conv":
			r.Convolutions.add(layer)
		case "dense", "fastfood", "monarch":
			r.FullyConnected.add(layer)
		}
		for _, p := range layer.Params {
			if p.Kind == nn.Bias {
				r.Biases += p.Size()
			}
		}
	}
	return r
}

// Print writes the layers for people.
func (r Network) Print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
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
	_, err := fmt.Fprintf(w, "\n%s, input %v; %s biases are not counted among the weights.%s\n", r.Name, r.Input, thousands.Apart(r.Biases), file)
	return err
}

func percent(part, whole int) string {
	if part == 0 || whole == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f%%", 100*float64(part)/float64(whole))
}
