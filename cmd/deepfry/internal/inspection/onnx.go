package inspection

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/internal/thousands"
	"github.com/deepfry/deepfry/onnx"
)

// Linears says of an ONNX file that can't be imported as a network what of it can be
// replaced where it is, as JSON.
type Linears struct {
	Name      string        `json:"name"`
	FileBytes int64         `json:"file_bytes"` // also of the files that its weights are in
	DataFiles []string      `json:"data_files,omitempty"`
	Layers    []fileLayer   `json:"layers"`
	Refused   []refusedNode `json:"not_replaceable"`
	Reason    string        `json:"not_imported"`
}

// fileLayer is a fully-connected layer. Weights that several nodes take are one.
type fileLayer struct {
	Name    string `json:"name"`
	Inputs  int    `json:"inputs"`
	Outputs int    `json:"outputs"`
	Weights int    `json:"weights"`
	Bytes   int    `json:"bytes"` // of the weights in the file
}

type refusedNode struct {
	Node   string `json:"node"`
	Reason string `json:"reason"`
}

// OfLinears lists the fully-connected layers of a file that can't be imported for that
// reason.
func OfLinears(path string, model *onnx.Model, reason error) (Linears, error) {
	r := Linears{Name: path, DataFiles: model.ExternalFiles(), Reason: reason.Error(), Layers: []fileLayer{}, Refused: []refusedNode{}}
	if hinted, ok := errors.AsType[*console.HintedError](reason); ok {
		r.Reason += "; " + hinted.Advice
	}
	var err error
	if r.FileBytes, err = SizeOf(append([]string{path}, r.DataFiles...)...); err != nil {
		return r, err
	}
	linears, refused := model.Linears()
	for _, l := range linears {
		r.Layers = append(r.Layers, fileLayer{l.Name, l.Inputs, l.Outputs, l.Inputs * l.Outputs, l.Bytes()})
	}
	for _, n := range refused {
		r.Refused = append(r.Refused, refusedNode{n.Node.String(), n.Reason})
	}
	return r, nil
}

// SizeOf returns the bytes of files together.
func SizeOf(paths ...string) (total int64, err error) {
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return 0, err
		}
		total += info.Size()
	}
	return total, nil
}

// Print writes the layers for people.
func (r Linears) Print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name, shape string, weights, bytes int) {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t\n", name, shape, thousands.Apart(weights), thousands.Apart(bytes), percent(bytes, int(r.FileBytes)))
	}
	fmt.Fprintf(table, "layer\tinputs×outputs\tweights\tbytes\tshare\t\n")
	weights, bytes := 0, 0
	for _, l := range r.Layers {
		row(l.Name, fmt.Sprintf("%d×%d", l.Inputs, l.Outputs), l.Weights, l.Bytes)
		weights, bytes = weights+l.Weights, bytes+l.Bytes
	}
	row("fully-connected", "", weights, bytes)
	if err := table.Flush(); err != nil {
		return err
	}
	with := ""
	if len(r.DataFiles) > 0 {
		with = " with " + strings.Join(r.DataFiles, ", ")
	}
	text := fmt.Sprintf("\n%s%s has %s bytes.\n", r.Name, with, thousands.Apart(int(r.FileBytes)))
	if len(r.Refused) > 0 {
		text += "\nThese multiply matrices, too, but can't be replaced:\n"
	}
	for _, n := range r.Refused {
		text += fmt.Sprintf("  %s: %s\n", n.Node, n.Reason)
	}
	_, err := fmt.Fprintf(w, "%s\nThe file can't be imported as a network: %s\n", text, r.Reason)
	return err
}
