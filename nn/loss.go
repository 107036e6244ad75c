package nn

import "math"

// SoftmaxCrossEntropy is the loss of a classifier. With p = softmax(logits) and
// K classes, the loss of a sample is
//
//	-Σ_k t_k·log(p_k),  t_k = (1-Smoothing)·[k = label] + Smoothing/K
//
// (label smoothing: Szegedy et al., CVPR 2016, section 7).
type SoftmaxCrossEntropy struct {
	Smoothing float64 // from 0 to 1
}

// Evaluate returns the sum of the losses of a batch and how many samples have
// their largest logit elsewhere than at their label. If grad is not nil it is
// overwritten with the gradient of the batch's mean loss with respect to the
// logits. logits and grad are [batch, classes] and labels are less than
// classes. A sample with a logit that is NaN or +Inf is an error, and its loss is
// NaN. It panics where lengths do not fit, for a label that is no class, and unless
// Smoothing is from 0 to 1.
func (l SoftmaxCrossEntropy) Evaluate(grad, logits []float32, labels []int32, classes int) (loss float64, errors int) {
	if len(logits) != len(labels)*classes || grad != nil && len(grad) != len(logits) {
		panic("nn: logits or their gradient are not [batch, classes]")
	}
	if !(l.Smoothing >= 0 && l.Smoothing <= 1) {
		panic("nn: label smoothing is not from 0 to 1")
	}
	for i, label := range labels {
		if label < 0 || int(label) >= classes {
			panic("nn: a label is negative or not less than the number of classes")
		}
		row := logits[i*classes:][:classes]
		best, total := 0, 0.0
		for k, v := range row {
			if v > row[best] {
				best = k
			}
		}
		largest := float64(row[best])
		for _, v := range row {
			total += math.Exp(float64(v) - largest)
		}
		logTotal := math.Log(total) + largest
		if best != int(label) || math.IsNaN(total) {
			errors++
		}
		for k, v := range row {
			target := l.Smoothing / float64(classes)
			if k == int(label) {
				target += 1 - l.Smoothing
			}
			logP := float64(v) - logTotal
			if target > 0 {
				loss -= target * logP
			}
			if grad != nil {
				grad[i*classes+k] = float32((math.Exp(logP) - target) / float64(len(labels)))
			}
		}
	}
	return loss, errors
}

// Softmax overwrites a row of logits with probabilities.
func Softmax(logits []float32) {
	largest := math.Inf(-1)
	for _, v := range logits {
		largest = max(largest, float64(v))
	}
	var total float64
	for _, v := range logits {
		total += math.Exp(float64(v) - largest)
	}
	for i, v := range logits {
		logits[i] = float32(math.Exp(float64(v)-largest) / total)
	}
}
