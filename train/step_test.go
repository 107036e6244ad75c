package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/internal/check"
	"github.com/deepfry/deepfry/nn"
)

// plain is small without batch normalisation.
func plain() nn.Description {
	d := small()
	d.Nodes = slices.DeleteFunc(d.Nodes, func(n nn.Node) bool { return n.Name == "norm" })
	return d
}

func build(t *testing.T, d nn.Description) *nn.Network {
	t.Helper()
	network, err := nn.New(d, 7)
	if err != nil {
		t.Fatal(err)
	}
	return network
}

// TestTreeOfParts writes down what is added to what.
func TestTreeOfParts(t *testing.T) {
	for parts, want := range map[int]string{
		1: "0", 2: "(0+1)", 3: "((0+1)+2)", 4: "((0+1)+(2+3))", 5: "(((0+1)+(2+3))+4)", 6: "(((0+1)+(2+3))+(4+5))",
		7: "(((0+1)+(2+3))+((4+5)+6))", 8: "(((0+1)+(2+3))+((4+5)+(6+7)))", 9: "((((0+1)+(2+3))+((4+5)+(6+7)))+8)",
	} {
		var sum string
		kept := map[int]string{}
		err := addAsTree(parts, func(part int) error { sum = fmt.Sprint(part); return nil },
			func(level int) { kept[level] = sum },
			func(level int) { sum = "(" + kept[level] + "+" + sum + ")"; delete(kept, level) })
		if err != nil || sum != want || len(kept) > 0 {
			t.Errorf("%d parts: %s, left %v, error %v; want %s", parts, sum, kept, err, want)
		}
		if p := newPartialSums(build(t, plain()), build(t, plain()).NewWorkspace(1, true), parts); parts > 1 && len(p.losses) != len(fmt.Sprintf("%b", parts-1)) {
			t.Errorf("%d parts: %d levels", parts, len(p.losses))
		}
	}
	broken := errors.New("broken")
	if err := addAsTree(3, func(part int) error { return broken }, func(int) { t.Error("kept") }, nil); err != broken {
		t.Errorf("error %v, want that of the part", err)
	}
}

// TestPartsLearnAsTheWhole: without batch normalisation, parts change roundings alone.
func TestPartsLearnAsTheWhole(t *testing.T) {
	r := smallRecipe()
	r.Optimizer, r.Epochs = Caffe().Optimizer, 2
	train := func(parts int) *Trainer {
		r.Parts = parts
		trainer, err := New(build(t, plain()), stripes(115), r, 7) // 15 in the last batch
		if err != nil {
			t.Fatal(err)
		}
		run(t, trainer)
		return trainer
	}
	whole := train(0)
	for _, parts := range []int{1, 2, 3, 4, 7, 15} {
		got := train(parts)
		worst := 0.0
		for i, v := range values(got.Network) {
			worst = max(worst, math.Abs(float64(v-values(whole.Network)[i])))
		}
		if worst > 2e-6 || parts == 1 && worst > 0 || parts > 2 && worst == 0 {
			t.Errorf("%d parts: parameters differ by %g", parts, worst)
		}
		a, b := got.History[1], whole.History[1]
		if math.Abs(a.Loss-b.Loss) > 1e-6 || a.TrainErrorPercent != b.TrainErrorPercent {
			t.Errorf("%d parts: %+v, want %+v", parts, a, b)
		}
	}
}

func TestPartsDoNotDependOnCores(t *testing.T) {
	r := smallRecipe()
	r.Parts = 5
	var want []float32
	for _, cores := range []int{1, 2, 4} {
		before := runtime.GOMAXPROCS(cores)
		trainer := newTrainer(t, r, stripes(120))
		run(t, trainer)
		runtime.GOMAXPROCS(before)
		if got := values(trainer.Network); want == nil {
			want = got
		} else if !slices.Equal(got, want) {
			t.Errorf("%d cores give other weights than one", cores)
		}
	}
}

// TestStepInPartsByHand does what a step in three parts is to do with a workspace: each
// part has statistics of its own and counts by its samples.
func TestStepInPartsByHand(t *testing.T) {
	x, labels := rows(25)
	network, byHand := build(t, small()), build(t, small())
	r := Recipe{Parts: 3, Optimizer: Optimizer{Kind: "sgd", Rate: 0.1}, Schedule: Schedule{Kind: "constant"}}
	stepper, err := NewStepper(network, r, 25, 1, Classify(labels, 8))
	if err != nil {
		t.Fatal(err)
	}
	got, err := stepper.Step(x, nn.Stream{Seed: 3, Epoch: 2})
	if err != nil {
		t.Fatal(err)
	}
	w, want := byHand.NewWorkspace(25, true), 0.0
	sums := map[*nn.Param][]float32{}
	for _, part := range [][2]int{{0, 8}, {8, 16}, {16, 25}} {
		var samples []int
		for i := part[0]; i < part[1]; i++ {
			samples = append(samples, i)
		}
		w.SetStream(nn.Stream{Seed: 3, Epoch: 2, Samples: samples})
		outputs := w.Forward(x[part[0]*64 : part[1]*64])
		loss, _ := nn.SoftmaxCrossEntropy{}.Evaluate(w.OutputGrad(), outputs, labels[part[0]:part[1]], 8)
		want += loss
		w.Backward()
		for _, p := range byHand.Params() {
			for i, g := range w.Gradient(p) {
				if i == 0 && sums[p] == nil {
					sums[p] = make([]float32, len(p.Data))
				}
				sums[p][i] += g * float32(part[1]-part[0]) / 25
			}
		}
	}
	if math.Abs(got-want) > 1e-9 {
		t.Errorf("loss %v, want %v", got, want)
	}
	for i, p := range byHand.Params() {
		rate := float32(0.1)
		if p.Kind == nn.Statistic {
			rate = 1
		}
		for j, sum := range sums[p] {
			before, after := p.Data[j], network.Params()[i].Data[j]
			if d := math.Abs(float64(before - rate*sum - after)); d > 1e-6 {
				t.Errorf("%s[%d]: %v became %v, want %v", p.Name, j, before, after, before-rate*sum)
			}
		}
		if p.Kind == nn.Statistic && slices.Equal(p.Data, network.Params()[i].Data) {
			t.Errorf("%s stayed", p.Name)
		}
	}
}

