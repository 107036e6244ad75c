package train

import "fmt"

// position is a number of epochs and steps that are done.
type position struct {
	Epochs int `json:"epochs"`
	Steps  int `json:"steps"`
}

// length is how long a run on n samples lasts, or what follows of it from a position.
type length struct {
	from    position
	batch   int // samples of a full batch
	batches int // of a whole epoch
	steps   int // from there on
	epochs  int // at the end, those before from included
	// dropped is how many samples at the end of an epoch are left out, because a batch
	// of them would give parts too small for the network.
	dropped int
}

// newLength fails where full batches would give parts of less than least samples, and
// where the recipe ends at from or before.
func newLength(r Recipe, n, least int, from position) (length, error) {
	l := length{from: from, batch: min(r.BatchSize, n)}
	if err := checkParts(l.batch, r.parts(), least); err != nil {
		return l, err
	}
	l.batches = n / l.batch
	if rest := n % l.batch; rest > 0 && rest/r.parts() >= least {
		l.batches++
	} else {
		l.dropped = rest
	}
	if l.steps = r.Steps - from.Steps; r.Steps == 0 {
		l.steps = (r.Epochs - from.Epochs) * l.batches
	}
	if l.steps < 1 {
		return l, fmt.Errorf("train: the run has %d epochs, %d steps, already: want a recipe with more of them", from.Epochs, from.Steps)
	}
	l.epochs = from.Epochs + (l.steps+l.batches-1)/l.batches
	return l, nil
}

// stepsBefore returns how many steps are done where a batch begins. After the last epoch
// they are all, however many batches that had.
func (l length) stepsBefore(epoch, batch int) int {
	return l.from.Steps + min((epoch-l.from.Epochs)*l.batches+batch, l.steps)
}

// batchesOf returns the number of batches of an epoch: the last one may be a part of one.
func (l length) batchesOf(epoch int) int {
	return l.stepsBefore(epoch+1, 0) - l.stepsBefore(epoch, 0)
}
