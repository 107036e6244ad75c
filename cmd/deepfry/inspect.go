package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/models"
	"github.com/deepfry/deepfry/nn"
)

type inspectCommand struct {
	networkFlags
	Network string `arg:"" help:"lenet, or a checkpoint."`
	JSON    bool   `name:"json" help:"Write JSON."`
}

// inspection is the command's JSON.
type inspection struct {
	Name         string         `json:"name"`
	Input        nn.Shape       `json:"input"`
	Weights      int            `json:"weights"` // biases and permutations apart
	Biases       int            `json:"biases"`
	MultiplyAdds int            `json:"multiply_adds"`
	Layers       []nn.LayerInfo `json:"layers"`
}

func (c *inspectCommand) Run(term *terminal) error {
	network, err := c.load()
	if err != nil {
		return err
	}
	result := inspection{Name: network.Description.Name, Input: network.Description.Input, Weights: network.Weights(), Layers: network.Layers()}
	for _, layer := range result.Layers {
		result.MultiplyAdds += layer.MultiplyAdds
		for _, p := range layer.Params {
			if p.Kind == nn.Bias {
				result.Biases += p.Size()
			}
		}
	}
	if c.JSON {
		return json.NewEncoder(term.out).Encode(result)
	}
	return result.print(term)
}

// load builds a known model, or reads a file.
func (c *inspectCommand) load() (*nn.Network, error) {
	if _, err := os.Stat(c.Network); err == nil && !slices.Contains(models.Names(), c.Network) {
		if c.FC != "" || c.Classifier != "dense" || c.Padding == "mixed" {
			return nil, fmt.Errorf("--fc, --classifier and --padding choose the layers of a model; %s is a checkpoint, which has its own", c.Network)
		}
		network, _, err := checkpoint.Load(c.Network)
		return network, err
	}
	if strings.ContainsAny(c.Network, "./\\") {
		return nil, fmt.Errorf("there is no file %s", c.Network)
	}
	fc := c.FC
	if fc == "" {
		fc = "dense"
	}
	d, err := c.describe(c.Network, models.LeNetOptions{}, fc)
	if err != nil {
		return nil, err
	}
	return nn.New(d, 1)
}

func (r inspection) print(term *terminal) error {
	table := tabwriter.NewWriter(term.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "layer\tkind\toutput\tweights\tshare\tmultiply-adds\tshare\t\n")
	for _, l := range r.Layers {
		fmt.Fprintf(table, "%s\t%s\t%v\t%s\t%s\t%s\t%s\t\n", l.Name, l.Kind, l.Output,
			grouped(l.Weights), percent(l.Weights, r.Weights), grouped(l.MultiplyAdds), percent(l.MultiplyAdds, r.MultiplyAdds))
	}
	fmt.Fprintf(table, "total\t\t\t%s\t\t%s\t\t\n", grouped(r.Weights), grouped(r.MultiplyAdds))
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(term.out, "\n%s, input %v; %s biases are not counted among the weights.\n", r.Name, r.Input, grouped(r.Biases))
	return err
}

// grouped writes thousands apart, as in 430,500.
func grouped(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func percent(part, whole int) string {
	if part == 0 || whole == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f%%", 100*float64(part)/float64(whole))
}
