package fastfood

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"

	"github.com/deepfry/deepfry/fwht"
	"github.com/deepfry/deepfry/internal/random"
)

// SamplerVersion goes with a seed: the same seed, sizes, gain and sampler
// version give the same numbers on every machine. It changes whenever Sample
// would give others.
const SamplerVersion = 1

// Sample returns a random Transform whose rows are distributed as the rows of
// a Gaussian matrix with entries of variance gain²/d, where d is the padded
// number of inputs, Dim (Le, Sarlós and Smola, ICML 2013, section 3):
//
//	B_i   a random sign
//	Π     a uniform permutation
//	G_i   standard normal
//	S_i = gain · s_i / ‖G‖,  s_i from the chi distribution with d degrees of freedom
//
// A row of H̃GΠH̃B has the length ‖G‖/√d, so a row of V has the length
// gain·s_i/√d. For the features of a Gaussian kernel of bandwidth σ the gain
// is √d/σ; for a layer before ReLU it is √2, as in He's initialisation.
//
// Every variate takes a fixed number of draws from a stream of its own block,
// so that neither depends on how many others there are. Errors: as New, and for
// a gain that is not positive and finite.
func Sample[T fwht.Float](inputs, outputs int, gain float64, seed uint64, padding ...Padding) (*Transform[T], error) {
	if !(gain > 0) || math.IsInf(gain, 0) {
		return nil, fmt.Errorf("fastfood: gain %v: want a positive, finite number", gain)
	}
	t, err := New[T](inputs, outputs, padding...)
	if err != nil {
		return nil, err
	}
	for b := range t.Blocks {
		t.block(b).sample(gain, seed, b)
	}
	return t, nil
}

// sample draws the block's numbers from four streams.
func (k block[T]) sample(gain float64, seed uint64, index int) {
	signs := random.New(seed, random.For("fastfood B"), index, 0)
	for i := range k.b {
		k.b[i] = T(1 - 2*int(signs.Uint64()>>63))
	}
	permute(k.perm, random.New(seed, random.For("fastfood Π"), index, 0))
	normals := random.New(seed, random.For("fastfood G"), index, 0)
	var squares float64
	for i := range k.g {
		g := normal(normals)
		squares += float64(g * g)
		k.g[i] = T(g)
	}
	scale := gain / math.Sqrt(squares)
	lengths := random.New(seed, random.For("fastfood S"), index, 0)
	for i := range k.s {
		k.s[i] = T(float64(scale * chi(lengths, len(k.s))))
	}
}

// permute fills perm with a uniform permutation by Fisher and Yates, one draw
// a swap. The bounded number is the high half of draw·bound, whose bias of at
// most bound/2^64 is too small to be seen, instead of one by rejection, whose
// number of draws would vary.
func permute(perm []int32, source *rand.PCG) {
	for i := range perm {
		perm[i] = int32(i)
	}
	for i := len(perm) - 1; i > 0; i-- {
		j, _ := bits.Mul64(source.Uint64(), uint64(i+1))
		perm[i], perm[j] = perm[j], perm[i]
	}
}

// uniform returns a number in (0, 1], a multiple of 2^-53.
func uniform(source *rand.PCG) float64 {
	return float64(source.Uint64()>>11+1) * 0x1p-53
}

// normal returns a standard normal number from two uniform ones (Box and
// Muller, 1958; the second number of the pair is not used).
func normal(source *rand.PCG) float64 {
	radius := math.Sqrt(-2 * logarithm(uniform(source), 0))
	return float64(radius * cosineOfTurns(uniform(source)))
}

// largestExactChi is the number of degrees of freedom up to which chi is exact.
const largestExactChi = 256

// chi returns a number from the chi distribution with d degrees of freedom,
// where d is 1 or even. χ²_d is the sum of d/2 terms -2·log(u), so the
// logarithm of one product; with many degrees, a function of one normal number
// whose distribution differs by less than 1e-7.
func chi(source *rand.PCG, d int) float64 {
	if d == 1 {
		return math.Abs(normal(source))
	}
	if d > largestExactChi {
		return math.Sqrt(chiSquareQuantile(normal(source), float64(d)))
	}
	product, exponent := 1.0, 0
	for i := range d / 2 {
		product *= uniform(source)
		if i%16 == 15 { // 2^(-53·16) is still a normal number
			fraction, e := math.Frexp(product)
			product, exponent = fraction, exponent+e
		}
	}
	return math.Sqrt(-2 * logarithm(product, exponent))
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

// cosineOfTurns returns cos(2πu) for u in [0, 1], likewise.
func cosineOfTurns(u float64) float64 {
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
