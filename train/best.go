package train

import (
	"github.com/deepfry/deepfry/nn"
)

// best is a copy of the parameters of the best epoch so far, for Recipe.Keep.
type best struct {
	epoch  int         // from 1; 0: none yet
	values [][]float32 // of the parameters that change; nil: the network has them itself
}

// Judge tells the trainer how the network does on images for validation, after an epoch
// that it finished, and puts it into History. With Recipe.Keep, the epoch with the
// fewest errors is the best, among equals that with the lower loss and then the earlier;
// after the run's last epoch, the network gets the parameters of the best. It panics in
// the middle of an epoch and if the epoch was judged before.
func (t *Trainer) Judge(e Evaluation) {
	last := len(t.History) - 1
	if last < 0 || t.InEpoch() || t.History[last].Validation != nil {
		panic("train: Judge: the epoch is not finished, or was judged before")
	}
	t.History[last].Validation = &e
	if t.Recipe.Keep == "" {
		return
	}
	if t.best.epoch == 0 || e.betterThan(*t.History[t.best.epoch-1].Validation) {
		t.markBest(last + 1)
		t.best.take(t.Network)
	}
	if t.Done() {
		t.best.put(t.Network)
	}
}

// betterThan compares shares of errors, so that a set for validation may change.
func (e Evaluation) betterThan(other Evaluation) bool {
	a, b := e.Errors*other.Images, other.Errors*e.Images
	return a < b || a == b && e.Loss < other.Loss
}

// markBest makes an epoch, from 1, the best one: 0 makes it none.
func (t *Trainer) markBest(epoch int) {
	t.best.epoch = epoch
	for i := range t.History {
		t.History[i].Best = i == epoch-1
	}
}

// settled tells whether the run is done and the network has the parameters that the
// recipe wants: between the last epoch and Judge it has not.
func (t *Trainer) settled() bool {
	return t.Done() && (t.best.epoch == 0 || t.History[len(t.History)-1].Validation != nil)
}

// extendBest prepares for further epochs: the network has the parameters of the best
// so far.
func (t *Trainer) extendBest() {
	if t.Recipe.Keep == "" {
		t.markBest(0)
		t.best = best{}
	} else if t.best.epoch > 0 && t.best.values == nil {
		t.best.take(t.Network)
	}
}

// changing returns the parameters that training changes.
func changing(n *nn.Network) (params []*nn.Param) {
	for _, p := range n.Params() {
		if p.Learn || p.Kind == nn.Statistic {
			params = append(params, p)
		}
	}
	return params
}

func (b *best) take(n *nn.Network) {
	for i, p := range changing(n) {
		if i == len(b.values) {
			b.values = append(b.values, nil)
		}
		b.values[i] = append(b.values[i][:0], p.Data...)
	}
}

func (b *best) put(n *nn.Network) {
	for i, p := range changing(n) {
		copy(p.Data, b.values[i])
	}
	b.values = nil
}

// state returns the copy by the names under which checkpoints hold it.
func (b *best) state(n *nn.Network) map[string][]float32 {
	tensors := map[string][]float32{}
	for i, p := range changing(n) {
		tensors["best/"+p.Name] = b.values[i]
	}
	return tensors
}
