package kernel

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/deepfry/deepfry/internal/check"
	"github.com/deepfry/deepfry/internal/cpu"
)

// randomRows returns rows of about length 1.
func randomRows(rows, d int, seed uint64) []float32 {
	source := rand.New(rand.NewPCG(seed, 1))
	x := make([]float32, rows*d)
	for i := range x {
		x[i] = float32(source.NormFloat64() / math.Sqrt(float64(d)))
	}
	return x
}

func dot(x, y []float32) float64 {
	var sum float64
	for i, v := range x {
		sum += float64(v) * float64(y[i])
	}
	return sum
}

func mustFeatures(t testing.TB, k Kernel, o Options) *Features {
	t.Helper()
	f, err := NewFeatures(k, o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// apply returns the features of rows.
func apply(f *Features, x []float32) []float32 {
	rows := len(x) / f.Inputs()
	z := make([]float32, rows*f.Outputs())
	f.Plan(rows)(z, x, rows)
	return z
}

// every lists all features that there are: kernels, samplings, phases.
func every() (kernels []Kernel, options []Options) {
	for _, k := range []Kernel{
		Gaussian{0.7}, Laplacian{0.3}, Matern{0.5, 1.5}, Matern{1.5, 1}, Matern{2.5, 0.8},
		ArcCosine{0}, ArcCosine{1}, ArcCosine{2}, Polynomial{1, 1, 0}, Polynomial{2, 0.8, 0.5}, Polynomial{3, 1, 1}, Linear{},
	} {
		for _, s := range []Sampling{RKS, Fastfood, ORF, SORF, Sparse} {
			for _, phase := range []bool{false, true} {
				o := Options{Sampling: s, Phase: phase}
				if o.choose(k) == nil {
					kernels, options = append(kernels, k), append(options, o)
				}
			}
		}
	}
	return kernels, options
}

func name(k Kernel, o Options) string {
	return strings.ReplaceAll(fmt.Sprintf("%s%v %s phase=%v", k.Kind(), k, o.Sampling, o.Phase), " ", "_")
}

// TestUnbiased compares means of z(x)·z(y) with k(x, y): see testUnbiased. SORF,
// whose rows are not quite Gaussian, may be off by 0.01 more.
func TestUnbiased(t *testing.T) {
	const d = 12
	x := randomRows(3, d, 7)
	copy(x[2*d:], x[d:2*d]) // a pair close together, all along one axis
	x[2*d] += 0.3
	testUnbiased(t, x, d, 1, 0.01)
}

// TestUnbiasedOfFewInputs is the same for 1 to 3 inputs, with rows along an axis and
// along a diagonal, to which products of few signs are often 0. There SORF may be
// off by 0.02 more.
func TestUnbiasedOfFewInputs(t *testing.T) {
	const most = 3
	for d := 1; d <= most; d++ {
		x := randomRows(4, d, 7)
		clear(x[:d])
		x[0] = 1
		for j := range d {
			x[d+j] = float32(-1 / math.Sqrt(float64(d)))
		}
		testUnbiased(t, x, d, most, 0.02)
	}
}

// testUnbiased compares the mean of z(x)·z(y) over seeds with k(x, y), for all
// features and pairs of rows, by a t test. It is one of so many tests, whose
// false alarms together have the probability check.FalseAlarm. SORF may be off by sorf
// more.
func testUnbiased(t *testing.T, x []float32, d, tests int, sorf float64) {
	t.Helper()
	const seeds = 64
	kernels, options := every()
	rows := len(x) / d
	pairs := tests * len(kernels) * rows * (rows + 1) / 2
	bound := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: seeds - 1}.Quantile(1 - check.FalseAlarm/float64(2*pairs))
	for i, k := range kernels {
		o := options[i]
		o.Inputs, o.N = d, 128
		sums, squares := make([]float64, rows*rows), make([]float64, rows*rows)
		for seed := range seeds {
			o.Seed = uint64(seed)
			f := mustFeatures(t, k, o)
			z := apply(f, x)
			for p := range sums {
				v := dot(z[p/rows*f.Outputs():][:f.Outputs()], z[p%rows*f.Outputs():][:f.Outputs()])
				sums[p] += v
				squares[p] += v * v
			}
		}
		for p := range sums {
			mean := sums[p] / seeds
			deviation := math.Sqrt(max(0, squares[p]/seeds-mean*mean) / (seeds - 1))
			allowed := bound*deviation + 2e-6
			if o.Sampling == SORF {
				allowed += sorf
			}
			if want := k.At(x[p/rows*d:][:d], x[p%rows*d:][:d]); math.Abs(mean-want) > allowed {
				t.Errorf("%s, %d inputs: the mean of k(%d, %d) is %.4f, want %.4f ± %.4f", name(k, o), d, p/rows, p%rows, mean, want, allowed)
			}
		}
	}
}

// TestFeaturesAreTheSame: on any number of cores, in batches of any size, in all
// versions of the kernels but for the last bits of dense products, and after a
// description has been stored and read.
func TestFeaturesAreTheSame(t *testing.T) {
	kernels, options := every()
	const rows = 19
	for i, k := range kernels {
		o := options[i]
		o.Inputs, o.N, o.Seed = 70, 300, uint64(i)
		f := mustFeatures(t, k, o)
		x := randomRows(rows, o.Inputs, 5)
		want := apply(f, x)

		text, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		var again Features
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if again.Kernel() != k || again.Options() != o {
			t.Errorf("%s became %v, %v", text, again.Kernel(), again.Options())
		}
		cores := runtime.GOMAXPROCS(1)
		alone := apply(&again, x)
		runtime.GOMAXPROCS(4)
		four := apply(f, x)
		runtime.GOMAXPROCS(cores)
		if !slices.Equal(alone, want) || !slices.Equal(four, want) {
			t.Errorf("%s: the features depend on the number of cores, or were not the same after reading", name(k, o))
		}
		run, z := f.Plan(rows), make([]float32, len(want))
		for from, n := 0, 1; from < rows; from, n = from+n, min(n+1, rows-from-n) {
			run(z[from*f.Outputs():][:n*f.Outputs()], x[from*o.Inputs:][:n*o.Inputs], n)
		}
		if !slices.Equal(z, want) {
			t.Errorf("%s: the features of a row depend on the batch", name(k, o))
		}
		for _, v := range cpu.Available() {
			restore := cpu.Use(v)
			got := apply(f, x)
			restore()
			tolerance := 0.0
			if o.Sampling == RKS || o.Sampling == ORF {
				tolerance = 1e-3 // some frequencies are hundreds
			}
			for j := range got {
				if k == (ArcCosine{0}) && tolerance > 0 {
					break // a step is not continuous
				}
				if math.Abs(float64(got[j]-want[j])) > tolerance {
					t.Fatalf("%s, %v: feature %d is %v, want %v", name(k, o), v, j, got[j], want[j])
				}
			}
		}
	}
}

// TestNotANumber: a row with a number that is none has no features of others.
func TestNotANumber(t *testing.T) {
	kernels, options := every()
	for i, k := range kernels {
		o := options[i]
		o.Inputs, o.N = 1, 8
		f := mustFeatures(t, k, o)
		x, z := []float32{1, float32(math.NaN())}, make([]float32, 2*f.Outputs())
		f.Plan(2)(z, x, 2)
		if finite(z[f.Outputs():]) || !finite(z[:f.Outputs()]) {
			t.Errorf("%s: features %v", name(k, o), z)
		}
		if v := k.At(x[:1], x[1:]); !math.IsNaN(v) {
			t.Errorf("%s at a row that is none: %v", name(k, o), v)
		}
	}
}

func TestPlansPanic(t *testing.T) {
	f := mustFeatures(t, ArcCosine{1}, Options{Inputs: 4, N: 4})
	x, z := make([]float32, 8), make([]float32, 8)
	for what, call := range map[string]func(){
		"negative rows":   func() { f.Plan(-1) },
		"more rows":       func() { f.Plan(1)(z, x, 2) },
		"fewer than none": func() { f.Plan(2)(z, x, -1) },
		"a short row":     func() { f.Plan(2)(z, x[1:], 2) },
		"short features":  func() { f.Plan(2)(z[1:], x, 2) },
		"in place":        func() { f.Plan(2)(x, x, 2) },
	} {
		check.Panics(t, what, "kernel: ", call)
	}
}

func TestNoRows(t *testing.T) {
	kernels, options := every()
	for i, k := range kernels {
		o := options[i]
		o.Inputs, o.N = 5, 10
		f := mustFeatures(t, k, o)
		f.Plan(0)(nil, nil, 0)
		f.Plan(3)(nil, nil, 0)
	}
}

func TestPlansAllocateNothing(t *testing.T) {
	kernels, options := every()
	for i, k := range kernels {
		o := options[i]
		o.Inputs, o.N = 8, 16
		f := mustFeatures(t, k, o)
		const rows = 16
		x, z := randomRows(rows, o.Inputs, 1), make([]float32, rows*f.Outputs())
		run := f.Plan(rows)
		check.Allocations(t, name(k, o), 1000, func() { run(z, x, rows) })
	}
}

func TestBadOptions(t *testing.T) {
	good := Options{Inputs: 4, N: 8}
	for _, c := range []struct {
		k    Kernel
		o    Options
		want string
	}{
		{nil, good, "no kernel"},
		{&Gaussian{1}, good, "no pointer"},
		{(*ArcCosine)(nil), good, "no pointer"},
		{struct{ Gaussian }{Gaussian{1}}, good, "is no kernel"},
		{Gaussian{0}, good, "gamma 0"},
		{Gaussian{GammaOf(-2)}, good, "gamma NaN"},
		{Gaussian{GammaOf(0)}, good, "gamma NaN"},
		{Gaussian{1e300}, good, "too large for float32"},
		{Gaussian{1e300}, Options{Inputs: 64, N: 8, Sampling: Fastfood}, "too large for float32"},
		{Laplacian{1e300}, good, "too large for float32"},
		{Matern{1.5, 1e-300}, good, "too large for float32"},
		{Polynomial{3, 1e300, 1}, good, "too large for float32"},
		{Polynomial{1, 1, 1e100}, good, "too large for float32"},
		{Polynomial{3, 1, 1e300}, good, "the offset 1e+300 to the power of 3"},
		{Polynomial{16, 1, 1e300}, Options{Inputs: 4, N: 100}, "the offset 1e+300 to the power of 16"},
		{Gaussian{math.NaN()}, good, "gamma NaN"},
		{Laplacian{math.Inf(1)}, good, "gamma +Inf"},
		{Matern{1, 1}, good, "nu 1: want 0.5, 1.5 or 2.5"},
		{Matern{0.5, -1}, good, "length -1"},
		{ArcCosine{3}, good, "order 3"},
		{Polynomial{0, 1, 1}, good, "degree 0"},
		{Polynomial{17, 1, 1}, good, "degree 17"},
		{Polynomial{2, 1, -1}, good, "offset -1"},
		{Polynomial{3, 1, 1}, Options{Inputs: 4, N: 3}, "4 degrees"},
		{Gaussian{1}, Options{Inputs: 0, N: 8}, "0 inputs"},
		{Gaussian{1}, Options{Inputs: 4, N: -8}, "n = -8"},
		{Gaussian{1}, Options{Inputs: 1 << 40, N: 8}, "1099511627776 inputs"},
		{Gaussian{1}, Options{Inputs: 8, N: 1 << 30}, "at most"},
		{Gaussian{1}, Options{Inputs: 1 << 20, N: 1 << 20, Sampling: RKS}, "at most"},
		{Gaussian{1}, Options{Inputs: 5000, N: 10, Sampling: ORF}, "orf"},
		{Gaussian{1}, Options{Inputs: 4, N: 8, Sampling: "gauss"}, `"gauss": want rks`},
		{Gaussian{1}, Options{Inputs: 4, N: 8, Sampling: Sparse}, "sparse"},
		{ArcCosine{1}, Options{Inputs: 4, N: 8, Phase: true}, "phases"},
		{Laplacian{1}, Options{Inputs: 4, N: 8, Sampling: Fastfood}, "Matern"},
	} {
		if _, err := NewFeatures(c.k, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, %+v: error %v, want one with %q", c.k, c.o, err, c.want)
		}
	}
	for _, text := range []string{``, `[]`, `{}`, `{"kernel":{"kind":"sinc"},"inputs":1,"n":1,"sampler":1}`,
		`{"kernel":{"kind":"gaussian","gamma":1,"sigma":3},"inputs":1,"n":1,"sampler":1}`,
		`{"kernel":{"kind":"gaussian","gamma":1},"inputs":1,"n":1,"sampler":1,"frequencies":"quasi-random"}`,
		`{"kernel":{"kind":"gaussian","gamma":-1},"inputs":1,"n":1,"sampler":1}`,
		`{"kernel":{"kind":"gaussian","gamma":1},"inputs":1,"n":1,"sampler":99}`,
		`{"kernel":{"kind":"gaussian","gamma":1},"inputs":1,"n":1e15,"sampler":1}`,
		`{"kernel":{"kind":"gaussian","gamma":1},"inputs":1,"n":1,"seed":-1,"sampler":1}`} {
		if json.Unmarshal([]byte(text), new(Features)) == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

// TestSampler fixes the numbers that a seed gives, on every machine: a change
// needs another SamplerVersion.
func TestSampler(t *testing.T) {
	f := mustFeatures(t, Gaussian{0.01}, Options{Inputs: 784, N: 8192, Sampling: Fastfood, Seed: 1})
	text, err := json.Marshal(f)
	if err != nil || len(text) > 200 {
		t.Fatalf("%s, %v: want a seed instead of numbers", text, err)
	}
	var back Features
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	m := back.transform.(*structured).matrix
	hash := fnv.New64a()
	for _, numbers := range []any{m.S, m.G, m.B, m.Perm} {
		if err := binary.Write(hash, binary.LittleEndian, numbers); err != nil {
			t.Fatal(err)
		}
	}
	if got := hash.Sum64(); got != samplerHash {
		t.Errorf("the numbers of version %d have the hash %#x, want %#x", SamplerVersion, got, uint64(samplerHash))
	}
	x := make([]float32, 784)
	for i := range x {
		x[i] = float32(i%7) / 7
	}
	z := apply(&back, x)
	for i, want := range samplerFeatures {
		if got := float64(z[1000*i]) * math.Sqrt(8192); math.Abs(got-want) > 1e-4 {
			t.Errorf("feature %d is %v/√8192, want %v", 1000*i, got, want)
		}
	}
}

// The numbers of version 1, and features number 0, 1000, 2000 and 3000 times √8192.
const samplerHash = 0xd80ea74e99f3c75a

var samplerFeatures = []float64{0.39127, 0.79880, 0.60095, -0.91986}

// TestDescription fixes what model files hold, and the numbers that they stand
// for.
func TestDescription(t *testing.T) {
	f := mustFeatures(t, Matern{1.5, 2}, Options{Inputs: 3, N: 4, Sampling: Fastfood, Seed: 1<<64 - 1, Phase: true})
	text, err := json.Marshal(f)
	const want = `{"kernel":{"kind":"matern","nu":1.5,"length":2},"inputs":3,"n":4,"sampling":"fastfood","seed":18446744073709551615,"phase":true,"sampler":1}`
	if err != nil || string(text) != want {
		t.Errorf("%s, %v, want %s", text, err, want)
	}
	// SORF of few inputs, which version 1 did not pad, has another version.
	padded := mustFeatures(t, Gaussian{1}, Options{Inputs: 3, N: 4, Sampling: SORF})
	text, err = json.Marshal(padded)
	if err != nil || !strings.HasSuffix(string(text), `"sampler":2}`) {
		t.Errorf("%s, %v, want version 2", text, err)
	}
	old := strings.Replace(string(text), `"sampler":2`, `"sampler":1`, 1)
	if err := json.Unmarshal([]byte(old), new(Features)); err == nil || !strings.Contains(err.Error(), "version 1") {
		t.Errorf("%s: error %v, want one with its version", old, err)
	}
	if text, err := MarshalKernel(Linear{}); err != nil || string(text) != `{"kind":"linear"}` {
		t.Errorf("%s, %v", text, err)
	}
}
