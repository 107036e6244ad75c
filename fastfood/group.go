package fastfood

import (
	"math"
	"math/rand/v2"

	"github.com/deepfry/deepfry/internal/random"
)

// What stands between the two transforms: G·Π, where G is a diagonal or has square
// matrices on its diagonal, of k.group rows, row by row. tile_amd64.go has it for rows side
// by side.

// mix computes permuted = Π·u and mixed = G·permuted. Products are rounded before they are
// added, by pairs, and these by pairs.
func (k block) mix(permuted, mixed, u []float32) {
	if k.group == 1 {
		gather(permuted, mixed, u, k.perm, k.g)
		return
	}
	gather(permuted, mixed, u, k.perm, u) // for permuted alone: what is in mixed is overwritten
	done := mixRuns(mixed, permuted, k.g, k.group)
	for i := done; i < len(mixed); i++ {
		mixed[i] = pairwise(k.g[i*k.group:][:k.group], permuted[i-i%k.group:][:k.group])
	}
}

// pairwise returns Σ a[i]·b[i] of 2, 4 or 8 products.
func pairwise(a, b []float32) float32 {
	pair := func(i int) float32 { return float32(a[i]*b[i]) + float32(a[i+1]*b[i+1]) }
	switch len(a) {
	case 2:
		return pair(0)
	case 4:
		return pair(0) + pair(2)
	}
	return (pair(0) + pair(2)) + (pair(4) + pair(6))
}

// gather computes permuted[i] = u[perm[i]] and mixed[i] = g[i]·u[perm[i]].
func gather(permuted, mixed, u []float32, perm []int32, g []float32) {
	done := gatherRuns(permuted, mixed, u, perm, g)
	g, mixed, permuted = g[:len(perm)], mixed[:len(perm)], permuted[:len(perm)]
	for i := done; i < len(perm); i++ {
		v := u[perm[i]]
		permuted[i] = v
		mixed[i] = g[i] * v
	}
}

// unmix computes v = Πᵀ·Gᵀ·u.
func (k block) unmix(v, u []float32) {
	if k.group == 1 {
		for i, p := range k.perm {
			v[p] = k.g[i] * u[i]
		}
		return
	}
	q := k.group
	for first := 0; first < len(u); first += q {
		y, rows := u[first:][:q], k.g[first*q:][:q*q]
		for c, p := range k.perm[first:][:q] {
			sum := rows[c] * y[0]
			for r := 1; r < len(y); r++ {
				sum += float32(rows[r*q+c] * y[r])
			}
			v[p] = sum
		}
	}
}

// addProducts adds the products of u with what G takes, permuted, to its gradient.
func (k block) addProducts(dg, u, permuted []float32) {
	if k.group == 1 {
		for i, p := range permuted {
			dg[i] += u[i] * p
		}
		return
	}
	q := k.group
	for first := 0; first < len(u); first += q {
		x := permuted[first:][:q]
		for r, v := range u[first:][:q] {
			row := dg[(first+r)*q:][:len(x)]
			for c, p := range x {
				row[c] += v * p
			}
		}
	}
}

// sampleGroups draws G: standard normal numbers, or, for matrices, rotations times
// lengths, such that a row of H̃·G has the distribution that it has with a diagonal, normal
// numbers of variance 1/d that are independent, and the same length, ‖G‖/√d. It returns
// ‖G‖².
func (k block) sampleGroups(normals *rand.PCG) (squares float64) {
	q := k.group
	rotation := make([]float64, q*q)
	for first := 0; first < len(k.g); first += q * q {
		for i := range rotation {
			rotation[i] = random.Normal(normals)
		}
		length := orthonormalise(rotation, q) / math.Sqrt(float64(q))
		for i, v := range rotation {
			g := float64(length * v)
			squares += float64(g * g)
			k.g[first+i] = float32(g)
		}
	}
	return squares
}

// orthonormalise makes the rows of a q × q matrix orthonormal, each on those before it
// (Gram and Schmidt), and returns the length that the first one had. Of normal numbers, the
// result is a uniform rotation or reflection that does not depend on that length.
func orthonormalise(m []float64, q int) (length float64) {
	for i := range q {
		row := m[i*q:][:q]
		for range 2 { // the second time for what rounding leaves
			for j := range i {
				other, dot := m[j*q:][:q], 0.0
				for c := range row {
					dot += float64(row[c] * other[c])
				}
				for c := range row {
					row[c] -= float64(dot * other[c])
				}
			}
		}
		var squares float64
		for _, v := range row {
			squares += float64(v * v)
		}
		norm := math.Sqrt(squares)
		for c := range row {
			row[c] /= norm
		}
		if i == 0 {
			length = norm
		}
	}
	return length
}
