package fitting

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/deepfry/deepfry/kernel/machine"
)

// covered is the share of targets that intervals are to have.
const covered = 0.95

// halfWidths returns, for each target, the distance from predictions within which the
// share of rows lies that were not fitted to: of N rows the ⌈0.95·(N+1)⌉-th distance
// (conformal prediction: Papadopoulos et al., ECML 2002), by weight. It is nil where N
// is too small for that, and where a distance is 0: that targets were alike so far does not
// say how far others are.
func halfWidths(ctx context.Context, t *machine.Table, predictions []float64, part []int) ([]float64, error) {
	targets := t.Columns().Outputs
	type distance struct{ d, weight float64 }
	all, row, total := make([][]distance, targets), 0, 0.0
	for batch, err := range t.Batches(1024) {
		if err != nil {
			return nil, err
		}
		for i := range len(batch.Y) / targets {
			weight := 1.0
			if len(batch.Weights) > 0 {
				weight = batch.Weights[i]
			}
			if part[row] >= 0 && weight > 0 {
				total += weight
				for k := range targets {
					all[k] = append(all[k], distance{math.Abs(batch.Y[i*targets+k] - predictions[row*targets+k]), weight})
				}
			}
			row++
		}
	}
	n := float64(len(all[0]))
	wanted := covered * (n + 1) / n * total
	if wanted > total {
		return nil, ctx.Err()
	}
	widths := make([]float64, targets)
	for k, distances := range all {
		slices.SortFunc(distances, func(a, b distance) int { return cmp.Compare(a.d, b.d) })
		sum := 0.0
		for _, d := range distances {
			widths[k] = d.d
			if sum += d.weight; sum >= wanted-1e-9*total {
				break
			}
		}
	}
	if slices.Contains(widths, 0) {
		return nil, ctx.Err()
	}
	return widths, ctx.Err()
}
