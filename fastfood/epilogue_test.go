package fastfood

import (
	"math"
	"slices"
	"testing"

	"github.com/deepfry/deepfry/internal/cpu"
	"pgregory.net/rapid"
)

// TestEpilogue compares with a loop over what Forward gives without one, to the
// bit and by every version.
func TestEpilogue(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		inputs := rapid.IntRange(1, 100).Draw(r, "inputs")
		outputs := rapid.IntRange(1, 300).Draw(r, "outputs")
		batch := rapid.IntRange(1, 20).Draw(r, "batch")
		v := mustSample(r, inputs, outputs, 1, rapid.Uint64().Draw(r, "seed"), drawOptions(r, inputs))
		e := Epilogue{ReLU: rapid.Bool().Draw(r, "relu")}
		if rapid.Bool().Draw(r, "bias") {
			e.Bias = gaussian(outputs, 1)
		}
		x, want := gaussian(batch*inputs, 2), make([]float32, batch*outputs)
		training := rapid.Bool().Draw(r, "training")
		NewWorkspace(v, batch, training).Forward(want, x)
		for i := range want {
			if e.Bias != nil {
				want[i] += e.Bias[i%outputs]
			}
			if e.ReLU {
				want[i] = max(want[i], 0)
			}
		}
		for _, version := range cpu.Available() {
			restore := cpu.Use(version)
			w := NewWorkspace(v, batch, training)
			written, mapped := make([]float32, len(want)), make([]float32, len(want))
			w.SetEpilogue(e)
			w.Forward(written, x)
			e := e
			e.Map = func(row, column int, outputs []float32) {
				copy(mapped[row*v.Outputs+column:(row+1)*v.Outputs], outputs)
			}
			w.SetEpilogue(e)
			w.Forward(nil, x)
			restore()
			for i := range want {
				if bits := math.Float32bits(want[i]); math.Float32bits(written[i]) != bits || math.Float32bits(mapped[i]) != bits {
					r.Fatalf("%v: y[%d, %d] = %v, mapped %v, want %v", version, i/outputs, i%outputs, written[i], mapped[i], want[i])
				}
			}
		}
	})
}

// TestBackwardIsWithoutTheEpilogue: the gradients are those of V·x.
func TestBackwardIsWithoutTheEpilogue(t *testing.T) {
	v := mustSample(t, 8, 20, 1, 1)
	x, dy := gaussian(3*8, 1), gaussian(3*20, 2)
	run := func(e Epilogue) []float32 {
		w := NewWorkspace(v, 3, true)
		w.SetEpilogue(e)
		w.Forward(make([]float32, len(dy)), x)
		dx, d := make([]float32, len(x)), newGradients(v)
		w.Backward(dx, dy, x, d)
		return slices.Concat(dx, d.S, d.G, d.B)
	}
	if !slices.Equal(run(Epilogue{Bias: gaussian(20, 3), ReLU: true}), run(Epilogue{})) {
		t.Error("the gradients depend on the epilogue")
	}
}
