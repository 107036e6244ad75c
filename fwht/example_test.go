package fwht_test

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/deepfry/deepfry/fwht"
)

func ExampleTransform() {
	x := []float32{1, 0, 1, 0, 0, 1, 1, 0}
	if err := fwht.Transform(x); err != nil {
		fmt.Println(err)
	}
	fmt.Println(x)

	fmt.Println(fwht.Transform(x[:6]))
	// Output:
	// [4 2 0 -2 0 2 0 2]
	// fwht: len(x) is 6, want a power of two: pad with zeros to 8
}

// A quantizer wants values of like size. Random signs followed by the
// orthonormal transform are a rotation that spreads an outlier over all
// elements; the transform followed by the same signs turns back.
func ExampleTransform_randomRotation() {
	x := make([]float64, 1024)
	x[7] = 100
	length := func() (sum float64) {
		for _, v := range x {
			sum += v * v
		}
		return math.Sqrt(sum)
	}
	largest := func() (largest float64) {
		for _, v := range x {
			largest = max(largest, math.Abs(v))
		}
		return largest
	}
	random := rand.New(rand.NewPCG(1, 2))
	signs := make([]float64, len(x))
	for i := range signs {
		signs[i] = float64(1 - 2*random.IntN(2))
	}

	fmt.Printf("before:  length %.3f, largest %.3f\n", length(), largest())
	for i := range x {
		x[i] *= signs[i]
	}
	if err := fwht.Transform(x, fwht.Orthonormal); err != nil {
		fmt.Println(err)
	}
	fmt.Printf("rotated: length %.3f, largest %.3f\n", length(), largest())
	if err := fwht.Transform(x, fwht.Orthonormal); err != nil {
		fmt.Println(err)
	}
	for i := range x {
		x[i] *= signs[i]
	}
	fmt.Printf("back:    length %.3f, largest %.3f, x[7] = %.3f\n", length(), largest(), x[7])
	// Output:
	// before:  length 100.000, largest 100.000
	// rotated: length 100.000, largest 3.125
	// back:    length 100.000, largest 100.000, x[7] = 100.000
}

func ExampleTransformRows() {
	batch := []float32{
		1, 1, 1, 1,
		1, 1, -1, -1,
		1, -1, -1, 1,
		1, -1, 1, -1,
	}
	// Row k of this batch changes sign k times.
	if err := fwht.TransformRows(batch, 4, fwht.Sequency); err != nil {
		fmt.Println(err)
	}
	for i := range 4 {
		fmt.Println(batch[4*i : 4*i+4])
	}
	// Output:
	// [4 0 0 0]
	// [0 4 0 0]
	// [0 0 4 0]
	// [0 0 0 4]
}

func ExampleTransform2D() {
	// A chessboard of 4 by 4 is one pattern: 3 changes along each side.
	board := make([]float64, 16)
	for i := range board {
		board[i] = float64(1 - 2*((i/4+i%4)%2))
	}
	if err := fwht.Transform2D(board, 4, 4, fwht.Orthonormal, fwht.Sequency); err != nil {
		fmt.Println(err)
	}
	fmt.Println(board)
	// Output:
	// [0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 4]
}

func ExampleNextLength() {
	pixels := make([]float32, 784)
	n, err := fwht.NextLength(len(pixels))
	if err != nil {
		fmt.Println(err)
	}
	padded := make([]float32, n)
	copy(padded, pixels)
	fmt.Println(len(padded), fwht.Transform(padded))
	// Output:
	// 1024 <nil>
}
