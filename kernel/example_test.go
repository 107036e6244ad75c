package kernel_test

import (
	"encoding/json"
	"fmt"
	"log"
	"math"

	"github.com/deepfry/deepfry/kernel"
)

// rows are four points in the plane.
var rows = []float32{
	0, 0,
	1, 0,
	0, 2,
	3, 1,
}

func ExampleNewFeatures() {
	k := kernel.Gaussian{Gamma: kernel.GammaOf(2)} // a bandwidth of 2
	features, err := kernel.NewFeatures(k, kernel.Options{Inputs: 2, N: 4096, Sampling: kernel.SORF, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	n := features.Outputs()
	z := make([]float32, 4*n)
	features.Plan(4)(z, rows, 4)

	var approximate float64 // z(x_0)·z(x_1)
	for i, v := range z[:n] {
		approximate += float64(v) * float64(z[n+i])
	}
	exact := k.At(rows[:2], rows[2:4])
	fmt.Println(n, "features, error below 0.02:", math.Abs(approximate-exact) < 0.02)
	// Output: 8192 features, error below 0.02: true
}

func ExampleFeatures_MarshalJSON() {
	features, err := kernel.NewFeatures(kernel.ArcCosine{Order: 1}, kernel.Options{Inputs: 784, N: 8192, Seed: 7})
	if err != nil {
		log.Fatal(err)
	}
	text, err := json.Marshal(features)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))
	var again kernel.Features // with the same numbers
	if err := json.Unmarshal(text, &again); err != nil {
		log.Fatal(err)
	}
	fmt.Println(again.Inputs(), again.Outputs())
	// Output:
	// {"kernel":{"kind":"arccosine","order":1},"inputs":784,"n":8192,"sampling":"fastfood","seed":7,"sampler":1}
	// 784 8192
}

func ExampleGram() {
	g := make([]float32, 4*4)
	kernel.Gram(g, kernel.Gaussian{Gamma: 0.5}, rows, 2)
	for i := range 4 {
		fmt.Printf("%.3f\n", g[4*i:][:4])
	}
	// Output:
	// [1.000 0.607 0.135 0.007]
	// [0.607 1.000 0.082 0.082]
	// [0.135 0.082 1.000 0.007]
	// [0.007 0.082 0.007 1.000]
}

func ExampleNewProjection() {
	n, err := kernel.Dimension(1000, 0.5) // 1,000 points, distances² within 50%
	if err != nil {
		log.Fatal(err)
	}
	projection, err := kernel.NewProjection(10000, n, kernel.Sparse, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(projection.Inputs(), "numbers a row become", projection.Outputs())
	// Output: 10000 numbers a row become 332
}

func ExampleUnmarshalKernel() {
	k, err := kernel.UnmarshalKernel([]byte(`{"kind":"matern","nu":1.5,"length":2}`))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.4f\n", k.At([]float32{0, 0}, []float32{0, 2}))
	// Output: 0.4834
}

func ExampleNewLandmarks() {
	// The first two points are the landmarks.
	landmarks, err := kernel.NewLandmarks(kernel.Gaussian{Gamma: 0.5}, rows[:4], 2)
	if err != nil {
		log.Fatal(err)
	}
	z := make([]float32, 4*landmarks.Outputs())
	landmarks.Plan(4)(z, rows, 4)
	for i := range 4 {
		fmt.Printf("%.3f\n", z[2*i:][:2])
	}
	// Output:
	// [1.000 0.607]
	// [0.607 1.000]
	// [0.135 0.082]
	// [0.007 0.082]
}
