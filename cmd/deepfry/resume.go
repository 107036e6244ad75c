package main

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/internal/cpu"
	"github.com/deepfry/deepfry/train"
)

// resume returns a trainer that goes on from k's checkpoint, or else from that of a run
// which is k's but for its name or its length; nil if there is none.
func (c *trainCommand) resume(term *console.Terminal, k *contestant, images dataset.Source, tests int) (*train.Trainer, error) {
	path := k.path
	var t *train.Trainer
	var err error
	if exists(path) {
		t, err = c.openRun(k, path, images)
	} else {
		t, path, err = c.openSimilar(term, k, images)
	}
	if err != nil {
		return nil, err
	}
	if t == nil {
		fmt.Fprintf(term.Stderr, "--resume: there is no %s; %s begins anew\n", k.path, k.fc)
		others, _ := filepath.Glob(strings.TrimSuffix(k.oldPath, seedName(c.Seed)) + "*-" + seedName(c.Seed))
		others = slices.DeleteFunc(others, func(path string) bool { return slices.Contains(k.similar, path) }) // why not these is said
		if len(others) > 0 {
			fmt.Fprintf(term.Stderr, "--resume: %s has other settings: their flags would go on from there\n", strings.Join(others, ", "))
		}
		return nil, nil
	}
	if !k.canFollow(t) {
		return nil, tooShort(path, t, k)
	}
	k.sayResumed(term, t, path)
	if last := len(t.History) - 1; last >= 0 && t.History[last].Validation == nil && t.History[last].Test != nil && t.History[last].Test.Images != tests {
		fmt.Fprintf(term.Stderr, "--resume: epochs so far were measured on %d images, and the next ones are on %d: the figures can't be compared\n", t.History[last].Test.Images, tests)
	}
	if kernel := cpu.Current().String(); t.Kernel != kernel {
		fmt.Fprintf(term.Stderr, "--resume: %s was trained with the kernels %q, not %s: the result may differ in its last bits\n", path, t.Kernel, kernel)
	}
	return t, nil
}

// openRun returns a trainer that goes on from a file, if that is of k's run: of another
// length only where a flag gives it.
func (c *trainCommand) openRun(k *contestant, path string, images dataset.Source) (*train.Trainer, error) {
	t, err := train.Resume(path, images)
	if err != nil {
		return nil, err
	}
	recipe := t.Recipe
	if c.GivesLength() {
		recipe.Epochs, recipe.Steps = k.recipe.Epochs, k.recipe.Steps
	}
	if !reflect.DeepEqual(t.Network.Description, k.description) || !reflect.DeepEqual(recipe, k.recipe) || t.Seed != c.Seed {
		return nil, console.Hint(fmt.Errorf("--resume: %s was begun with other settings", path), "repeat the flags of the first run, or choose another folder with --out")
	}
	return t, nil
}

// openSimilar returns a trainer that goes on from one of the files that older versions, or
// runs of other lengths, made: from that which has gone farthest. It is nil if there is
// none. The error is that all have gone farther than k is to.
func (c *trainCommand) openSimilar(term *console.Terminal, k *contestant, images dataset.Source) (farthest *train.Trainer, path string, err error) {
	candidates := k.similar
	if !c.GivesLength() && exists(k.oldPath) {
		candidates = []string{k.oldPath}
	}
	for _, candidate := range candidates {
		t, unfit := c.openRun(k, candidate, images)
		switch {
		case unfit != nil:
			fmt.Fprintf(term.Stderr, "%v: it is passed over\n", unfit)
		case !k.canFollow(t):
			err = tooShort(candidate, t, k)
		case farthest == nil || len(t.History) > len(farthest.History):
			farthest, path = t, candidate
		}
	}
	if farthest != nil {
		err = nil
	}
	return farthest, path, err
}

// canFollow tells whether a run is as long as k is to be, or can go on to that length.
func (k *contestant) canFollow(t *train.Trainer) bool {
	return k.isAsLong(t) || k.recipe.Epochs > t.Epochs() || k.recipe.Steps > t.Steps() // one of the two is 0
}

// tooShort is the error for a run that is to become shorter than it is.
func tooShort(path string, t *train.Trainer, k *contestant) error {
	return console.Hint(fmt.Errorf("--resume: %s is of a run of %s (%s), of which %d are done: it can't go on to %s",
		path, console.Counted(t.Epochs(), "epoch"), console.Counted(t.Steps(), "step"), len(t.History), lengthOf(k.recipe)),
		"ask for more, or leave out --resume: a run of its own has a file of its own")
}

// sayResumed says from which file k goes on, if it is not its own, and how it becomes
// longer.
func (k *contestant) sayResumed(term *console.Terminal, t *train.Trainer, path string) {
	const anew = "with a new optimizer, and the learning rate's schedule anew over what is added"
	text := fmt.Sprintf("--resume: %s goes on from %s", k.fc, path)
	switch {
	case k.isAsLong(t) && path == k.path:
		return
	case k.isAsLong(t):
		text += ", as older versions called it"
	case t.Done():
		text += fmt.Sprintf(", of %s, to %s, %s", lengthOf(t.Recipe), lengthOf(k.recipe), anew)
	default:
		text += fmt.Sprintf(", finishes its %s, and goes on to %s, %s", lengthOf(t.Recipe), lengthOf(k.recipe), anew)
	}
	if path != k.path {
		text += ", and is saved as " + k.path
	}
	fmt.Fprintln(term.Stderr, text)
}

// isAsLong tells whether a run is as long as k is to be.
func (k *contestant) isAsLong(t *train.Trainer) bool {
	return t.Recipe.Epochs == k.recipe.Epochs && t.Recipe.Steps == k.recipe.Steps
}

// extend has a run that is done, and measured, go on to the length that k is to have.
func (k *contestant) extend() error {
	if !k.trainer.Done() || k.final().Test == nil || k.isAsLong(k.trainer) {
		return nil
	}
	return k.trainer.Extend(k.recipe)
}

// epochsLeft returns how many epochs, of so many images, k has to go.
func (k *contestant) epochsLeft(images int) float64 {
	left := k.recipe.Steps - k.trainer.StepsDone()
	perEpoch := float64(images) / float64(min(k.recipe.BatchSize, images))
	if k.recipe.Steps == 0 {
		left = k.trainer.Steps() - k.trainer.StepsDone()
		return float64(left)/perEpoch + float64(k.recipe.Epochs-k.trainer.Epochs())
	}
	return float64(left) / perEpoch
}

// lengthOf says how long a run by a recipe is.
func lengthOf(recipe train.Recipe) string {
	if recipe.Steps > 0 {
		return console.Counted(recipe.Steps, "step")
	}
	return console.Counted(recipe.Epochs, "epoch")
}
