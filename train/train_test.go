package train

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/internal/check"
	"github.com/deepfry/deepfry/internal/cpu"
	"github.com/deepfry/deepfry/nn"
)

// stripes returns images of 8 × 8 noisy pixels with a bright row, whose number
// is the label.
func stripes(n int) *dataset.Images {
	source := rand.New(rand.NewPCG(1, 2))
	set := &dataset.Images{Channels: 1, Height: 8, Width: 8, Classes: strings.Split("01234567", "")}
	for range n {
		label := source.IntN(8)
		for pixel := range 64 {
			value := source.IntN(120)
			if pixel/8 == label {
				value += 130
			}
			set.Pixels = append(set.Pixels, byte(value))
		}
		set.Labels = append(set.Labels, int32(label))
	}
	return set
}

// small is a fried network with every kind of parameter.
func small() nn.Description {
	return nn.Description{Name: "small", Input: nn.Shape{1, 8, 8}, Nodes: []nn.Node{
		{Name: "conv1", Op: nn.Conv{Out: 4, Kernel: 3}},
		{Name: "pool1", Op: nn.MaxPool{Kernel: 2, Stride: 2}},
		{Name: "relu1", Op: nn.ReLU{}},
		{Name: "fc1", Op: nn.Fastfood{Out: 64, Learn: "SGB"}},
		{Name: "norm", Op: nn.BatchNorm{}},
		{Name: "relu2", Op: nn.ReLU{}},
		{Name: "dropout", Op: nn.Dropout{Rate: 0.2}},
		{Name: "fc2", Op: nn.Dense{Out: 8}},
	}}
}

func smallRecipe() Recipe {
	r := Default()
	r.Epochs, r.BatchSize, r.Augment = 3, 25, dataset.Light()
	return r
}

func newTrainer(t *testing.T, r Recipe, images *dataset.Images) *Trainer {
	t.Helper()
	network, err := nn.New(small(), 7)
	if err != nil {
		t.Fatal(err)
	}
	trainer, err := New(network, images, r, 7)
	if err != nil {
		t.Fatal(err)
	}
	return trainer
}

