package onnx

import (
	"errors"
	"fmt"
	"slices"

	"github.com/deepfry/deepfry/fastfood"
	"github.com/deepfry/deepfry/nn"
)

// fastfood reads a node deepfry.Fastfood as Export writes it, or one that stands
// for such operators: with the inputs x,
// S, G, B, the permutation, the factors of H and the bias. All its diagonals
// learn.
func (im *importer) fastfood(n *Node) (value, error) {
	x, err := im.activations(n, 0)
	if err != nil {
		return value{}, err
	}
	outputs, errA := n.Ints("outputs", nil)
	matrices, errB := n.Ints("matrices", nil)
	groups, errC := n.Ints("groups", nil)
	if err := errors.Join(errA, errB, errC); err != nil {
		return value{}, err
	}
	if len(x.shape) != 1 || len(outputs) != 1 || len(matrices) != 4 {
		return value{}, fmt.Errorf("samples of %v, outputs %v, matrices %v: want vectors, a number, and a shape of 4 dimensions", x.shape, outputs, matrices)
	}
	op := nn.Fastfood{Out: int(outputs[0]), Learn: "SGB"}
	blocks, dim := matrices[1], matrices[2]*matrices[3]
	if len(groups) > 0 {
		if len(groups) != 3 || groups[0] != -1 || groups[2] < 2 || groups[2] > 8 || groups[1]*groups[2] != blocks*dim {
			return value{}, fmt.Errorf("matrices of G in the shape %v: want -1, their number and their rows, which are %d in all", groups, blocks*dim)
		}
		op.Group = int(groups[2])
	}
	for _, op.Padding = range []fastfood.Padding{fastfood.PowerOfTwo, fastfood.Mixed} {
		b, d, err := fastfood.Size(x.shape[0], op.Out, fastfood.Options{Padding: op.Padding, Group: op.Group})
		if err == nil && int64(b) == blocks && int64(d) == dim {
			if im.ours[n] { // there is no function whose name says what the matrices are
				if err := im.checkFactors(n, int(matrices[2]), int(matrices[3])); err != nil {
					return value{}, err
				}
			}
			return im.fastfoodLayer(n, x, op, b, d)
		}
	}
	return value{}, fmt.Errorf("%d blocks of %d do not fit %d inputs and %d outputs", blocks, dim, x.shape[0], op.Out)
}

func (im *importer) fastfoodLayer(n *Node, x value, op nn.Fastfood, blocks, dim int) (value, error) {
	op.NoBias = n.input(7) == ""
	if !op.NoBias {
		bias, err := im.value(n, 7)
		if err != nil {
			return value{}, err
		}
		op.NoBias = bias.constant != nil && bias.constant.size() == 1 && op.Out > 1
	}
	y, err := im.add(layerName(n, ""), op, x)
	if err != nil {
		return value{}, err
	}
	if !op.NoBias {
		if err := im.bias(n, 7, y, op.Out, 1); err != nil {
			return value{}, err
		}
	}
	all := blocks * dim
	for i, letter := range []string{".s", ".g", ".b"} {
		v, err := im.value(n, 1+i)
		if err != nil {
			return value{}, err
		}
		want := all
		switch {
		case i == 0: // S has the outputs that are kept
			want = op.Out
		case i == 1:
			want *= max(op.Group, 1)
		}
		if c := v.constant; c == nil || c.floats == nil || c.size() != want || i == 1 && op.Group > 0 && !slices.Equal(c.dims, []int{all / op.Group, op.Group, op.Group}) {
			return value{}, fmt.Errorf("input %d is not a constant of %d numbers", 1+i, want)
		}
		values, err := im.param(y.layer.name+letter, v.constant)
		if err != nil {
			return value{}, err
		}
		switch {
		case i == 0:
			im.params[y.layer.name+letter] = append(values, make([]float32, all-op.Out)...)
		case i == 1 && op.Group > 0:
			im.params[y.layer.name+letter] = transposeGroups(values, op.Group)
		}
	}
	return y, im.permutation(n, y, all, dim)
}

// permutation keeps input 4, the permutation of all blocks behind one another.
func (im *importer) permutation(n *Node, y value, all, dim int) error {
	name := n.input(4)
	if cast := im.graph.makers[name]; cast != nil && cast.Domain == "" && cast.Type == "Cast" { // of 16 bits
		name = cast.input(0)
	}
	t := im.graph.tensors[name]
	if t == nil || t.Size() != all {
		return fmt.Errorf("input 4 is not an initializer of %d indices", all)
	}
	if err := im.budget.spend(12 * all); err != nil {
		return err
	}
	values, err := t.Ints()
	if err != nil {
		return err
	}
	indices := make([]int32, all)
	for i, v := range values {
		if v < 0 || v >= int64(all) {
			return fmt.Errorf("an index of %d in a permutation of %d", v, all)
		}
		indices[i] = int32(v) - int32(i/dim*dim)
	}
	im.indices[y.layer.name+".perm"] = indices
	return nil
}
