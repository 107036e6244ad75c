package nn

import (
	"math"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/internal/check"
)

// TestPassesOutOfOrderPanic: gradients of nothing, or of the batch before, would be
// zeros and stale numbers without a word.
func TestPassesOutOfOrderPanic(t *testing.T) {
	n := mustNew(t, residual())
	x := gaussian(2*72, 1)
	w := n.NewWorkspace(2, true)
	check.Panics(t, "OutputGrad first", "nn: OutputGrad before Forward", func() { w.OutputGrad() })
	check.Panics(t, "Backward first", "nn: Backward without a Forward", w.Backward)
	check.Panics(t, "UpdateStatistics first", "nn: UpdateStatistics without a Backward", w.UpdateStatistics)
	for range 2 {
		w.Forward(x)
		check.Panics(t, "UpdateStatistics after Forward", "nn: UpdateStatistics without a Backward", w.UpdateStatistics)
		copy(w.OutputGrad(), gaussian(8, 2))
		w.Backward()
		check.Panics(t, "Backward twice", "nn: Backward without a Forward", w.Backward)
		w.UpdateStatistics()
		check.Panics(t, "UpdateStatistics twice", "nn: UpdateStatistics without a Backward", w.UpdateStatistics)
	}
	inference := n.NewWorkspace(2, false)
	inference.Forward(x)
	check.Panics(t, "Backward of inference", "nn: Backward on a workspace that is not for training", inference.Backward)
	check.Panics(t, "UpdateStatistics of inference", "nn: UpdateStatistics without a Backward", inference.UpdateStatistics)
}

func TestForwardWantsWholeSamples(t *testing.T) {
	w := mustNew(t, residual()).NewWorkspace(2, true)
	for _, size := range []int{0, 71, 73, 3 * 72} {
		check.Panics(t, "Forward", "nn: Forward: ", func() { w.Forward(make([]float32, size)) })
	}
	square := mustNew(t, Description{Name: "square", Input: Shape{4}, Nodes: []Node{{Name: "fc", Op: Dense{Out: 4}}}}).NewWorkspace(2, false)
	check.Panics(t, "Forward in place", "nn: Forward: the input overlaps", func() { square.Forward(square.Forward(make([]float32, 8))) })
	w.SetStream(Stream{Samples: []int{1}})
	check.Panics(t, "Forward", "nn: Forward: the stream", func() { w.Forward(make([]float32, 2*72)) })
}

// TestAbsurdBatches gives batches whose bytes no number holds, and none.
func TestAbsurdBatches(t *testing.T) {
	d := residual()
	n := mustNew(t, d)
	one, err := WorkspaceBytes(d, 1, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, batch := range []int{math.MinInt, -1, 0, math.MaxInt / int(one), math.MaxInt / 8, math.MaxInt} {
		for _, training := range []bool{false, true} {
			bytes, err := WorkspaceBytes(d, batch, training)
			if err == nil && bytes < int64(batch) || err != nil && !strings.Contains(err.Error(), "a workspace for a batch of") {
				t.Errorf("a batch of %d: %d bytes, error %v", batch, bytes, err)
			}
			if batch < 1 || batch == math.MaxInt {
				if err == nil {
					t.Errorf("a batch of %d takes %d bytes, want an error", batch, bytes)
				}
				check.Panics(t, "NewWorkspace", "nn: a workspace", func() { n.NewWorkspace(batch, training) })
			}
		}
	}
}

func TestLossPanics(t *testing.T) {
	for name, c := range map[string]struct {
		smoothing float64
		logits    int
		labels    []int32
	}{
		"too few labels": {0, 6, []int32{0}}, "too few logits": {0, 5, []int32{0, 1}}, "a label that is no class": {0, 6, []int32{0, 3}},
		"a negative label": {0, 6, []int32{0, -1}}, "negative smoothing": {-0.1, 6, []int32{0, 1}}, "smoothing NaN": {math.NaN(), 6, []int32{0, 1}},
		"smoothing 2": {2, 6, []int32{0, 1}},
	} {
		check.Panics(t, name, "nn: ", func() {
			SoftmaxCrossEntropy{Smoothing: c.smoothing}.Evaluate(nil, make([]float32, c.logits), c.labels, 3)
		})
	}
}
