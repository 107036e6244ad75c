package nn

import (
	"math"
	"testing"

	"github.com/deepfry/deepfry/internal/cpu"
	"pgregory.net/rapid"
)

// TestConvolutionVersionsAgree compares the kernels' tiles of samples with pure
// Go, which takes samples one by one, on random convolutions. The one before leaves
// its values in the memory that they share.
func TestConvolutionVersionsAgree(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		groups, kernel := rapid.IntRange(1, 2).Draw(rt, "groups"), rapid.IntRange(1, 5).Draw(rt, "kernel")
		conv := Conv{
			Out: groups * rapid.IntRange(1, 17).Draw(rt, "outputs"), Kernel: kernel, Groups: groups,
			Stride: rapid.IntRange(1, 5).Draw(rt, "stride"), Pad: rapid.IntRange(0, kernel-1).Draw(rt, "padding"),
		}
		in := Shape{groups * rapid.IntRange(1, 7).Draw(rt, "channels"), rapid.IntRange(1, 9).Draw(rt, "height"), rapid.IntRange(1, 50).Draw(rt, "width")}
		n, err := New(Description{Name: "test", Input: in, Nodes: []Node{{Name: "before", Op: Conv{Out: in[0], Kernel: 1}}, {Name: "conv", Op: conv}}}, 1)
		if err != nil {
			rt.Skip(err) // the kernel does not fit
		}
		batch := rapid.IntRange(10, 20).Draw(rt, "batch")
		var want []float32
		for _, version := range cpu.Available() {
			restore := cpu.Use(version)
			got, gradients := passes(n, n.NewWorkspace(batch, true), batch)
			restore()
			got = append(got, gradients...)
			if want == nil {
				want = got
			}
			for i, v := range got {
				if math.Abs(float64(v-want[i])) > 1e-3*(1+math.Abs(float64(want[i]))) {
					rt.Fatalf("%v: %+v on %v: value %d is %v, want %v", version, conv, in, i, v, want[i])
				}
			}
		}
	})
}
