package nn

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"
)

// TestConvolutionByRows makes convolutions take a few output rows at a time.
func TestConvolutionByRows(t *testing.T) {
	defer func(columns, tiles int) { columnBytes, tileBytes = columns, tiles }(columnBytes, tileBytes)
	for _, o := range operations {
		if _, ok := o.op.(Conv); !ok {
			continue
		}
		passes := func(columns, tiles int) *bench {
			columnBytes, tileBytes = columns, tiles
			h := newBench(t, o, o.samples(3))
			h.pass.Forward()
			h.pass.Backward()
			return h
		}
		whole, rows := passes(512<<10, 1<<20), passes(1, 1)
		close := func(name string, got, want []float32) {
			for i := range want {
				if math.Abs(float64(got[i]-want[i])) > 1e-4*(1+math.Abs(float64(want[i]))) {
					t.Fatalf("%s: %s[%d] is %v row by row, %v at once", o.name, name, i, got[i], want[i])
				}
			}
		}
		close("y", rows.output.Value, whole.output.Value)
		close("dx", rows.inputs[0].Grad, whole.inputs[0].Grad)
		for i, p := range rows.layer.Params() {
			close(p.Name, rows.space.gradients[p], whole.space.gradients[whole.layer.Params()[i]])
		}
	}
}

// convolutions returns layers as small as can be that have several parts of
// outputs, bands and blocks of channels.
func convolutions() []Description {
	description := func(in Shape, conv Conv) Description {
		return Description{Name: "test", Input: in, Nodes: []Node{{Name: "before", Op: Conv{Out: in[0], Kernel: 1}}, {Name: "conv", Op: conv}, {Name: "relu", Op: ReLU{}}}}
	}
	return []Description{
		description(Shape{3, 9, 8}, Conv{Out: 31, Kernel: 3, Pad: 1}),
		description(Shape{60, 5, 7}, Conv{Out: 6, Kernel: 5, Pad: 2, Groups: 2}),
		description(Shape{2, 23, 23}, Conv{Out: 7, Kernel: 7, Stride: 3}),
	}
}

// passes returns outputs and gradients of a batch.
func passes(n *Network, w *Workspace, batch int) (logits, gradients []float32) {
	logits = slices.Clone(w.Forward(gaussian(batch*n.Description.Input.Size(), 3)))
	copy(w.OutputGrad(), gaussian(len(logits), 4))
	w.Backward()
	for _, p := range n.Params() {
		gradients = append(gradients, w.Gradient(p)...)
	}
	return logits, gradients
}

func TestConvolutionDoesNotDependOnCoresOrBatch(t *testing.T) {
	for _, d := range convolutions() {
		n := mustNew(t, d)
		in, out := d.Input.Size(), n.OutShape().Size()
		for _, batch := range []int{11, 16, 37, 46} { // the last 5 of 37 are not worth a tile, the last 14 of 46 are
			want, wantGradients := passes(n, n.NewWorkspace(batch+20, true), batch)
			single := n.NewWorkspace(1, false)
			x := gaussian(batch*in, 3)
			for i := range batch {
				if !slices.Equal(single.Forward(x[i*in:][:in]), want[i*out:][:out]) {
					t.Errorf("%v: sample %d of %d has other bits alone", d.Nodes[1].Op, i, batch)
				}
			}
			for _, cores := range []int{1, 2, 3, 8} {
				before := runtime.GOMAXPROCS(cores)
				got, gradients := passes(n, n.NewWorkspace(batch, true), batch)
				runtime.GOMAXPROCS(before)
				if !slices.Equal(got, want) || !slices.Equal(gradients, wantGradients) {
					t.Errorf("%v: other bits with %d cores", d.Nodes[1].Op, cores)
				}
			}
		}
	}
}

func TestConvolutionAllocatesNothing(t *testing.T) {
	for _, d := range convolutions() {
		n := mustNew(t, d)
		w := n.NewWorkspace(20, true)
		x := gaussian(20*d.Input.Size(), 2)
		step := func() {
			w.Forward(x)
			w.Backward()
		}
		step()
		if allocs := testing.AllocsPerRun(5, step); allocs != 0 {
			t.Errorf("%v: %v allocations a step", d.Nodes[1].Op, allocs)
		}
	}
}

// BenchmarkConv has the convolutions of LeNet and CaffeNet. The adjoint, from dy
// to dx, is measured without the gradients of the parameters.
func BenchmarkConv(b *testing.B) {
	for _, c := range []struct {
		name  string
		op    Conv
		in    Shape
		batch int
	}{
		{"lenet conv1", Conv{Out: 20, Kernel: 5}, Shape{1, 28, 28}, 64},
		{"lenet conv2", Conv{Out: 50, Kernel: 5}, Shape{20, 12, 12}, 64},
		{"caffenet conv1", Conv{Out: 96, Kernel: 11, Stride: 4}, Shape{3, 227, 227}, 16},
		{"caffenet conv2", Conv{Out: 256, Kernel: 5, Pad: 2, Groups: 2}, Shape{96, 27, 27}, 16},
		{"caffenet conv3", Conv{Out: 384, Kernel: 3, Pad: 1}, Shape{256, 13, 13}, 16},
	} {
		h := newBench(b, operation{op: c.op, in: []Shape{c.in}}, c.batch)
		forward, gradients := h.pass.Forward, h.space.gradients
		h.space.gradients = nil
		h.plan()
		adjoint := h.pass.Backward
		h.space.gradients = gradients
		x := *h.inputs[0]
		x.Grad = nil
		h.inputs = []*Tensor{&x}
		h.plan()
		for _, pass := range []struct {
			name string
			run  func()
		}{{"forward", forward}, {"adjoint", adjoint}, {"gradients", h.pass.Backward}} {
			b.Run(fmt.Sprintf("%s/%s/batch=%d", c.name, pass.name, c.batch), func(b *testing.B) {
				for b.Loop() {
					pass.run()
				}
				samples := float64(b.N) * float64(c.batch)
				b.ReportMetric(float64(b.Elapsed().Microseconds())/samples, "µs/sample")
				b.ReportMetric(2*float64(h.layer.MultiplyAdds())*samples/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
			})
		}
	}
}
