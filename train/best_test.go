package train

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/internal/check"
)

// validations are those of five epochs, of which the third is the best.
var validations = []Evaluation{{Images: 9, Errors: 4, Loss: 2}, {Images: 9, Errors: 3, Loss: 0.9}, {Images: 9, Errors: 3, Loss: 0.8}, {Images: 9, Errors: 3, Loss: 0.8}, {Images: 9, Errors: 8, Loss: 0.1}}

// epoch runs one and judges it.
func epoch(t *testing.T, trainer *Trainer) {
	t.Helper()
	if err := trainer.RunEpoch(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	trainer.Judge(validations[len(trainer.History)-1])
}

func TestBestIsKept(t *testing.T) {
	r := smallRecipe()
	r.Epochs, r.Keep = 5, "best"
	trainer := newTrainer(t, r, stripes(50))
	check.Panics(t, "before an epoch", "train: Judge: ", func() { trainer.Judge(validations[0]) })
	var after [][]float32
	for !trainer.Done() {
		if err := trainer.RunEpoch(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		after = append(after, values(trainer.Network))
		trainer.Judge(validations[len(trainer.History)-1])
		check.Panics(t, "twice", "train: Judge: ", func() { trainer.Judge(validations[0]) })
	}
	if !slices.Equal(values(trainer.Network), after[2]) || slices.Equal(after[2], after[4]) {
		t.Error("the network has not the parameters of the third epoch")
	}
	path := filepath.Join(t.TempDir(), "run.safetensors")
	if err := trainer.Save(path, nil); err != nil {
		t.Fatal(err)
	}
	network, extra, err := checkpoint.Load(path)
	if err != nil || len(extra.Tensors) > 0 || !slices.Equal(values(network), after[2]) {
		t.Errorf("the file holds another network, or %d tensors more; error %v", len(extra.Tensors), err)
	}
	resumed, err := Resume(path, stripes(50))
	if err != nil || !resumed.Done() {
		t.Fatalf("%+v, error %v", resumed, err)
	}
	for i, e := range resumed.History {
		if e.Best != (i == 2) || trainer.History[i].Best != e.Best || e.Validation == nil || e.Validation.Errors != validations[i].Errors || e.Validation.Loss != validations[i].Loss {
			t.Errorf("epoch %d: %+v", i+1, e)
		}
	}
}

// TestLastIsKept: without Keep, Judge writes down and no more.
func TestLastIsKept(t *testing.T) {
	r := smallRecipe()
	trainer, other := newTrainer(t, r, stripes(50)), newTrainer(t, r, stripes(50))
	for range 3 {
		epoch(t, trainer)
	}
	run(t, other)
	if !slices.Equal(values(trainer.Network), values(other.Network)) || trainer.History[2].Best || trainer.History[1].Validation.Errors != 3 {
		t.Errorf("history %+v", trainer.History)
	}
}

// TestResumedFromEveryStep stops runs at every step, before and after each epoch is
// judged, and goes on from the file: by steps, in one part and in four, with the best
// epoch kept, and on beyond the end. Every file is that of the run without stops.
func TestResumedFromEveryStep(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	images := stripes(110) // 5 steps an epoch, the last one of 10
	for _, parts := range []int{1, 4} {
		r := smallRecipe()
		r.Epochs, r.Steps, r.Parts, r.Keep = 0, 13, parts, "best"
		longer := r
		longer.Steps = 20 // 3 epochs, the last one of 3 steps; 7 steps more in 2
		path := filepath.Join(t.TempDir(), "run.safetensors")
		var want [][]byte
		// stops says whether the trainer is replaced by one from the file at every save.
		all := func(stops bool) {
			trainer, saves := newTrainer(t, r, images), 0
			save := func() {
				content := file(t, trainer)
				if !stops {
					want = append(want, content)
					return
				}
				if !bytes.Equal(content, want[saves]) {
					t.Fatalf("%d parts: save %d, step %d: the file is not that of a run without stops", parts, saves, trainer.StepsDone())
				}
				saves++
				if err := os.WriteFile(path, content, 0o644); err != nil {
					t.Fatal(err)
				}
				runtime.GOMAXPROCS([]int{4, 1, 2}[saves%3])
				var err error
				if trainer, err = Resume(path, images); err != nil {
					t.Fatal(err)
				}
			}
			for _, recipe := range []Recipe{r, longer} {
				if trainer.Done() {
					if err := trainer.Extend(recipe); err != nil {
						t.Fatal(err)
					}
					save()
				}
				for !trainer.Done() {
					epochs := len(trainer.History)
					for len(trainer.History) == epochs {
						ctx, cancel := context.WithCancel(context.Background())
						err := trainer.RunEpoch(ctx, func(Progress) error { cancel(); return nil })
						if err != nil && !errors.Is(err, context.Canceled) {
							t.Fatal(err)
						}
						save()
					}
					trainer.Judge(validations[epochs])
					save()
				}
			}
			if n := len(trainer.History); n != 5 || trainer.StepsDone() != 20 || !trainer.History[2].Best {
				t.Errorf("%d parts: %d steps, history %+v", parts, trainer.StepsDone(), trainer.History)
			}
		}
		all(false)
		all(true)
		if len(want) != 20+5+1 {
			t.Errorf("%d files", len(want))
		}
	}
}

// TestExtend: a new optimizer, the schedule over what is added, the epochs numbered on.
func TestExtend(t *testing.T) {
	r := smallRecipe()
	r.Epochs = 2
	trainer := newTrainer(t, r, stripes(120))
	longer := r
	longer.Epochs = 3
	if err := trainer.Extend(longer); err == nil {
		t.Error("before it is done: no error")
	}
	run(t, trainer)
	before := values(trainer.Network)
	same, less, none := r, r, r
	less.Epochs, less.Steps, none.Epochs = 0, 10, 0
	for _, recipe := range []Recipe{same, less, none} {
		if err := trainer.Extend(recipe); err == nil || !trainer.Done() {
			t.Errorf("%d epochs, %d steps: error %v", recipe.Epochs, recipe.Steps, err)
		}
	}
	if err := trainer.Extend(longer); err != nil {
		t.Fatal(err)
	}
	if trainer.Epochs() != 3 || trainer.Steps() != 15 {
		t.Errorf("%d epochs, %d steps, want 3, 15", trainer.Epochs(), trainer.Steps())
	}
	for _, moments := range trainer.stepper.optimizer.state() {
		if slices.ContainsFunc(moments, func(v float32) bool { return v != 0 }) {
			t.Fatal("the optimizer is not new")
		}
	}
	if !slices.Equal(values(trainer.Network), before) {
		t.Error("the network is another")
	}
	at := 0
	if err := trainer.RunEpoch(context.Background(), func(p Progress) error {
		if p.Rate != r.Optimizer.Rate*r.Schedule.Factor(at, 5) || p.Step != 11+at || p.Steps != 15 || p.Epoch != 3 || p.Epochs != 3 {
			t.Errorf("step %d: %+v", at, p)
		}
		at++
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(trainer.History) != 3 || trainer.History[2].Epoch != 3 || !trainer.Done() || at != 5 {
		t.Errorf("history %+v", trainer.History)
	}
}

// TestStatesThatDoNotFit: numbers in a file that contradict each other are an error.
func TestStatesThatDoNotFit(t *testing.T) {
	r := smallRecipe()
	r.Keep = "best"
	trainer := newTrainer(t, r, stripes(50))
	epoch(t, trainer)
	path := filepath.Join(t.TempDir(), "run.safetensors")
	if err := trainer.Save(path, nil); err != nil {
		t.Fatal(err)
	}
	network, extra, err := checkpoint.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	whole := extra.Metadata[stateKey]
	for _, c := range [][2]string{
		{`"best":1`, `"best":2`}, {`"best":1`, `"best":-1`}, {`"keep":"best",`, ``}, {`"best":1`, `"best":1,"from":{"epochs":2,"steps":4}`},
		{`"best":1`, `"best":1,"from":{"epochs":-1,"steps":0}`}, {`"best":1`, `"best":1,"from":{"epochs":1,"steps":3}`},
		{`"step":2`, `"step":3`}, {`"epochs":3`, `"epochs":3,"steps":7`}, {`"epochs":3`, `"epoch":3`}, {`"batch_size":25`, `"batch_size":25,"parts":13`},
	} {
		changed := bytes.Replace([]byte(whole), []byte(c[0]), []byte(c[1]), 1)
		if string(changed) == whole {
			t.Fatalf("there is no %s in %s", c[0], whole)
		}
		extra.Metadata[stateKey] = string(changed)
		if err := checkpoint.Save(path, network, extra); err != nil {
			t.Fatal(err)
		}
		if _, err := Resume(path, stripes(50)); err == nil {
			t.Errorf("%s for %s: no error", c[1], c[0])
		}
	}
	extra.Metadata[stateKey] = whole
	delete(extra.Tensors, "best/fc1.g")
	if err := checkpoint.Save(path, network, extra); err != nil {
		t.Fatal(err)
	}
	if _, err := Resume(path, stripes(50)); err == nil {
		t.Error("without a tensor of the best epoch: no error")
	}
}
