//go:build !purego

package fastfood

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/deepfry/deepfry/fwht"
	"github.com/deepfry/deepfry/internal/cpu"
	"github.com/deepfry/deepfry/internal/random"
)

// guarded returns n numbers, not aligned to a register, and a function that
// says whether one of the numbers around them has been written.
func guarded(n int, seed uint64) (x []float32, written func() bool) {
	const guard, margin = -77, 33
	memory := slices.Repeat([]float32{guard}, n+2*margin)
	x = memory[margin : margin+n : margin+n]
	copy(x, gaussian(n, seed))
	return x, func() bool {
		around := slices.Concat(memory[:margin], memory[margin+n:])
		return slices.ContainsFunc(around, func(v float32) bool { return v != guard })
	}
}

// forKernels runs a test for each version, and for several numbers of entries
// and rows.
func forKernels(t *testing.T, test func(t *testing.T, n, rows int)) {
	for _, version := range cpu.Available()[1:] {
		restore := cpu.Use(version)
		for _, n := range []int{runLength(), 2 * runLength(), 5 * runLength()} {
			for rows := 1; rows <= tileRows; rows++ {
				t.Run(fmt.Sprintf("%v/n=%d/rows=%d", version, n, rows), func(t *testing.T) { test(t, n, rows) })
			}
		}
		restore()
	}
}

// same fails unless got and want agree to the bit and nothing around got has
// been written.
func same(t *testing.T, got, want []float32, written func() bool) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("element %d is %v, want the bits of %v", i, got[i], want[i])
		}
	}
	if written() {
		t.Fatal("memory around the result was written")
	}
}

// closeTo is same but for rounding.
func closeTo(t *testing.T, got, want []float32, written func() bool) {
	t.Helper()
	for i := range want {
		if difference := math.Abs(float64(got[i] - want[i])); !(difference <= 1e-5) {
			t.Fatalf("element %d is %v, want %v", i, got[i], want[i])
		}
	}
	if written() {
		t.Fatal("memory around the result was written")
	}
}

// transformedRuns is what kernels do with each run of entries.
func transformedRuns(tile []float32) {
	size := runLength() * tileRows
	for i := 0; i < len(tile); i += size {
		if err := fwht.TransformColumns(tile[i:i+size], runLength(), tileRows); err != nil {
			panic(err)
		}
	}
}

func TestLoadKernel(t *testing.T) {
	forKernels(t, func(t *testing.T, n, rows int) {
		stride := n + 3
		x, _ := guarded((rows-1)*stride+n, 1)
		diagonal, _ := guarded(n, 2)
		tile, written := guarded(n*tileRows, 3)
		want := make([]float32, len(tile))
		for i := range n {
			for r := range rows {
				want[i*tileRows+r] = diagonal[i] * 0.3 * x[r*stride+i]
			}
		}
		load(tile, x, stride, rows, diagonal, 0.3, n, false)
		same(t, tile, want, written)
		transformedRuns(want)
		load(tile, x, stride, rows, diagonal, 0.3, n, true)
		same(t, tile, want, written)
	})
}

func TestMixKernels(t *testing.T) {
	forKernels(t, func(t *testing.T, n, _ int) {
		for _, group := range []int{1, 2, 4, 8} {
			inner, _ := guarded(3*n*tileRows, 1)
			g, _ := guarded(n*group, 2)
			outer, written := guarded(n*tileRows, 3)
			perm := make([]int32, n)
			for i := range perm {
				perm[i] = int32(rand.New(rand.NewPCG(4, uint64(i))).IntN(3 * n))
			}
			want := make([]float32, len(outer))
			for i := range n {
				for r := range tileRows {
					var x []float32
					for _, p := range perm[i-i%group:][:group] {
						x = append(x, inner[int(p)*tileRows+r])
					}
					if want[i*tileRows+r] = g[i*group] * x[0]; group > 1 {
						want[i*tileRows+r] = pairwise(g[i*group:][:group], x)
					}
				}
			}
			mixTile(outer, inner, perm, g, group, n, false)
			same(t, outer, want, written)
			transformedRuns(want)
			mixTile(outer, inner, perm, g, group, n, true)
			same(t, outer, want, written)
		}
	})
}

func TestMixRowKernels(t *testing.T) {
	forKernels(t, func(t *testing.T, n, _ int) {
		for _, group := range []int{2, 4, 8} {
			x, _ := guarded(n, 1)
			g, _ := guarded(n*group, 2)
			mixed, written := guarded(n, 3)
			want := make([]float32, n)
			for i := range n {
				want[i] = pairwise(g[i*group:][:group], x[i-i%group:][:group])
			}
			if done := mixRuns(mixed, x, g, group); done != n {
				t.Fatalf("%d of %d done", done, n)
			}
			same(t, mixed, want, written)
		}
	})
}

