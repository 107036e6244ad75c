package nn

import (
	"math"
	"testing"
)

func TestSoftmaxCrossEntropy(t *testing.T) {
	// Golden values, by hand: softmax(0, ln 2, ln 5) = (1, 2, 5)/8.
	logits := []float32{0, float32(math.Log(2)), float32(math.Log(5)), 1000, 0, 0}
	labels := []int32{1, 0}
	grad := make([]float32, 6)
	loss, errors := SoftmaxCrossEntropy{}.Evaluate(grad, logits, labels, 3)
	if want := math.Log(4); math.Abs(loss-want) > 1e-6 || errors != 1 {
		t.Errorf("loss %v and %d errors, want %v and 1", loss, errors, want)
	}
	for i, want := range []float64{1. / 16, -6. / 16, 5. / 16, 0, 0, 0} {
		if math.Abs(float64(grad[i])-want) > 1e-6 {
			t.Errorf("gradient[%d] = %v, want %v", i, grad[i], want)
		}
	}
	loss, _ = SoftmaxCrossEntropy{Smoothing: 0.3}.Evaluate(nil, logits[:3], labels[:1], 3)
	if want := 0.1*math.Log(8) + 0.8*math.Log(4) + 0.1*math.Log(8./5); math.Abs(loss-want) > 1e-6 {
		t.Errorf("smoothed loss %v, want %v", loss, want)
	}
	Softmax(logits[:3])
	if math.Abs(float64(logits[2])-5./8) > 1e-6 {
		t.Errorf("softmax gives %v, want 1/8, 2/8, 5/8", logits[:3])
	}
}

func TestLossGradient(t *testing.T) {
	logits, labels := gaussian(5*7, 3), []int32{0, 6, 3, 2, 2}
	for _, loss := range []SoftmaxCrossEntropy{{}, {Smoothing: 0.2}} {
		grad := make([]float32, len(logits))
		loss.Evaluate(grad, logits, labels, 7)
		for i := range logits {
			const step = 1e-2
			before := logits[i]
			logits[i] = before + step
			up, _ := loss.Evaluate(nil, logits, labels, 7)
			logits[i] = before - step
			down, _ := loss.Evaluate(nil, logits, labels, 7)
			logits[i] = before
			if want := (up - down) / (2 * step * 5); math.Abs(float64(grad[i])-want) > 1e-5 {
				t.Errorf("smoothing %v: gradient[%d] = %v, want %v", loss.Smoothing, i, grad[i], want)
			}
		}
	}
}

func TestLossShowsNonFiniteLogits(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		for at := range 3 {
			logits := []float32{1, 2, 3}
			logits[at] = float32(bad)
			loss, errors := SoftmaxCrossEntropy{}.Evaluate(nil, logits, []int32{0}, 3)
			if !math.IsNaN(loss) || errors != 1 {
				t.Errorf("logit %d is %v: loss %v and %d errors, want NaN and 1", at, bad, loss, errors)
			}
		}
	}
}
