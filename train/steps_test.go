package train

import (
	"context"
	"math"
	"testing"
)

// TestRunBySteps ends within its third epoch.
func TestRunBySteps(t *testing.T) {
	r := smallRecipe()
	r.Epochs, r.Steps = 0, 12
	trainer := newTrainer(t, r, stripes(120)) // 5 steps an epoch
	if trainer.Epochs() != 3 {
		t.Fatalf("%d epochs, want 3", trainer.Epochs())
	}
	var steps, batches, images []int
	for !trainer.Done() {
		if err := trainer.RunEpoch(context.Background(), func(p Progress) error {
			steps, batches, images = append(steps, p.Step), append(batches, p.Batches), append(images, p.Images)
			if want := r.Optimizer.Rate * r.Schedule.Factor(p.Step-1, 12); p.Rate != want || p.Steps != 12 || p.Epochs != 3 {
				t.Errorf("%+v: want the rate %v, 12 steps, 3 epochs", p, want)
			}
			if p.Batch == 1 && math.Abs(p.Loss-p.StepLoss) > 1e-12 || p.Batch > 1 && p.Loss == p.StepLoss || p.StepLoss <= 0 {
				t.Errorf("%+v: the loss of the step", p)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if len(steps) != 12 || steps[11] != 12 || batches[9] != 5 || batches[11] != 2 || images[4] != 120 || images[11] != 50 {
		t.Errorf("steps %v, batches %v, images %v", steps, batches, images)
	}
	if h := trainer.History; len(h) != 3 || h[2].Epoch != 3 || math.Mod(h[2].TrainErrorPercent, 2) != 0 { // of 50 images
		t.Errorf("history %+v", h)
	}
}

// TestRunByStepsIsByEpochs: the same number of steps gives the same bits.
func TestRunByStepsIsByEpochs(t *testing.T) {
	r := smallRecipe()
	byEpochs := newTrainer(t, r, stripes(120))
	r.Epochs, r.Steps = 0, 15
	bySteps := newTrainer(t, r, stripes(120))
	run(t, byEpochs)
	run(t, bySteps)
	if digest(values(byEpochs.Network)) != digest(values(bySteps.Network)) || len(bySteps.History) != 3 {
		t.Error("15 steps differ from 3 epochs of 5")
	}
	x, labels := rows(110)
	var losses [2][]float64
	for i, r := range []Recipe{byEpochs.Recipe, bySteps.Recipe} {
		r.Augment = nil
		network := build(t, small())
		if err := Rows(context.Background(), network, x, r, 1, Classify(labels, 8), func(_ int, loss float64) { losses[i] = append(losses[i], loss) }); err != nil {
			t.Fatal(err)
		}
	}
	if len(losses[0]) != 3 || losses[0][2] != losses[1][2] {
		t.Errorf("rows: losses %v by epochs and by steps", losses)
	}
}