func TestGatherKernel(t *testing.T) {
	forKernels(t, func(t *testing.T, n, _ int) {
		u, _ := guarded(3*n, 1)
		g, _ := guarded(n, 2)
		permuted, written := guarded(n, 3)
		mixed, alsoWritten := guarded(n, 4)
		perm := make([]int32, n)
		want, wantMixed := make([]float32, n), make([]float32, n)
		for i := range n {
			perm[i] = int32(rand.New(rand.NewPCG(4, uint64(i))).IntN(3 * n))
			want[i] = u[perm[i]]
			wantMixed[i] = g[i] * u[perm[i]]
		}
		if done := gatherRuns(permuted, mixed, u, perm, g); done != n {
			t.Fatalf("%d of %d done", done, n)
		}
		same(t, permuted, want, written)
		same(t, mixed, wantMixed, alsoWritten)
	})
}

func TestStoreKernel(t *testing.T) {
	forKernels(t, func(t *testing.T, n, rows int) {
		stride := n + 3
		tile, _ := guarded(n*tileRows, 1)
		diagonal, _ := guarded(n, 2)
		some, _ := guarded(n, 4)
		tile[0] = float32(math.NaN())
		for _, add := range []bool{false, true} {
			for _, bias := range [][]float32{nil, some} {
				for _, least := range []float32{float32(math.Inf(-1)), 0} {
					y, written := guarded((rows-1)*stride+n, 3)
					want := slices.Clone(y) // what lies between the rows stays
					for i := range n {
						for r := range rows {
							v := float32(diagonal[i] * tile[i*tileRows+r] * 0.3)
							if bias != nil {
								v += bias[i]
							}
							if v < least {
								v = least
							}
							if add {
								v += y[r*stride+i]
							}
							want[r*stride+i] = v
						}
					}
					store(y, stride, rows, add, tile, diagonal, 0.3, bias, least, n)
					same(t, y, want, written)
				}
			}
		}
	})
}

func TestLevelsKernel(t *testing.T) {
	forKernels(t, func(t *testing.T, n, _ int) {
		tile, written := guarded(n*tileRows, 1)
		want := slices.Clone(tile)
		transformedRuns(want)
		firstLevels(tile, n)
		same(t, tile, want, written)
	})
}

func TestProductsKernel(t *testing.T) {
	forKernels(t, func(t *testing.T, n, rows int) {
		stride := n + 3
		tile, _ := guarded(n*tileRows, 1)
		x, _ := guarded((rows-1)*stride+n, 2)
		sums, written := guarded(n, 3)
		want := slices.Clone(sums)
		for i := range n {
			var sum float32
			for r := range rows {
				sum += tile[i*tileRows+r] * x[r*stride+i]
			}
			want[i] += 0.5 * sum
		}
		addProducts(sums, tile, x, stride, rows, 0.5, n)
		closeTo(t, sums, want, written)
	})
}

func TestUnmixKernels(t *testing.T) {
	forKernels(t, func(t *testing.T, n, _ int) {
		for _, group := range []int{1, 2, 4, 8} {
			a, _ := guarded(n*tileRows, 1)
			g, _ := guarded(n*group, 2)
			inner, _ := guarded(n*tileRows, 3)
			v, vWritten := guarded(n*tileRows, 4)
			dg, dgWritten := guarded(n*group, 5)
			perm := make([]int32, n)
			random.Permute(perm, rand.NewPCG(6, 7))
			want, wantG := make([]float32, len(v)), slices.Clone(dg)
			for i, p := range perm {
				first, column := i-i%group, i%group
				for r := range tileRows {
					sum := g[first*group+column] * a[first*tileRows+r]
					for j := 1; j < group; j++ {
						sum += float32(g[(first+j)*group+column] * a[(first+j)*tileRows+r])
					}
					want[int(p)*tileRows+r] = sum
					for c := range group {
						wantG[i*group+c] += a[i*tileRows+r] * inner[int(perm[first+c])*tileRows+r]
					}
				}
			}
			unmixTile(v, a, perm, g, group, inner, nil)
			same(t, v, want, vWritten)
			clear(v)
			unmixTile(v, a, perm, g, group, inner, dg)
			same(t, v, want, vWritten)
			closeTo(t, dg, wantG, dgWritten)
		}
	})
}
