package machine

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deepfry/deepfry/internal/random"
	"github.com/deepfry/deepfry/kernel"
	"gonum.org/v1/gonum/mat"
)

// features returns n Gaussian frequencies: 2n features.
func features(t testing.TB, inputs, n int, bandwidth float64) kernel.FeatureMap {
	t.Helper()
	f, err := kernel.NewFeatures(kernel.Gaussian{Gamma: kernel.GammaOf(bandwidth)}, kernel.Options{Inputs: inputs, N: n, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// friedman is Friedman's first regression function of 10 inputs in [0, 1], with
// noise (Annals of Statistics 1991).
func friedman(t testing.TB, rows int, noise float64, seed uint64) *Table {
	t.Helper()
	r := rand.New(random.New(seed, random.For("friedman"), 0, 0))
	x, y := make([]float32, rows*10), make([]float64, rows)
	for i := range rows {
		for j := range 10 {
			x[i*10+j] = r.Float32()
		}
		v := x[i*10:]
		y[i] = 10*math.Sin(math.Pi*float64(v[0])*float64(v[1])) + 20*math.Pow(float64(v[2])-0.5, 2) + 10*float64(v[3]) + 5*float64(v[4]) + noise*r.NormFloat64()
	}
	table, err := NewTargets(10, 1, x, y)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// digits are clouds of rows around a centre for each class.
func digits(t testing.TB, rows, inputs, classes int, spread float64, seed uint64) *Table {
	t.Helper()
	centres := rand.New(random.New(7, random.For("centres"), 0, 0))
	mean := make([]float64, inputs*classes)
	for i := range mean {
		mean[i] = centres.NormFloat64()
	}
	r := rand.New(random.New(seed, random.For("digits"), 0, 0))
	x, labels, names := make([]float32, rows*inputs), make([]int32, rows), make([]string, classes)
	for k := range names {
		names[k] = string(rune('a' + k))
	}
	for i := range rows {
		labels[i] = int32(r.IntN(classes))
		for j := range inputs {
			x[i*inputs+j] = float32(mean[int(labels[i])*inputs+j] + spread*r.NormFloat64())
		}
	}
	table, err := NewClasses(inputs, x, labels, names)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// dense solves the ridge problem of the table in float64: w [n, targets], the
// constants, and A = C + λ·I, with λ relative to the trace of C.
func dense(t testing.TB, p Problem, ridge float64) (w *mat.Dense, bias []float64, a *mat.SymDense, zMean []float64) {
	t.Helper()
	table := p.Train.(*Table)
	if err := p.prepare(); err != nil {
		t.Fatal(err)
	}
	s := p.newStream(table.Len())
	n, targets := s.outputs, s.columns.Targets()
	z, y := mat.NewDense(table.Len(), n, nil), mat.NewDense(table.Len(), targets, nil)
	err := s.each(context.Background(), table, func(b block) error {
		for i, v := range b.z {
			z.Set(i/n, i%n, float64(v))
		}
		for i, v := range b.t {
			y.Set(i/targets, i%targets, float64(v))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	means := func(m *mat.Dense) []float64 {
		rows, columns := m.Dims()
		mean := make([]float64, columns)
		for j := range mean {
			mean[j] = mat.Sum(m.ColView(j)) / float64(rows)
			for i := range rows {
				m.Set(i, j, m.At(i, j)-mean[j])
			}
		}
		return mean
	}
	zMean, bias = means(z), means(y)
	a = mat.NewSymDense(n, nil)
	a.SymOuterK(1/float64(table.Len()), z.T())
	ridge *= mat.Trace(a)
	for i := range n {
		a.SetSym(i, i, a.At(i, i)+ridge)
	}
	var right mat.Dense
	w = new(mat.Dense)
	right.Mul(z.T(), y)
	right.Scale(1/float64(table.Len()), &right)
	var c mat.Cholesky
	if !c.Factorize(a) {
		t.Fatal("not positive definite")
	}
	if err := c.SolveTo(w, &right); err != nil {
		t.Fatal(err)
	}
	for k := range targets {
		bias[k] -= mat.Dot(w.ColView(k), mat.NewVecDense(n, zMean))
	}
	return w, bias, a, zMean
}

// predictions returns f(x) for all rows of a table.
func predictions(m *Model, table *Table) []float64 {
	y := make([]float64, table.Len()*m.Columns.Targets())
	m.NewPredictor(table.Len()).Predict(y, table.all.X)
	return y
}

// distance returns |x - y|/|y|.
func distance(x, y []float64) float64 {
	difference, size := 0.0, 0.0
	for i, v := range y {
		difference += math.Pow(x[i]-v, 2)
		size += v * v
	}
	return math.Sqrt(difference / size)
}
