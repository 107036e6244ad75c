package machine

import (
	"context"
	"errors"
	"math"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/kernel"
)

// searching returns a problem of classes and options for it.
func searching(t *testing.T) (Problem, SearchOptions) {
	t.Helper()
	table := digits(t, 150, 5, 3, 2, 1)
	return Problem{Train: table}, SearchOptions{
		Partitions: [][]int{partition(150, 4, true)}, Seed: 3,
		Features: func(bandwidth float64) (kernel.FeatureMap, error) {
			return kernel.NewLandmarks(kernel.Gaussian{Gamma: kernel.GammaOf(bandwidth)}, table.all.X[:5*60], 5)
		},
	}
}

func mustSearch(t *testing.T, p Problem, o SearchOptions) (SearchStep, []SearchStep) {
	t.Helper()
	best, steps, err := Search(context.Background(), p, o)
	if err != nil {
		t.Fatal(err)
	}
	return best, steps
}

func TestSearch(t *testing.T) {
	p, o := searching(t)
	best, steps := mustSearch(t, p, o)
	found := false
	for i, step := range steps {
		if step.Score.LogLoss < best.Score.LogLoss || i > 0 && step.Bandwidth <= steps[i-1].Bandwidth {
			t.Errorf("step %d: %+v", i, step)
		}
		found = found || reflect.DeepEqual(step, best)
	}
	if !found || len(steps) < 5 {
		t.Errorf("the best of %d steps is none of them", len(steps))
	}
	// What is told of the best is what its features and ridge do.
	p.Features, _ = o.Features(best.Bandwidth)
	if c := mustValidate(t, p, best.Ridge, o.Partitions...); math.Abs(c.Score.LogLoss-best.Score.LogLoss) > 1e-6 {
		t.Errorf("log loss %v, then %v", best.Score.LogLoss, c.Score.LogLoss)
	}
	p.Features = nil
	for _, cores := range []int{1, 2, 3} {
		before := runtime.GOMAXPROCS(cores)
		again, _ := mustSearch(t, p, o)
		runtime.GOMAXPROCS(before)
		if !reflect.DeepEqual(again, best) {
			t.Errorf("on %d cores %v and %v, want %v and %v", cores, again.Bandwidth, again.Ridge, best.Bandwidth, best.Ridge)
		}
	}

	near := best
	o.Near, o.Start = &near, 1e9
	narrow, few := mustSearch(t, p, o)
	if len(few) != 3 || narrow.Score.LogLoss > best.Score.LogLoss*(1+1e-9) || !(few[0].Bandwidth < best.Bandwidth && few[2].Bandwidth > best.Bandwidth) {
		t.Errorf("near %v: %v of %d steps", best.Bandwidth, narrow.Bandwidth, len(few))
	}

	o.Near, o.Start, o.Fixed = nil, 2.5, true
	if fixed, steps := mustSearch(t, p, o); fixed.Bandwidth != 2.5 || len(steps) != 1 {
		t.Errorf("fixed at 2.5: %v of %d steps", fixed.Bandwidth, len(steps))
	}
	o.Ridges = []float64{0.3, 0.03}
	if fixed, _ := mustSearch(t, p, o); !slices.Contains(o.Ridges, fixed.Ridge) {
		t.Errorf("the ridge is %v", fixed.Ridge)
	}

	o = SearchOptions{Partitions: o.Partitions}
	linear, steps := mustSearch(t, p, o)
	if len(steps) != 1 || linear.Bandwidth != 0 || math.IsNaN(linear.Score.LogLoss) {
		t.Errorf("linear: %+v", linear.Score)
	}
	p.HoldOut = friedman(t, 10, 1, 1) // not used
	if again, _ := mustSearch(t, p, o); !reflect.DeepEqual(again, linear) {
		t.Error("rows held out count")
	}
}

// TestDescentFindsTheLeast of losses with one minimum, wherever it starts.
func TestDescentFindsTheLeast(t *testing.T) {
	p, o := searching(t)
	p.Features, _ = o.Features(4)
	v, err := newValidation(context.Background(), p, p.Train.(*Table), o.Partitions)
	if err != nil {
		t.Fatal(err)
	}
	ridges, losses := searchRidges(), []float64(nil)
	for _, ridge := range ridges {
		c, err := v.try(context.Background(), ridge)
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, c.Score.LogLoss)
	}
	want := slices.Index(losses, slices.Min(losses))
	for start := -1; start < len(ridges); start++ {
		d := &descent{validation: v, ridges: ridges, tried: map[int]*CrossValidation{}}
		got, err := d.run(context.Background(), start)
		if err != nil || losses[got] > losses[want]*(1+1e-3) {
			t.Errorf("from %d: %d with the loss %v, want %d with %v; %v", start, got, losses[got], want, losses[want], err)
		}
	}
}

func TestBadSearch(t *testing.T) {
	for want, change := range map[string]func(*Problem, *SearchOptions){
		"in a Table":       func(p *Problem, _ *SearchOptions) { p.Train = nil },
		"want a partition": func(_ *Problem, o *SearchOptions) { o.Partitions = nil },
		"starts at -1":     func(_ *Problem, o *SearchOptions) { o.Start = -1 },
		"starts at NaN":    func(_ *Problem, o *SearchOptions) { o.Start = math.NaN() },
		"starts at 0":      func(_ *Problem, o *SearchOptions) { o.Near = &SearchStep{} },
		"ridge NaN":        func(_ *Problem, o *SearchOptions) { o.Ridges = []float64{1, math.NaN()} },
		"ridge 0":          func(_ *Problem, o *SearchOptions) { o.Ridges = []float64{0} },
		"scaling":          func(p *Problem, _ *SearchOptions) { p.Scaling.Mean = []float32{1} },
		"no features": func(_ *Problem, o *SearchOptions) {
			o.Features = func(float64) (kernel.FeatureMap, error) { return nil, errors.New("no features") }
		},
		"column 1 is NaN": func(p *Problem, o *SearchOptions) {
			o.Features, p.Train.(*Table).all.X[5] = nil, float32(math.NaN())
		},
		"row 3 is in fold 5000:": func(_ *Problem, o *SearchOptions) { o.Partitions[0][2] = 5000 },
	} {
		p, o := searching(t)
		change(&p, &o)
		if _, _, err := Search(context.Background(), p, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	p, o := searching(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := Search(ctx, p, o); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestScalingApply(t *testing.T) {
	s := Scaling{Mean: []float32{1, 2}, Scale: []float32{3, 4}, UnitRows: true}
	x := []float32{2, 2, 1, 3, 1, 2}
	s.Apply(x, 2)
	if !slices.Equal(x, []float32{1, 0, 0, 1, 0, 0}) {
		t.Errorf("%v", x)
	}
}
