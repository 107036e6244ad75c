package machine

import (
	"bytes"
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/internal/check"
	"github.com/deepfry/deepfry/kernel"
	"gonum.org/v1/gonum/mat"
)

// landmarks returns kernels with the first n rows of a table.
func landmarks(t testing.TB, k kernel.Kernel, table *Table, n int) *kernel.Landmarks {
	t.Helper()
	inputs := table.columns.Inputs
	l, err := kernel.NewLandmarks(k, slices.Clone(table.all.X[:n*inputs]), inputs)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// kernelsOf returns k(x_i, l_j) in float64.
func kernelsOf(l *kernel.Landmarks, x []float32) *mat.Dense {
	d := l.Inputs()
	k := mat.NewDense(len(x)/d, l.Outputs(), nil)
	for i := range len(x) / d {
		for j := range l.Outputs() {
			k.Set(i, j, l.Kernel().At(x[i*d:][:d], l.Rows()[j*d:][:d]))
		}
	}
	return k
}

// nystrom solves in float64, for the kernels K [rows, m] of rows with landmarks and M of
// landmarks with each other, whose centred whitened features have the mean squared
// length s,
//
//	min over α, b:  (1/N)·Σ |K·α + b - t|² + ridge·s·αᵀ·M·α
//
// and returns the predictions for test rows, [rows, targets].
func nystrom(t testing.TB, l *kernel.Landmarks, table *Table, ridge float64, test []float32) []float64 {
	t.Helper()
	n, m, targets := table.Len(), l.Outputs(), table.columns.Outputs
	k, y := kernelsOf(l, table.all.X), mat.NewDense(n, targets, slices.Clone(table.all.Y))
	among := mat.NewSymDense(m, nil)
	full := kernelsOf(l, l.Rows())
	for i := range m {
		for j := range i + 1 {
			among.SetSym(i, j, full.At(i, j))
		}
	}
	kMean, tMean := make([]float64, m), make([]float64, targets)
	centred := mat.DenseCopyOf(k)
	for _, c := range []struct {
		matrix *mat.Dense
		mean   []float64
	}{{centred, kMean}, {y, tMean}} {
		for j := range c.mean {
			c.mean[j] = mat.Sum(c.matrix.ColView(j)) / float64(n)
			for i := range n {
				c.matrix.Set(i, j, c.matrix.At(i, j)-c.mean[j])
			}
		}
	}
	var cholesky mat.Cholesky
	if !cholesky.Factorize(among) {
		t.Fatal("kernels of landmarks are not positive definite")
	}
	// s is the trace of (centred K)·M⁻¹·(centred K)ᵀ/N.
	var solved, product, a, right, alpha mat.Dense
	if err := cholesky.SolveTo(&solved, centred.T()); err != nil {
		t.Fatal(err)
	}
	product.Mul(centred, &solved)
	ridge *= mat.Trace(&product) / float64(n)
	a.Mul(centred.T(), centred)
	a.Scale(1/float64(n), &a)
	var penalty mat.Dense
	penalty.Scale(ridge, among)
	a.Add(&a, &penalty)
	right.Mul(centred.T(), y)
	right.Scale(1/float64(n), &right)
	if err := alpha.Solve(&a, &right); err != nil {
		t.Fatal(err)
	}
	var f mat.Dense
	f.Mul(kernelsOf(l, test), &alpha)
	rows, _ := f.Dims()
	predictions := make([]float64, 0, rows*targets)
	for i := range rows {
		for c := range targets {
			predictions = append(predictions, f.At(i, c)+tMean[c]-mat.Dot(mat.NewVecDense(m, kMean), alpha.ColView(c)))
		}
	}
	return predictions
}

// kernelRidge is kernel ridge regression in float64 with a constant that is not
// penalised: (K + N·ridge·s·I)·α = t - b, Σα = 0, where s is as in nystrom.
func kernelRidge(t testing.TB, k kernel.Kernel, table *Table, ridge float64, test []float32) []float64 {
	t.Helper()
	n := table.Len()
	l := landmarks(t, k, table, n)
	full := kernelsOf(l, table.all.X)
	ridge *= mat.Trace(full)/float64(n) - mat.Sum(full)/float64(n*n)
	system, right := mat.NewDense(n+1, n+1, nil), mat.NewVecDense(n+1, nil)
	for i := range n {
		for j := range n {
			system.Set(i, j, full.At(i, j))
		}
		system.Set(i, i, full.At(i, i)+float64(n)*ridge)
		system.Set(i, n, 1)
		system.Set(n, i, 1)
		right.SetVec(i, table.all.Y[i])
	}
	var alpha mat.VecDense
	if err := alpha.SolveVec(system, right); err != nil {
		t.Fatal(err)
	}
	var f mat.VecDense
	f.MulVec(kernelsOf(l, test), alpha.SliceVec(0, n))
	predictions := make([]float64, f.Len())
	for i := range predictions {
		predictions[i] = f.AtVec(i) + alpha.AtVec(n)
	}
	return predictions
}

func mustRidge(t testing.TB, p Problem, ridge float64) *Model {
	t.Helper()
	m, _, err := Ridge(context.Background(), p, RidgeOptions{Ridges: []float64{ridge}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestAllLandmarksAreKernelRidge: with all rows for landmarks, ridge regression is exact
// kernel ridge regression, but for float32. 300 rows are more than one tile.
func TestAllLandmarksAreKernelRidge(t *testing.T) {
	test := friedman(t, 100, 0, 2)
	for _, rows := range []int{10, 40, 300} {
		table := friedman(t, rows, 1, 1)
		for _, k := range []kernel.Kernel{kernel.Gaussian{Gamma: 0.5}, kernel.Laplacian{Gamma: 0.2}, kernel.Matern{Nu: 2.5, Length: 1}} {
			for ridge, tolerance := range map[float64]float64{1e-2: 1e-5, 1e-5: 1e-4, 1e-9: 1e-3} {
				m := mustRidge(t, Problem{Train: table, Features: landmarks(t, k, table, rows)}, ridge)
				if _, raw := m.Features.(*kernel.Landmarks); !raw {
					t.Fatalf("the model has features of type %T", m.Features)
				}
				want := kernelRidge(t, k, table, ridge, test.all.X)
				if d := distance(predictions(m, test), want); !(d < tolerance) {
					t.Errorf("%s, %d rows, ridge %v: predictions differ by %.3g", k.Kind(), rows, ridge, d)
				}
			}
		}
	}
}

// TestSomeLandmarksAreNystrom, with several targets.
func TestSomeLandmarksAreNystrom(t *testing.T) {
	one, test := friedman(t, 400, 1, 1), friedman(t, 100, 0, 2)
	y := make([]float64, 2*one.Len())
	for i, v := range one.all.Y {
		y[2*i], y[2*i+1] = v, 1000+100*float64(one.all.X[10*i+5])
	}
	table, err := NewTargets(10, 2, one.all.X, y)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 30, 260} {
		for _, k := range []kernel.Kernel{kernel.Gaussian{Gamma: 0.5}, kernel.Laplacian{Gamma: 0.2}} {
			l := landmarks(t, k, table, n)
			m := mustRidge(t, Problem{Train: table, Features: l}, 1e-5)
			got, want := make([]float64, 200), nystrom(t, l, table, 1e-5, test.all.X)
			m.NewPredictor(100).Predict(got, test.all.X)
			for c := range 2 {
				a, b := every(got, 2, c), every(want, 2, c)
				if d := distance(a, b); !(d < 1e-4) {
					t.Errorf("%s, %d landmarks, target %d: predictions differ by %.3g", k.Kind(), n, c, d)
				}
			}
		}
	}
}

// every returns column c of [rows, columns].
func every(x []float64, columns, c int) (column []float64) {
	for i := c; i < len(x); i += columns {
		column = append(column, x[i])
	}
	return column
}

// TestWhitenedProductsAreKernels of landmarks, up to ε: for parts of a block, of a tile,
// and more.
func TestWhitenedProductsAreKernels(t *testing.T) {
	for _, n := range []int{1, 31, 32, 33, 100, 256, 290} {
		testWhitened(t, n)
	}
}

func testWhitened(t *testing.T, n int) {
	l := landmarks(t, kernel.Laplacian{Gamma: 0.3}, friedman(t, n, 1, 1), n)
	w, err := whiten(context.Background(), l)
	if err != nil {
		t.Fatal(err)
	}
	z := make([]float32, n*n)
	w.Plan(n)(z, l.Rows(), n)
	for i := range n {
		for j := range i + 1 {
			product := 0.0
			for c := range n {
				product += float64(z[i*n+c]) * float64(z[j*n+c])
			}
			if want := l.Kernel().At(l.Rows()[i*10:][:10], l.Rows()[j*10:][:10]); math.Abs(product-want) > 3e-6 {
				t.Fatalf("%d landmarks: rows %d and %d: %v, want %v", n, i, j, product, want)
			}
		}
	}
}

// TestUnfoldedWeights solves α·L = W in float64. Kernels that are much alike have large
// weights of alternating signs, which must be right to all digits of float32.
func TestUnfoldedWeights(t *testing.T) {
	const n, targets = 600, 2
	w, err := whiten(context.Background(), landmarks(t, kernel.Gaussian{Gamma: kernel.GammaOf(4)}, friedman(t, n, 1, 1), n))
	if err != nil {
		t.Fatal(err)
	}
	l := mat.NewDense(n, n, nil)
	for i := range n {
		for j, v := range w.factor.l.row(i) {
			l.Set(i, j, float64(v))
		}
	}
	for first := 0; first < n; first += side { // these tiles are of L⁻¹
		tile := l.Slice(first, min(n, first+side), first, min(n, first+side)).(*mat.Dense)
		if err := tile.Inverse(mat.DenseCopyOf(tile)); err != nil {
			t.Fatal(err)
		}
	}
	weights := make([]float32, targets*n)
	for i := range weights {
		weights[i] = float32(math.Sin(float64(i * i)))
	}
	var want mat.Dense
	right := mat.NewDense(targets, n, nil)
	for i, v := range weights {
		right.Set(i/n, i%n, float64(v))
	}
	if err := want.Solve(l.T(), right.T()); err != nil { // Lᵀ·αᵀ = Wᵀ
		t.Fatal(err)
	}
	w.unfold(weights, targets)
	got := make([]float64, n)
	for k := range targets {
		for j := range got {
			got[j] = float64(weights[k*n+j])
		}
		if d := distance(got, mat.Col(nil, k, &want)); !(d < 1e-7) {
			t.Errorf("target %d: weights differ by %.3g", k, d)
		}
	}
}

// TestLandmarksOfAnyMachine: all machines take them, with classes and weights, also
// where rows are the same, so that kernels are singular.
func TestLandmarksOfAnyMachine(t *testing.T) {
	table := digits(t, 120, 4, 3, 0.3, 1)
	copy(table.all.X[4:40], slices.Repeat(table.all.X[:4], 9)) // ten rows are alike
	for i := range 10 {
		table.all.Labels[i] = table.all.Labels[0]
	}
	weights := make([]float64, 120)
	for i := range weights {
		weights[i] = float64(i % 3)
	}
	table, err := table.WithWeights(weights)
	if err != nil {
		t.Fatal(err)
	}
	for name, fit := range machines() {
		for _, k := range []kernel.Kernel{kernel.Gaussian{Gamma: 0.1}, kernel.Linear{}, kernel.Polynomial{Degree: 3, Gamma: 0.3, Offset: 1}} {
			m, err := fit(Problem{Train: table, Features: landmarks(t, k, table, 60)})
			if err != nil {
				t.Errorf("%s, %s: %v", name, k.Kind(), err)
				continue
			}
			if score, err := Evaluate(context.Background(), m, table); err != nil || score.ErrorRate > 0.1 {
				t.Errorf("%s, %s: %+v, %v", name, k.Kind(), score, err)
			}
		}
	}
}

// TestKernelsBeyondFloat32 are refused: no loop for a jitter that there is none of.
func TestKernelsBeyondFloat32(t *testing.T) {
	table := friedman(t, 20, 1, 1)
	large, zero := slices.Clone(table.all.X), make([]float32, len(table.all.X))
	for i := range large {
		large[i] = 1e4 * (large[i] + 1)
	}
	for what, test := range map[string]struct {
		k kernel.Kernel
		x []float32
	}{
		"infinite": {kernel.Polynomial{Degree: 16, Gamma: 1}, large},
		"zero":     {kernel.Linear{}, zero},
		"tiny":     {kernel.Polynomial{Degree: 16, Gamma: 1e-3}, table.all.X},
	} {
		l, err := kernel.NewLandmarks(test.k, test.x, 10)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := Ridge(context.Background(), Problem{Train: table, Features: l}, RidgeOptions{}); err == nil || !strings.Contains(err.Error(), "scale the inputs") {
			t.Errorf("%s: %v", what, err)
		}
	}
	// One landmark far from the others, whose kernel alone is large.
	for i := range 10 {
		large[i] = 100
	}
	mixed := append(slices.Clone(table.all.X), large[:10]...)
	l, err := kernel.NewLandmarks(kernel.Polynomial{Degree: 4, Gamma: 1, Offset: 1}, mixed, 10)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Ridge(context.Background(), Problem{Train: table, Features: l}, RidgeOptions{}); err != nil {
		t.Errorf("mixed: %v", err)
	}
}

func TestNoPosteriorOfLandmarks(t *testing.T) {
	table := friedman(t, 20, 1, 1)
	p := Problem{Train: table, Features: landmarks(t, kernel.Gaussian{Gamma: 1}, table, 5)}
	if _, _, err := Ridge(context.Background(), p, RidgeOptions{Posterior: true}); err == nil || !strings.Contains(err.Error(), "random features") {
		t.Error(err)
	}
}

func TestLandmarksOnAnyCores(t *testing.T) {
	table := digits(t, 600, 6, 3, 2, 1)
	for _, k := range []kernel.Kernel{kernel.Gaussian{Gamma: 0.1}, kernel.Laplacian{Gamma: 0.1}} {
		p := Problem{Train: table, Features: landmarks(t, k, table, 530)}
		sameOnCores(t, func() (*Model, error) {
			m, _, err := Ridge(context.Background(), p, RidgeOptions{Ridges: []float64{1e-4}})
			return m, err
		})
	}
}

func TestPredictByLandmarksAllocatesNothing(t *testing.T) {
	table := friedman(t, 64, 1, 1)
	m := mustRidge(t, Problem{Train: table, Features: landmarks(t, kernel.Gaussian{Gamma: 1}, table, 20)}, 1e-3)
	p, y := m.NewPredictor(64), make([]float64, 64)
	check.Allocations(t, "Predict", 1000, func() { p.Predict(y, table.all.X) })
}

func TestFileOfLandmarks(t *testing.T) {
	table := friedman(t, 50, 1, 1)
	m := mustRidge(t, Problem{Train: table, Features: landmarks(t, kernel.Matern{Nu: 1.5, Length: 2}, table, 20)}, 1e-3)
	content := encoded(t, m)
	back, err := Decode(content)
	if err != nil {
		t.Fatal(err)
	}
	if l, ok := back.Features.(*kernel.Landmarks); !ok || l.Kernel() != (kernel.Matern{Nu: 1.5, Length: 2}) || l.Outputs() != 20 {
		t.Errorf("features %v", back.Features)
	}
	if !slices.Equal(predictions(back, table), predictions(m, table)) || !bytes.Equal(encoded(t, back), content) {
		t.Error("the model that was read is another one")
	}
	content = check.WithoutChecksum(t, content)
	for length := 0; length < len(content); length += 1 + length/16 {
		if _, err := Decode(content[:length]); err == nil {
			t.Errorf("%d of %d bytes are read without an error", length, len(content))
		}
	}
	for _, test := range []struct{ old, new, want string }{
		{`\"inputs\":10`, `\"inputs\":11`, "want F32 [11]"},
		{`\"outputs\":1`, `\"outputs\":2`, "want F32 [2]"},
		{`\"kind\":\"matern\"`, `\"kind\":\"wavelet\"`, "wavelet"},
		{`\"nu\":1.5`, `\"nu\":1.25`, "nu 1.25"},
		{`\"length\":2`, `\"length\":-2`, "length -2"},
		{`"landmarks":{`, `"landfarks":{`, "no tensor \"landmarks\""},
		{`"shape":[20,10]`, `"shape":[10,20]`, "want F32 [20 10]"},
		{`"shape":[1,20]`, `"shape":[20,1]`, "want F32 [1 20]"},
		{`\"landmarks\":`, `\"features\":{},\"landmarks\":`, "beside random features"},
		{`\"landmarks\":`, `\"posterior\":{\"rows\":5,\"noise\":[1]},\"landmarks\":`, "posterior"},
		{`"weight":{`, `"height":{`, "want F32 [0 10]"},
	} {
		damaged := replaceInHeader(content, test.old, test.new)
		if damaged == nil {
			t.Errorf("%s is not in the header", test.old)
			continue
		}
		if _, err := Decode(damaged); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s -> %s: %v, want %q", test.old, test.new, err, test.want)
		}
	}
	l := m.Features.(*kernel.Landmarks)
	l.Rows()[7] = float32(math.NaN())
	if _, err := Decode(encoded(t, m)); err == nil || !strings.Contains(err.Error(), `"landmarks" is not finite`) {
		t.Errorf("NaN: %v", err)
	}
}

// TestLinearLandmarks: of products with all rows, a machine is the linear one of the
// inputs, also where those are more than the rows.
func TestLinearLandmarks(t *testing.T) {
	for rows, table := range map[int]*Table{6: friedman(t, 6, 1, 3), 40: friedman(t, 40, 1, 3)} {
		direct, _, err := Ridge(context.Background(), Problem{Train: table}, RidgeOptions{Ridges: []float64{0.01}})
		if err != nil {
			t.Fatal(err)
		}
		m, _, err := Ridge(context.Background(), Problem{Train: table, Features: landmarks(t, kernel.Linear{}, table, rows)}, RidgeOptions{Ridges: []float64{0.01}})
		if err != nil {
			t.Fatal(err)
		}
		if m.Features != nil || len(m.Weights) != 10 {
			t.Errorf("%d rows: %d weights of features %v", rows, len(m.Weights), m.Features)
		}
		test := friedman(t, 50, 1, 4)
		if d := distance(predictions(m, test), predictions(direct, test)); d > 1e-3 {
			t.Errorf("%d rows: a distance of %v", rows, d)
		}
	}
}
