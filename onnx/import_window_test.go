package onnx

import (
	"fmt"
	"math"
	"testing"

	"github.com/deepfry/deepfry/nn"
)

// poolByDefinition pools one channel of height × width as ONNX defines it, with
// pads above, left, below and right. It also returns the number of windows along
// either side.
func poolByDefinition(x []float32, height, width, kernel, stride int, pads [4]int, maximum, include bool) (y []float32, rows, columns int) {
	rows = (height+pads[0]+pads[2]-kernel)/stride + 1
	columns = (width+pads[1]+pads[3]-kernel)/stride + 1
	for oy := range rows {
		for ox := range columns {
			highest, sum, inside := math.Inf(-1), 0.0, 0
			for ky := range kernel {
				for kx := range kernel {
					iy, ix := oy*stride+ky-pads[0], ox*stride+kx-pads[1]
					if iy < 0 || iy >= height || ix < 0 || ix >= width {
						continue
					}
					v := float64(x[iy*width+ix])
					highest, sum, inside = max(highest, v), sum+v, inside+1
				}
			}
			if include {
				inside = kernel * kernel
			}
			if maximum {
				sum, inside = highest, 1
			}
			y = append(y, float32(sum/float64(inside)))
		}
	}
	return y, rows, columns
}

// same returns the padding before and after a side of which SAME_UPPER, or
// SAME_LOWER, makes ⌈size/stride⌉ windows.
func same(size, kernel, stride int, lower bool) (before, after int) {
	total := max(((size+stride-1)/stride-1)*stride+kernel-size, 0)
	before, after = total/2, total-total/2
	if lower {
		before, after = after, before
	}
	return before, after
}

// TestPoolsByDefinition imports poolings with padding of all kinds.
func TestPoolsByDefinition(t *testing.T) {
	const height, width = 7, 6
	x := gaussian(height*width, 1)
	check := func(operation string, kernel, stride int, pads [4]int, include bool, padding Attribute) {
		t.Helper()
		counts := int64(0)
		if include {
			counts = 1
		}
		n := op(operation, "y", "x", IntsAttribute("kernel_shape", int64(kernel), int64(kernel)), IntsAttribute("strides", int64(stride), int64(stride)), IntAttribute("count_include_pad", counts), padding)
		network := drawn{name: operation, input: nn.Shape{1, height, width}, nodes: []*Node{n}}.imports(t, ImportOptions{})
		want, rows, columns := poolByDefinition(x, height, width, kernel, stride, pads, operation == "MaxPool", include)
		name := fmt.Sprintf("%s, kernel %d, stride %d, pads %v, counted: %v", operation, kernel, stride, pads, include)
		if shape := network.OutShape(); shape[1] != rows || shape[2] != columns {
			t.Errorf("%s: %v, want %d×%d", name, shape, rows, columns)
		} else if d := difference(run(network, x, 1), want); !(d <= 1e-6) {
			t.Errorf("%s: differs by %v", name, d)
		}
	}
	for _, c := range []struct {
		operation string
		include   bool
	}{{"MaxPool", false}, {"AveragePool", false}, {"AveragePool", true}} {
		for kernel := 2; kernel <= 4; kernel++ {
			for stride := 1; stride <= 3; stride++ {
				for _, p := range [][4]int{{0, 0, 1, 1}, {1, 0, 0, 0}, {0, 1, 1, 0}, {1, 1, 1, 1}, {0, 1, 0, 1}} {
					check(c.operation, kernel, stride, p, c.include, IntsAttribute("pads", int64(p[0]), int64(p[1]), int64(p[2]), int64(p[3])))
				}
				for _, lower := range []bool{false, true} {
					var p [4]int
					p[0], p[2] = same(height, kernel, stride, lower)
					p[1], p[3] = same(width, kernel, stride, lower)
					name := map[bool]string{false: "SAME_UPPER", true: "SAME_LOWER"}[lower]
					check(c.operation, kernel, stride, p, c.include, stringAttribute("auto_pad", name))
				}
			}
		}
	}
}

// TestPadBeforeSame compares a convolution with SAME padding behind a Pad with
// one that has all of the padding itself.
func TestPadBeforeSame(t *testing.T) {
	w := NewTensor("w", []int{3, 2, 3, 3}, gaussian(54, 1))
	for size := 5; size <= 8; size++ {
		for stride := 1; stride <= 3; stride++ {
			for _, lower := range []bool{false, true} {
				input := nn.Shape{2, size, size}
				before, after := same(size+2, 3, stride, lower)
				b, a := int64(1+before), int64(1+after)
				strides := IntsAttribute("strides", int64(stride), int64(stride))
				name := map[bool]string{false: "SAME_UPPER", true: "SAME_LOWER"}[lower]
				padded := drawn{input: input, tensors: []*Tensor{w, NewIntTensor("pads", 0, 0, 1, 1, 0, 0, 1, 1)}, nodes: []*Node{
					op("Pad", "a", "x pads"), op("Conv", "y", "a w", strides, stringAttribute("auto_pad", name)),
				}}
				direct := drawn{input: input, tensors: []*Tensor{w}, nodes: []*Node{op("Conv", "y", "x w", strides, IntsAttribute("pads", b, b, a, a))}}
				x := gaussian(2*size*size, 2)
				if d := difference(run(padded.imports(t, ImportOptions{}), x, 1), run(direct.imports(t, ImportOptions{}), x, 1)); !(d <= 1e-6) {
					t.Errorf("size %d, stride %d, %s: differs by %v", size, stride, name, d)
				}
			}
		}
	}
}