func run(t *testing.T, trainer *Trainer) {
	t.Helper()
	for !trainer.Done() {
		if err := trainer.RunEpoch(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
	}
}

// values returns all parameters of a network behind each other.
func values(n *nn.Network) []float32 {
	var all []float32
	for _, p := range n.Params() {
		all = append(all, p.Data...)
	}
	return all
}

func TestEveryRecipeLearns(t *testing.T) {
	images := stripes(500)
	sgd := Caffe()
	sgd.Schedule = Schedule{Kind: "step", Gamma: 0.5, StepSize: 100}
	cosine := Default()
	cosine.Schedule, cosine.Smoothing = Schedule{Kind: "cosine"}, 0.1
	for name, r := range map[string]Recipe{"default": Default(), "caffe": Caffe(), "step": sgd, "cosine": cosine} {
		r.Epochs, r.BatchSize = 6, 20
		trainer := newTrainer(t, r, images)
		run(t, trainer)
		first, last := trainer.History[0], trainer.History[5]
		if last.Loss > 0.7*first.Loss || last.TrainErrorPercent > first.TrainErrorPercent {
			t.Errorf("%s: loss from %.3f to %.3f, error from %.1f%% to %.1f%%", name, first.Loss, last.Loss, first.TrainErrorPercent, last.TrainErrorPercent)
		}
		evaluator, err := NewEvaluator(trainer.Network, images)
		if err != nil {
			t.Fatal(err)
		}
		result, err := evaluator.Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if result.Images != 500 || result.ErrorPercent > 60 {
			t.Errorf("%s: evaluation %+v, want 500 images and better than chance (87.5%%)", name, result)
		}
	}
}

// TestDecayIsForWeights makes one step, in which the gradients are those
// without decay.
func TestDecayIsForWeights(t *testing.T) {
	r := smallRecipe()
	r.Epochs, r.BatchSize, r.Augment = 1, 50, nil
	plain := newTrainer(t, r, stripes(50))
	r.Optimizer.Decay = 0.1
	decayed := newTrainer(t, r, stripes(50))
	run(t, plain)
	run(t, decayed)
	for i, p := range plain.Network.Params() {
		same := slices.Equal(p.Data, decayed.Network.Params()[i].Data)
		if same == (p.Kind == nn.Weight) {
			t.Errorf("%s (%s): unchanged by decay: %v", p.Name, p.Kind, same)
		}
	}
}

func TestFixedDiagonalsStay(t *testing.T) {
	d := small()
	d.Nodes[3].Op = nn.Fastfood{Out: 64, Learn: "G"}
	network, err := nn.New(d, 7)
	if err != nil {
		t.Fatal(err)
	}
	before := map[string][]float32{}
	for _, p := range network.Params() {
		before[p.Name] = slices.Clone(p.Data)
	}
	trainer, err := New(network, stripes(50), smallRecipe(), 1)
	if err != nil {
		t.Fatal(err)
	}
	run(t, trainer)
	for _, p := range network.Params() {
		changes := p.Learn || p.Kind == nn.Statistic
		if same := slices.Equal(before[p.Name], p.Data); same == changes && p.Kind != nn.Permutation {
			t.Errorf("%s: to change: %v, unchanged: %v", p.Name, changes, same)
		}
	}
}

func TestResultsDoNotDependOnCores(t *testing.T) {
	images := stripes(120)
	var want []float32
	for _, cores := range []int{1, 2, 4} {
		before := runtime.GOMAXPROCS(cores)
		trainer := newTrainer(t, smallRecipe(), images)
		run(t, trainer)
		runtime.GOMAXPROCS(before)
		if got := values(trainer.Network); want == nil {
			want = got
		} else if !slices.Equal(got, want) {
			t.Errorf("%d cores give other weights than one", cores)
		}
	}
}

// TestResumedEqualsUninterrupted stops a run at every step once, by a cancelled
// context, and goes on from the file, on other numbers of cores. Every file is that
// of the run which was never stopped, byte for byte.
func TestResumedEqualsUninterrupted(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	images := stripes(120) // 5 steps an epoch, the last one smaller
	for _, kind := range []string{"adamw", "sgd"} {
		r := smallRecipe()
		if kind == "sgd" {
			r.Optimizer = Caffe().Optimizer
		}
		whole := newTrainer(t, r, images)
		want := map[int][]byte{} // files by steps
		save := func(Progress) error {
			want[whole.StepsDone()] = file(t, whole)
			return nil
		}
		for !whole.Done() {
			if err := whole.RunEpoch(context.Background(), save); err != nil {
				t.Fatal(err)
			}
			whole.History[whole.epoch.Number-1].Test = &Evaluation{Images: 3, Errors: 1, ErrorPercent: 100. / 3, Loss: 1. / 3}
			save(Progress{})
		}
		path := filepath.Join(t.TempDir(), "run.safetensors")
		trainer := newTrainer(t, r, images)
		stops := 0
		for !trainer.Done() {
			runtime.GOMAXPROCS([]int{4, 1, 2}[stops%3])
			ctx, cancel := context.WithCancel(context.Background())
			err := trainer.RunEpoch(ctx, func(Progress) error { cancel(); return nil })
			if errors.Is(err, context.Canceled) {
				stops++
			} else if err != nil {
				t.Fatal(err)
			} else {
				trainer.History[trainer.epoch.Number-1].Test = whole.History[0].Test
			}
			content := file(t, trainer)
			if step := trainer.StepsDone(); !bytes.Equal(content, want[step]) {
				t.Fatalf("%s: after step %d and %d stops, the file is not that of a run without stops", kind, step, stops)
			}
			if err := os.WriteFile(path, content, 0o644); err != nil {
				t.Fatal(err)
			}
			if trainer, err = Resume(path, images); err != nil {
				t.Fatal(err)
			}
		}
		if stops < 10 {
			t.Errorf("%s: only %d interruptions", kind, stops)
		}
		for i, e := range trainer.History {
			if e.Seconds != 0 || whole.History[i].Seconds <= 0 {
				t.Errorf("%s: epoch %d took %v seconds in a run that was resumed, %v in one that was not", kind, i+1, e.Seconds, whole.History[i].Seconds)
			}
		}
	}
}

// file returns the file that the trainer saves.
func file(t *testing.T, trainer *Trainer) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.safetensors")
	if err := trainer.Save(path, map[string]string{"a": "b", "c": "d", "e": "f"}); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestResumeTellsTheKernel(t *testing.T) {
	images, path := stripes(50), filepath.Join(t.TempDir(), "run.safetensors")
	restore := cpu.Use(cpu.Ref)
	err := newTrainer(t, smallRecipe(), images).Save(path, nil)
	restore()
	if err != nil {
		t.Fatal(err)
	}
	if trainer, err := Resume(path, images); err != nil || trainer.Kernel != "ref" {
		t.Errorf("resumed %+v, %v, want the kernel ref", trainer, err)
	}
}

func TestDivergenceIsDiagnosed(t *testing.T) {
	trainer := newTrainer(t, smallRecipe(), stripes(50))
	path := filepath.Join(t.TempDir(), "good.safetensors")
	if err := trainer.Save(path, nil); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	trainer.Network.Param("fc1.g").Data[3] = float32(math.Inf(1))
	var diverged *DivergedError
	if err := trainer.RunEpoch(context.Background(), nil); !errors.As(err, &diverged) {
		t.Fatalf("error %v, want a DivergedError", err)
	}
	if diverged.Step != 1 || diverged.Layer != "fc1" || !strings.Contains(diverged.Error(), "fc1") {
		t.Errorf("%+v (%v): want step 1 and layer fc1", diverged, diverged)
	}
	evaluator, err := NewEvaluator(trainer.Network, stripes(10))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := evaluator.Run(context.Background()); !errors.As(err, &diverged) || !strings.Contains(err.Error(), "measuring") {
		t.Errorf("measuring: error %v, want a DivergedError", err)
	}
	if err := trainer.Save(path, nil); err == nil || !strings.Contains(err.Error(), "fc1.g") {
		t.Errorf("saving infinite weights: %v, want an error that names fc1.g", err)
	}
	if after, _ := os.ReadFile(path); !slices.Equal(after, good) {
		t.Error("the good checkpoint was overwritten")
	}
}

// TestStepAllocatesNothing counts the allocations of an epoch's steps, loader
// and augmentation included, on two cores. The runtime allocates a little: what
// goroutines sleep on, up to 128 for each core.
func TestStepAllocatesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("many steps")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	const steps = 1000
	for _, parts := range []int{1, 2} {
		r := smallRecipe()
		r.BatchSize, r.Parts = 5, parts
		trainer := newTrainer(t, r, stripes(5*(steps+20)))
		var before, after runtime.MemStats
		if err := trainer.RunEpoch(context.Background(), func(p Progress) error {
			switch p.Batch {
			case 10:
				runtime.ReadMemStats(&before)
			case 10 + steps:
				runtime.ReadMemStats(&after)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if n := after.Mallocs - before.Mallocs; n >= steps/2 {
			t.Errorf("%d parts: %d allocations in %d steps", parts, n, steps)
		}
	}
}

func TestErrors(t *testing.T) {
	images := stripes(50)
	network, err := nn.New(small(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Recipe){
		"no epochs":                              func(r *Recipe) { r.Epochs = 0 },
		"epochs and steps":                       func(r *Recipe) { r.Steps = 5 },
		"negative steps":                         func(r *Recipe) { r.Epochs, r.Steps = 0, -5 },
		"endless":                                func(r *Recipe) { r.Epochs = maxLength + 1 },
		"parts":                                  func(r *Recipe) { r.Parts = 26 },
		"negative parts":                         func(r *Recipe) { r.Parts = -1 },
		"keep":                                   func(r *Recipe) { r.Keep = "worst" },
		"augmentation":                           func(r *Recipe) { r.Augment = &dataset.Augmentation{Shift: -1} },
		"huge batch":                             func(r *Recipe) { r.BatchSize = 1 << 30 },
		"zero rate":                              func(r *Recipe) { r.Optimizer.Rate = 0 },
		"NaN rate":                               func(r *Recipe) { r.Optimizer.Rate = math.NaN() },
		"optimizer":                              func(r *Recipe) { r.Optimizer.Kind = "newton" },
		"momentum":                               func(r *Recipe) { r.Optimizer = Optimizer{Kind: "sgd", Rate: 1, Momentum: 1} },
		"beta":                                   func(r *Recipe) { r.Optimizer.Beta2 = 1 },
		"schedule":                               func(r *Recipe) { r.Schedule.Kind = "linear" },
		"step size":                              func(r *Recipe) { r.Schedule = Schedule{Kind: "step", Gamma: 0.1} },
		"NaN gamma":                              func(r *Recipe) { r.Schedule = Schedule{Kind: "step", Gamma: math.NaN(), StepSize: 1} },
		"infinite gamma":                         func(r *Recipe) { r.Schedule = Schedule{Kind: "inv", Gamma: math.Inf(1)} },
		"NaN power":                              func(r *Recipe) { r.Schedule = Schedule{Kind: "inv", Power: math.NaN()} },
		"epsilon of 0":                           func(r *Recipe) { r.Optimizer.Epsilon = 1e-60 },
		"infinite epsilon":                       func(r *Recipe) { r.Optimizer.Epsilon = math.Inf(1) },
		"label smoothing":                        func(r *Recipe) { r.Smoothing = 1 },
		"a group of parameters that never learn": func(r *Recipe) { r.Groups = map[nn.ParamKind]Group{nn.Permutation: {RateFactor: 1}} },
		"a group that is none":                   func(r *Recipe) { r.Groups = map[nn.ParamKind]Group{"diagnal": {RateFactor: 1}} },
		"NaN of the other optimizer":             func(r *Recipe) { r.Optimizer.Momentum = math.NaN() },
		"NaN of another schedule":                func(r *Recipe) { r.Schedule.Gamma = math.NaN() },
		"negative factors":                       func(r *Recipe) { r.Groups = map[nn.ParamKind]Group{nn.Bias: {RateFactor: -1}} },
	} {
		r := smallRecipe()
		change(&r)
		if _, err := New(network, images, r, 1); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := New(network, nil, smallRecipe(), 1); err == nil || err.Error() != "train: there are no images (nil)" {
		t.Errorf("images nil: error %v", err)
	}
	if _, err := New(nil, images, smallRecipe(), 1); err == nil {
		t.Error("network nil: no error")
	}
	if _, err := New(network, &dataset.Images{}, smallRecipe(), 1); err == nil {
		t.Error("no images: no error")
	}
	if _, err := NewEvaluator(network, nil); err == nil {
		t.Error("measured on images nil: no error")
	}
	wrong := stripes(10)
	wrong.Classes = append(wrong.Classes, "8")
	if _, err := New(network, wrong, smallRecipe(), 1); err == nil {
		t.Error("more classes than outputs: no error")
	}
	oblong := stripes(10)
	oblong.Height, oblong.Width = 4, 16
	if _, err := New(network, oblong, smallRecipe(), 1); err == nil {
		t.Error("4×16 pixels for 8×8: no error")
	}
	path := filepath.Join(t.TempDir(), "run.safetensors")
	if err := newTrainer(t, smallRecipe(), images).Save(path, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := Resume(path, nil); err == nil {
		t.Error("resumed on images nil: no error")
	}
	if _, err := Resume(path, stripes(51)); err == nil {
		t.Error("resumed on other data: no error")
	}
	if err := checkpoint.Save(path, network, checkpoint.Extra{}); err != nil {
		t.Fatal(err)
	}
	if _, err := Resume(path, images); err == nil {
		t.Error("resumed without a training state: no error")
	}
}

func TestScheduleFactors(t *testing.T) {
	const steps = 10001
	for _, c := range []struct {
		schedule Schedule
		step     int
		want     float64
	}{
		{Schedule{Kind: "constant"}, 50, 1},
		{Schedule{Kind: "inv", Gamma: 0.0001, Power: 0.75}, 10000, math.Pow(2, -0.75)},
		{Schedule{Kind: "step", Gamma: 0.1, StepSize: 10}, 29, 0.01},
		{Schedule{Kind: "cosine"}, 0, 1},
		{Schedule{Kind: "cosine"}, 10000, math.Pow(math.Sin(math.Pi/2/steps), 2)},
		{Schedule{Kind: "onecycle"}, 0, 0.04},
		{Schedule{Kind: "onecycle"}, 3000, 1},
		{Schedule{Kind: "onecycle"}, 6500, (1 + 4e-6) / 2},
		{Schedule{Kind: "onecycle"}, 10000, 4e-6},
	} {
		if got := c.schedule.Factor(c.step, steps); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s at step %d of %d: %v, want %v", c.schedule.Kind, c.step, steps, got, c.want)
		}
	}
}

// TestScheduleEnds: a step beyond the run would have the rate go up again.
func TestScheduleEnds(t *testing.T) {
	for _, c := range []struct {
		schedule    Schedule
		step, steps int
	}{
		{Schedule{Kind: "onecycle"}, 100, 100}, {Schedule{Kind: "cosine"}, -1, 100}, {Schedule{Kind: "cosine"}, 0, 0},
		{Schedule{}, 0, 100}, {Schedule{Kind: "step", Gamma: 0.1}, 0, 100},
	} {
		check.Panics(t, c.schedule.Kind, "train: Factor: ", func() { c.schedule.Factor(c.step, c.steps) })
	}
}
