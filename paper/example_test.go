package paper_test

import (
	"fmt"

	"github.com/deepfry/deepfry/paper"
)

// Compare Fastfood with an SVD at the same bytes, by the results of two seeds.
func ExampleCompare() {
	var results []paper.Result
	add := func(form paper.Form, size, bytes int, errors ...int) {
		for i, e := range errors {
			results = append(results, paper.Result{Trial: paper.Trial{Form: form, Size: size}, Seed: uint64(i + 1), Errors: e, Images: 10000, Bytes: bytes})
		}
	}
	add(paper.DataSVD, 5, 48040, 98, 94)
	add(paper.DataSVD, 10, 74040, 84, 80)
	add(paper.Adaptive, 1024, 59432, 69, 67)
	for _, c := range paper.Compare(paper.Summarise(results), paper.Adaptive, paper.DataSVD, false, false) {
		fmt.Printf("%v: %+.2f ± %.2f points, %s\n", c.Trial, c.Difference, c.StandardError, c.Verdict())
	}
	// Output: adaptive 1024: -0.21 ± 0.01 points, better
}
