package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestMixture(t *testing.T) {
	const d, rows, others = 5, 300, 9
	r := rand.New(rand.NewPCG(1, 2))
	x := make([]float32, rows*d)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	k := Mixture{Gamma: 0.3, Delta: 0.2}
	g := make([]float32, rows*rows)
	Gram(g, k, x, d)
	l, err := NewLandmarks(k, x, d)
	if err != nil {
		t.Fatal(err)
	}
	z, plan := make([]float32, others*rows), l.Plan(2*others)
	for range 2 { // memory that was used before
		plan(z, x[:others*d], others)
	}
	for i := range rows {
		for j := range rows {
			a, b := x[i*d:][:d], x[j*d:][:d]
			want := (Gaussian{0.3}.At(a, b) + Laplacian{0.2}.At(a, b)) / 2
			if v := k.At(a, b); v != want {
				t.Fatalf("At is %v, want %v", v, want)
			}
			if v := float64(g[i*rows+j]); math.Abs(v-want) > 1e-6 {
				t.Fatalf("Gram's %d, %d is %v, want %v", i, j, v, want)
			}
			if i < others && math.Abs(float64(z[i*rows+j])-want) > 1e-6 {
				t.Fatalf("landmark %d of row %d: %v, want %v", j, i, z[i*rows+j], want)
			}
		}
	}
	text, err := MarshalKernel(k)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := UnmarshalKernel(text); err != nil || again != k {
		t.Errorf("%s is %v, %v", text, again, err)
	}
	if _, err := NewFeatures(k, Options{Inputs: d, N: 8}); err == nil {
		t.Error("a mixture has random features")
	}
	if err := (Mixture{Gamma: 1}).Validate(); err == nil {
		t.Error("a mixture without δ is valid")
	}
}
