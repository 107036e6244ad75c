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
		padding := rapid.SampledFrom([]Padding{PowerOfTwo, Mixed}).Draw(r, "padding")
		v, err := Sample[float32](inputs, outputs, 1, rapid.Uint64().Draw(r, "seed"), padding)
		if err != nil {
			r.Fatalf("%v", err)
		}
		e := Epilogue[float32]{ReLU: rapid.Bool().Draw(r, "relu")}
		if rapid.Bool().Draw(r, "bias") {
			e.Bias = gaussian32(outputs, 1)
		}
		x, want := gaussian32(batch*inputs, 2), make([]float32, batch*outputs)
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

func TestEpilogueInFloat64(t *testing.T) {
	v := mustSample(t, 8, 20, 1, 1)
	x, y := gaussian(3*8, 1), make([]float64, 3*20)
	w := NewWorkspace(v, 3, false)
	w.Forward(y, x)
	bias := gaussian(20, 2)
	got := make([]float64, len(y))
	w.SetEpilogue(Epilogue[float64]{Bias: bias, ReLU: true})
	w.Forward(got, x)
	for i := range y {
		if want := max(y[i]+bias[i%20], 0); got[i] != want {
			t.Errorf("y[%d, %d] = %v, want %v", i/20, i%20, got[i], want)
		}
	}
}

// TestBackwardIsWithoutTheEpilogue: the gradients are those of V·x.
func TestBackwardIsWithoutTheEpilogue(t *testing.T) {
	v := mustSample(t, 8, 20, 1, 1)
	x, dy, n := gaussian(3*8, 1), gaussian(3*20, 2), len(v.S)
	run := func(e Epilogue[float64]) []float64 {
		w := NewWorkspace(v, 3, true)
		w.SetEpilogue(e)
		w.Forward(make([]float64, len(dy)), x)
		dx, d := make([]float64, len(x)), &Gradients[float64]{make([]float64, n), make([]float64, n), make([]float64, n)}
		w.Backward(dx, dy, x, d)
		return slices.Concat(dx, d.S, d.G, d.B)
	}
	if !slices.Equal(run(Epilogue[float64]{Bias: gaussian(20, 3), ReLU: true}), run(Epilogue[float64]{})) {
		t.Error("the gradients depend on the epilogue")
	}
}
