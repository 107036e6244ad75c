package machine

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/deepfry/deepfry/kernel"
)

// TestRidgeTooLarge: a ridge that makes the equations infinite is an error, at once.
func TestRidgeTooLarge(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	table := friedman(t, 60, 1, 1)
	for _, ridge := range []float64{1e308, 1.1e6, math.Inf(1), math.NaN(), 0, -1} {
		const want = "want positive numbers up to 1e6"
		if _, _, err := Ridge(ctx, Problem{Train: table}, RidgeOptions{Ridges: []float64{ridge}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ridge %v: %v, want %q", ridge, err, want)
		}
		o := SearchOptions{Partitions: [][]int{partition(60, 3, false)}, Ridges: []float64{ridge}}
		if _, _, err := Search(ctx, Problem{Train: table}, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Search, ridge %v: %v, want %q", ridge, err, want)
		}
	}
	if _, _, err := Ridge(ctx, Problem{Train: table}, RidgeOptions{Ridges: []float64{1e6}}); err != nil {
		t.Errorf("ridge 1e6: %v", err)
	}
	for _, ridge := range []float64{math.Inf(1), math.NaN()} {
		if err := validated(t, table).solver.factorize(ctx, ridge); err == nil || ctx.Err() != nil {
			t.Errorf("factorize: ridge %v: %v", ridge, err)
		}
	}
}

// validated has covariances of 600 features.
func validated(t *testing.T, table *Table) *validation {
	t.Helper()
	v, err := newValidation(context.Background(), Problem{Train: table, Features: features(t, 10, 300, 1)}, table, [][]int{partition(table.Len(), 3, true)})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// countdown is a context that is cancelled when it has been looked at so many times.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestCancelledBetweenSteps: what takes long looks at the context again and again.
func TestCancelledBetweenSteps(t *testing.T) {
	table := friedman(t, 600, 1, 1)
	l, v := landmarks(t, kernel.Laplacian{Gamma: 3}, table, 600), validated(t, table)
	if err := v.solver.factorize(context.Background(), 1e-3); err != nil { // condition needs it
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		looks int // at least
		run   func(ctx context.Context) error
	}{
		"factorize": {3, func(ctx context.Context) error { return v.solver.factorize(ctx, 1e-3) }}, // tiles
		"condition": {12, func(ctx context.Context) error { _, err := v.solver.condition(ctx); return err }},
		"whiten":    {6, func(ctx context.Context) error { _, err := whiten(ctx, l); return err }}, // 3 of kernels, 3 of the factor
		"addPartition": {6, func(ctx context.Context) error { // sums and differences
			return v.addPartition(ctx, 0, partition(600, 3, false))
		}},
	} {
		for looks := range test.looks {
			if err := test.run(&countdown{context.Background(), looks}); !errors.Is(err, context.Canceled) {
				t.Errorf("%s, cancelled after %d looks: %v", name, looks, err)
			}
		}
		if err := test.run(context.Background()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
