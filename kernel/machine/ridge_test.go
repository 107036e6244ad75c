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
	x, y := make([]float32, rows*10), make([]float32, rows)
	for i := range rows {
		for j := range 10 {
			x[i*10+j] = r.Float32()
		}
		v := x[i*10:]
		y[i] = float32(10*math.Sin(math.Pi*float64(v[0])*float64(v[1])) + 20*math.Pow(float64(v[2])-0.5, 2) + 10*float64(v[3]) + 5*float64(v[4]) + noise*r.NormFloat64())
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

// dense solves the ridge problem of the table in float64.
func dense(t testing.TB, p Problem, ridge float64, relative bool) (w *mat.Dense, bias []float64, a *mat.SymDense, centred *mat.Dense) {
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
	zMean, yMean := means(z), means(y)
	a = mat.NewSymDense(n, nil)
	a.SymOuterK(1/float64(table.Len()), z.T())
	if relative {
		ridge *= mat.Trace(a)
	}
	for i := range n {
		a.SetSym(i, i, a.At(i, i)+ridge)
	}
	var right, w2 mat.Dense
	right.Mul(z.T(), y)
	right.Scale(1/float64(table.Len()), &right)
	var c mat.Cholesky
	if !c.Factorize(a) {
		t.Fatal("not positive definite")
	}
	if err := c.SolveTo(&w2, &right); err != nil {
		t.Fatal(err)
	}
	for k := range targets {
		yMean[k] -= mat.Dot(w2.ColView(k), mat.NewVecDense(n, zMean))
	}
	return &w2, yMean, a, z
}

func TestRidgeIsADenseSolve(t *testing.T) {
	for _, test := range []struct {
		rows, n int
		ridge   float64
	}{{500, 30, 1e-4}, {3000, 300, 1e-5}, {700, 200, 1e-9}} {
		p := Problem{Train: friedman(t, test.rows, 1, 1), Features: features(t, 10, test.n, 1)}
		m, report, err := Ridge(context.Background(), p, RidgeOptions{Ridges: []float64{test.ridge}})
		if err != nil {
			t.Fatal(err)
		}
		w, bias, a, _ := dense(t, p, test.ridge, true)
		var eigen mat.EigenSym
		eigen.Factorize(a, false)
		v := eigen.Values(nil)
		t.Logf("%+v: condition %.3g, is %.3g; residual %.2g", test, report.Condition, v[len(v)-1]/v[0], report.Residual)
		difference, size := 0.0, 0.0
		for j, v := range m.Weights {
			difference += math.Pow(float64(v)-w.At(j, 0), 2)
			size += w.At(j, 0) * w.At(j, 0)
		}
		t.Logf("weights %g bias %g %g", math.Sqrt(difference/size), m.Bias[0], bias[0])
		train, _ := Evaluate(context.Background(), m, friedman(t, test.rows, 1, 2))
		t.Log(train)
	}
}
