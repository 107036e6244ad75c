package fastfood_test

import (
	"fmt"
	"math"

	"github.com/deepfry/deepfry/fastfood"
)

// A random projection of 800 inputs to 2,048 outputs, with 3 · 2,048 numbers
// instead of 800 · 2,048.
func Example() {
	v, err := fastfood.Sample(800, 2048, math.Sqrt2, 1)
	if err != nil {
		panic(err)
	}
	batch := 3
	x := make([]float32, batch*v.Inputs)
	for i := range x {
		x[i] = 1
	}
	y := make([]float32, batch*v.Outputs)
	fastfood.NewWorkspace(v, batch, false).Forward(y, x)

	var squares float64
	for _, value := range y[:v.Outputs] {
		squares += float64(value * value)
	}
	fmt.Printf("%d blocks of %d; an output's mean square is about gain²·800/1024 = 1.56: %.1f\n",
		v.Blocks, v.Dim, squares/float64(v.Outputs))
	// Output: 2 blocks of 1024; an output's mean square is about gain²·800/1024 = 1.56: 1.5
}

// 800 inputs need no padding, as there is a Hadamard matrix of order
// 800 = 20·20·2: a square layer has 3 · 800 numbers instead of 3 · 1,024.
func ExampleSize() {
	for _, padding := range []fastfood.Padding{fastfood.PowerOfTwo, fastfood.Mixed} {
		blocks, dim, err := fastfood.Size(800, 800, fastfood.Options{Padding: padding})
		fmt.Println(blocks, dim, err)
	}
	// Output:
	// 1 1024 <nil>
	// 1 800 <nil>
}

// Π of two blocks of 4. It is the same on every machine.
func ExamplePermutation() {
	fmt.Println(fastfood.Permutation(2, 4, 1))
	// Output: [2 3 0 1 2 0 1 3]
}
