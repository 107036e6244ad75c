package random

import (
	"math"
	"math/bits"
	"math/rand/v2"
)

// Permute fills perm with a uniform permutation by Fisher and Yates, one draw
// a swap. The bounded number is the high half of draw·bound, whose bias of at
// most bound/2^64 is too small to be seen, instead of one by rejection, whose
// number of draws would vary.
func Permute(perm []int32, source *rand.PCG) {
	for i := range perm {
		perm[i] = int32(i)
	}
	for i := len(perm) - 1; i > 0; i-- {
		j, _ := bits.Mul64(source.Uint64(), uint64(i+1))
		perm[i], perm[j] = perm[j], perm[i]
	}
}

// Uniform returns a number in (0, 1], a multiple of 2^-53.
func Uniform(source *rand.PCG) float64 {
	return float64(source.Uint64()>>11+1) * 0x1p-53
}

// Normal returns a standard normal number from two uniform ones; the second
// number of the pair is not used.
func Normal(source *rand.PCG) float64 {
	u := Uniform(source)
	return float64(radius(u) * CosineOfTurns(Uniform(source)))
}

// NormalPair returns two independent standard normal numbers, given independent
// uniform ones in (0, 1] (Box and Muller, 1958). The sum of their squares depends on u
// alone.
func NormalPair(u, turns float64) (a, b float64) {
	quarter := turns + 0.25 // -sin(2πt) = cos(2π(t+¼))
	if quarter > 1 {
		quarter--
	}
	r := radius(u)
	return float64(r * CosineOfTurns(turns)), float64(r * CosineOfTurns(quarter))
}

func radius(u float64) float64 { return math.Sqrt(-2 * logarithm(u, 0)) }

// largestExactChi is the number of degrees of freedom up to which chi is exact.
const largestExactChi = 256

// Chi returns a number from the chi distribution with d degrees of freedom,
// at least 1. χ²_d is the sum of d/2 terms -2·log(u), so the logarithm of one
// product, and of the square of a normal number where d is odd; with many
// degrees, a function of one normal number whose distribution differs by less
// than 1e-7.
func Chi(source *rand.PCG, d int) float64 {
	if d == 1 {
		return math.Abs(Normal(source))
	}
	if d > largestExactChi {
		return math.Sqrt(chiSquareQuantile(Normal(source), float64(d)))
	}
	product, exponent := 1.0, 0
	for i := range d / 2 {
		product *= Uniform(source)
		if i%16 == 15 { // 2^(-53·16) is still a normal number
			fraction, e := math.Frexp(product)
			product, exponent = fraction, exponent+e
		}
	}
	square := -2 * logarithm(product, exponent)
	if d%2 != 0 {
		odd := Normal(source)
		square += float64(odd * odd)
	}
	return math.Sqrt(square)
}

// chiSquareQuantile returns the value that a chi-square variate with d degrees
// of freedom exceeds as often as a standard normal one exceeds z, by the
// expansion of Cornish and Fisher in powers of d^-½.
func chiSquareQuantile(z, d float64) float64 {
	z2 := float64(z * z)
	root := math.Sqrt(2 * d)
	terms := [...]float64{
		float64(root * z),
		float64(2*(z2-1)) / 3,
		float64(z*(z2-7)) / float64(9*root),
		-(float64(z2*(float64(6*z2)+14)) - 32) / float64(405*d),
		float64(z*(float64(z2*(float64(9*z2)+256))-433)) / float64(4860*float64(d*root)),
	}
	sum := d
	for _, term := range terms {
		sum += term
	}
	return max(sum, 0)
}

// logarithm returns log(x · 2^exponent). math.Log may be compiled with fused
// multiply-adds on some machines and so differ in the last bit; here every
// product is rounded by a conversion.
func logarithm(x float64, exponent int) float64 {
	fraction, e := math.Frexp(x)
	if fraction < math.Sqrt2/2 {
		fraction, e = 2*fraction, e-1
	}
	// log((1+z)/(1-z)) = 2(z + z³/3 + z⁵/5 + …), |z| < 0.172
	z := (fraction - 1) / (fraction + 1)
	square := float64(z * z)
	sum := 0.0
	for k := 23; k > 0; k -= 2 {
		sum = float64(sum*square) + 1/float64(k)
	}
	return float64(float64(e+exponent)*math.Ln2) + float64(2*float64(z*sum))
}

// CosineOfTurns returns cos(2πu) for u in [0, 1]. math.Cos may be compiled with fused
// multiply-adds on some machines and so differ in the last bit; here every product is
// rounded by a conversion.
func CosineOfTurns(u float64) float64 {
	u = math.Abs(u - 0.5) // cos(2πu) = -cos(2π|u-½|), now u ≤ ½
	sign := -1.0
	if u > 0.25 { // cos(2πu) = -cos(2π(½-u))
		u, sign = 0.5-u, 1
	}
	x := 2 * math.Pi * u // ≤ π/2
	square := float64(x * x)
	sum := 0.0
	for k := 24; k > 0; k -= 2 { // 1 - x²/(1·2)·(1 - x²/(3·4)·(…))
		sum = float64(square*(1-sum)) / float64(k*(k-1))
	}
	return sign * (1 - sum)
}
