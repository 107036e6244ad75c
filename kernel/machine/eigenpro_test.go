package machine

import (
	"context"
	"math"
	"testing"

	"github.com/deepfry/deepfry/internal/linear"
	"github.com/deepfry/deepfry/internal/simd"
	"gonum.org/v1/gonum/mat"
)

// TestEigenProConvergesToRidge has targets that features can express, so that the
// solution of all rows is that of each batch: descent goes to the least squares,
// which is ridge for λ → 0.
func TestEigenProConvergesToRidge(t *testing.T) {
	table, fresh := friedman(t, 400, 1, 1), friedman(t, 100, 1, 2)
	p := Problem{Train: table, Features: features(t, 10, 20, 2)}
	ctx := context.Background()
	made, _, err := Ridge(ctx, p, RidgeOptions{Ridges: []float64{1e-4}})
	if err != nil {
		t.Fatal(err)
	}
	made.Bias[0] += 10 // the constant has to be found, too
	table.all.Y = predictions(made, table)
	exact, _, err := Ridge(ctx, p, RidgeOptions{Ridges: []float64{1e-9}})
	if err != nil {
		t.Fatal(err)
	}
	m, report, err := EigenPro(ctx, p, EigenProOptions{Epochs: 40, Sample: 250})
	if err != nil {
		t.Fatal(err)
	}
	if d := distance(predictions(m, fresh), predictions(exact, fresh)); !(d < 1e-4) {
		t.Errorf("predictions differ by %v; %d eigenvectors, batches of %d, step %v", d, report.Eigenvectors, report.Batch, report.Step)
	}
}

func TestEigenProChoosesEpochs(t *testing.T) {
	train, holdOut := Split(digits(t, 1500, 20, 4, 1.5, 1), 0.3, 1)
	p := Problem{Train: train, HoldOut: holdOut, Features: features(t, 20, 500, 6)}
	m, report, err := EigenPro(context.Background(), p, EigenProOptions{Epochs: 20, MaxBatch: 100, Sample: 300})
	if err != nil {
		t.Fatal(err)
	}
	score, err := Evaluate(context.Background(), m, holdOut)
	if err != nil {
		t.Fatal(err)
	}
	if score != report.Scores[report.Epochs-1] {
		t.Errorf("the model has %+v, epoch %d had %+v", score, report.Epochs, report.Scores[report.Epochs-1])
	}
	for _, other := range report.Scores {
		if other.better(score) {
			t.Errorf("%+v is better than what was kept, %+v", other, score)
		}
	}
	if len(report.Scores) == 20 || report.Batch > 100 {
		t.Errorf("%d epochs without patience, or batches of %d", len(report.Scores), report.Batch)
	}
	if rate := score.Error(train.Columns()); rate > 0.12 {
		t.Errorf("%.1f%% wrong", 100*rate)
	}
}

func TestEigenProOnAnyCores(t *testing.T) {
	p := Problem{Train: digits(t, 900, 20, 3, 2, 1), Features: features(t, 20, 300, 5)}
	sameOnCores(t, func() (*Model, error) {
		m, _, err := EigenPro(context.Background(), p, EigenProOptions{Epochs: 2, MaxBatch: 64, Sample: 300})
		return m, err
	})
}

// TestEigenProFindsAStep begins with one that diverges.
func TestEigenProFindsAStep(t *testing.T) {
	p := Problem{Train: friedman(t, 300, 1, 1), Features: features(t, 10, 30, 2)}
	if err := p.prepare(); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	summary, err := Survey(ctx, p.Train, 300, 1)
	if err != nil {
		t.Fatal(err)
	}
	f := &eigenPro{Problem: p, options: EigenProOptions{Epochs: 20, MaxBatch: 32}, report: &EigenProReport{Rows: 300}}
	if err := f.precondition(ctx, summary); err != nil {
		t.Fatal(err)
	}
	first := 50 * f.report.Step
	f.report.Step = first
	m, err := f.run(ctx, summary)
	if err != nil {
		t.Fatal(err)
	}
	score, err := Evaluate(ctx, m, p.Train)
	if err != nil || score.R2 < 0.5 || f.report.Step >= first {
		t.Errorf("%+v with step %v after %v: %v", score, f.report.Step, first, err)
	}
}

// TestSpectrum compares with an eigendecomposition in float64.
func TestSpectrum(t *testing.T) {
	const rows, n, count = 120, 70, 12
	p := Problem{Train: friedman(t, rows, 1, 1), Features: features(t, 10, n/2, 0.7)}
	if err := p.prepare(); err != nil {
		t.Fatal(err)
	}
	s := p.newStream(rows)
	s.apply(s.z, p.Train.(*Table).all.X, rows)
	linear.Centre(s.z, n)
	got, err := newSpectrum(s.z, rows, n, count, 1)
	if err != nil {
		t.Fatal(err)
	}
	z := mat.NewDense(rows, n, nil)
	for i, v := range s.z {
		z.Set(i/n, i%n, float64(v))
	}
	c := mat.NewSymDense(n, nil)
	c.SymOuterK(1.0/rows, z.T())
	var eigen mat.EigenSym
	eigen.Factorize(c, true)
	values := eigen.Values(nil)
	for i := range count {
		if want := values[n-1-i]; math.Abs(got.values[i]-want) > 1e-2*want {
			t.Errorf("eigenvalue %d is %v, want %v", i, got.values[i], want)
		}
	}
	gram := make([]float32, count*count)
	e := simd.RowMajor(got.vectors, count, n)
	linear.Multiply(simd.RowMajor(gram, count, count), e, e.T())
	for i, v := range gram {
		want := 0.0
		if i%count == i/count {
			want = 1
		}
		if math.Abs(float64(v)-want) > 2e-3 {
			t.Errorf("e[%d]·e[%d] = %v", i/count, i%count, v)
		}
	}
}
