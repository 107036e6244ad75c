// Package bench measures how long functions take, and what the machine could
// do at most.
package bench

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/internal/simd"
)

// Times are nanoseconds for one call.
type Times struct {
	Min    float64 `json:"min_ns"`
	Median float64 `json:"median_ns"`
	P99    float64 `json:"p99_ns"`
}

// Per returns the times of one of n equal parts of a call.
func (t Times) Per(n int) Times {
	return Times{t.Min / float64(n), t.Median / float64(n), t.P99 / float64(n)}
}

// shortest is how long a timed stretch lasts at least: a thousand times what
// reading the clock takes.
const shortest = 30 * time.Microsecond

// Measure calls f for about as long as budget says. It times stretches of
// calls that are long enough for the clock, at least five of them, after one
// that warms up. It ends early with the context's error.
func Measure(ctx context.Context, budget time.Duration, f func()) (Times, error) {
	calls := 1
	for {
		took := stretch(calls, f)
		if took >= shortest {
			break
		}
		calls = max(calls*2, int(float64(calls)*1.2*float64(shortest)/float64(took+1)))
	}
	var samples []float64
	for start := time.Now(); len(samples) < 5 || time.Since(start) < budget; {
		if err := ctx.Err(); err != nil {
			return Times{}, err
		}
		samples = append(samples, float64(stretch(calls, f).Nanoseconds())/float64(calls))
	}
	return Summarize(samples), nil
}

// Summarize returns the nearest ranks of times, or of ratios of times, of which
// there is at least one.
func Summarize(samples []float64) Times {
	samples = slices.Sorted(slices.Values(samples))
	// The smallest sample that so many hundredths of all do not exceed.
	percentile := func(p int) float64 { return samples[(p*len(samples)+99)/100-1] }
	return Times{Min: samples[0], Median: percentile(50), P99: percentile(99)}
}

func stretch(calls int, f func()) time.Duration {
	start := time.Now()
	for range calls {
		f()
	}
	return time.Since(start)
}

// Machine is what the given number of threads can do at most, as measured.
type Machine struct {
	Threads      int     `json:"threads"`
	Additions    float64 `json:"peak_additions_gflops"`     // float32 additions
	MultiplyAdds float64 `json:"peak_multiply_adds_gflops"` // float32, two operations each
	Copy         float64 `json:"memory_bandwidth_gb_per_s"` // bytes read plus bytes written, beyond the caches
}

// MeasureMachine runs the peaks on all threads at once. It ends early with the
// context's error.
func MeasureMachine(ctx context.Context, threads int, budget time.Duration) (m Machine, err error) {
	m.Threads = threads
	if m.Additions, err = measurePeak(ctx, threads, budget, simd.PeakAdditions); err != nil {
		return m, err
	}
	if m.MultiplyAdds, err = measurePeak(ctx, threads, budget, simd.PeakMultiplyAdds); err != nil {
		return m, err
	}
	m.Copy, err = measureCopy(ctx, threads, budget)
	return m, err
}

// measurePeak returns operations a nanosecond of all threads. Given a number of
// operations, peak returns how many it makes.
func measurePeak(ctx context.Context, threads int, budget time.Duration, peak func(int) int) (float64, error) {
	const operations = 100_000_000 // half a millisecond, which is long beside starting threads
	made := make([]int, threads)
	body := func(i, _ int) { made[i] = peak(operations) }
	times, err := Measure(ctx, budget, func() { par.For(threads, threads, body) })
	return float64(threads) * float64(made[0]) / times.Min, err
}

// measureCopy returns bytes a nanosecond of all threads.
func measureCopy(ctx context.Context, threads int, budget time.Duration) (float64, error) {
	const copied = 16 << 20 // floats of all threads together: 64 MiB, and as many to copy from
	part := copied / threads
	from, to := make([]float32, copied), make([]float32, copied)
	for i := range from {
		from[i] = 1 // what was never written is one page of zeros, which stays in the cache
	}
	body := func(i, _ int) { copy(to[i*part:(i+1)*part], from[i*part:]) }
	times, err := Measure(ctx, budget, func() { par.For(threads, threads, body) })
	return float64(threads*part*2*4) / times.Min, err
}

// Normals returns n standard normal numbers, always the same.
func Normals(n int) []float32 {
	source := rand.New(rand.NewPCG(3, 4))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(source.NormFloat64())
	}
	return x
}