func TestStepperErrors(t *testing.T) {
	network, loss := build(t, small()), Classify(make([]int32, 25), 8)
	r := Default()
	r.Parts = 3
	for name, change := range map[string]func() (*Stepper, error){
		"no network":        func() (*Stepper, error) { return NewStepper(nil, r, 8, 1, loss) },
		"no loss":           func() (*Stepper, error) { return NewStepper(network, r, 8, 1, nil) },
		"no recipe":         func() (*Stepper, error) { return NewStepper(network, Recipe{}, 8, 1, loss) },
		"no steps":          func() (*Stepper, error) { return NewStepper(network, r, 8, 0, loss) },
		"no batch":          func() (*Stepper, error) { return NewStepper(network, r, 0, 1, loss) },
		"negative parts":    func() (*Stepper, error) { return NewStepper(network, Recipe{Parts: -1}, 8, 1, loss) },
		"parts of a sample": func() (*Stepper, error) { return NewStepper(network, r, 5, 1, loss) },
		"parts of nothing":  func() (*Stepper, error) { return NewStepper(build(t, plain()), r, 2, 1, loss) },
	} {
		if _, err := change(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	stepper, err := NewStepper(network, r, 9, 2, loss)
	if err != nil {
		t.Fatal(err)
	}
	before := values(network)
	if _, err := stepper.Step(make([]float32, 5*64), nn.Stream{}); err == nil || !strings.Contains(err.Error(), "5 samples in 3 parts would have 1") {
		t.Errorf("a step of too few samples: error %v", err)
	}
	x := make([]float32, 9*64)
	x[8*64] = float32(math.NaN()) // in the last part
	var diverged *DivergedError
	if _, err := stepper.Step(x, nn.Stream{Epoch: 4}); !errors.As(err, &diverged) || diverged.Step != 1 || diverged.Epoch != 5 || !strings.Contains(err.Error(), "(epoch 5)") {
		t.Errorf("error %v, want a DivergedError", err)
	}
	if !slices.Equal(values(network), before) {
		t.Error("a step that fails changes the network")
	}
	x[8*64] = 0
	check.Panics(t, "a remainder", "train: Step: the input", func() { stepper.Step(x[1:], nn.Stream{}) })
	check.Panics(t, "too many", "train: Step: the input", func() { stepper.Step(make([]float32, 10*64), nn.Stream{}) })
	check.Panics(t, "another stream", "train: Step: the stream", func() { stepper.Step(x, nn.Stream{Samples: []int{1}}) })
	for range 2 {
		if _, err := stepper.Step(x, nn.Stream{}); err != nil {
			t.Fatal(err)
		}
	}
	check.Panics(t, "a third step of two", "train: Factor: a step outside", func() { stepper.Step(x, nn.Stream{}) })
	for _, p := range network.Params() {
		p.Learn = false
	}
	if _, err := NewStepper(network, r, 9, 2, loss); err == nil {
		t.Error("nothing learns: no error")
	}
}

// TestBatchesTooSmall: full batches that are too small are an error, the last one of an
// epoch is left out.
func TestBatchesTooSmall(t *testing.T) {
	for _, c := range []struct {
		description    nn.Description
		n, batch, part int
		seen           int // images of an epoch; 0: an error
	}{
		{small(), 101, 25, 0, 100}, {small(), 102, 25, 0, 102}, {plain(), 101, 25, 1, 101},
		{small(), 107, 25, 4, 100}, {small(), 108, 25, 4, 108}, {plain(), 103, 25, 4, 100}, {plain(), 104, 25, 4, 104},
		{small(), 100, 25, 13, 0}, {plain(), 100, 25, 25, 100}, {plain(), 100, 25, 26, 0}, {small(), 7, 25, 4, 0}, {small(), 1, 25, 1, 0}, {plain(), 3, 25, 4, 0},
	} {
		r := smallRecipe()
		r.Epochs, r.BatchSize, r.Parts = 1, c.batch, c.part
		trainer, err := New(build(t, c.description), stripes(c.n), r, 1)
		if (err == nil) != (c.seen > 0) {
			t.Errorf("%+v: error %v", c, err)
		}
		if err != nil {
			continue
		}
		seen := 0
		if err := trainer.RunEpoch(context.Background(), func(p Progress) error { seen = p.Images; return nil }); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
		if seen != c.seen || (len(trainer.Said) > 0) != (seen < c.n) || !trainer.Done() {
			t.Errorf("%+v: %d images, said %q", c, seen, trainer.Said)
		}
		x, labels := rows(c.n)
		told := 0
		r.Augment = nil
		if err := Rows(context.Background(), build(t, c.description), x, r, 1, Classify(labels, 8), func(int, float64) { told++ }); err != nil || told != 1 {
			t.Errorf("%+v: rows: %v", c, err)
		}
	}
}
