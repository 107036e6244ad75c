package compress

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/deepfry/deepfry/internal/random"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

// Rows that a network was fitted to, or chosen on, flatter it. So the rows of
// Data.Train, in an order drawn by the seed since files are often sorted by class,
// have two parts. On a fifth of them, at most heldRows, choices are made: sizes,
// drops while searching, whether fine-tuning was for the better. All others are
// what layers are fitted to and the network is fine-tuned on. The report's errors
// are those on Data.Test, which nothing else sees.

// heldRows are so many that a drop of half a point is told from none: of 10,000
// rows, 200 of which are classified otherwise than before, it is known within ±0.23
// points (95%, one-sided).
const heldRows = 10000

// split sets the parts. Of fewer than five rows, all are in both.
func (c *compressor) split() {
	size := c.model.Network.Description.Input.Size()
	n := len(c.Data.Train.Inputs) / size
	order := rand.New(random.New(c.Seed, random.For("held-out rows"), 0, 0)).Perm(n)
	held := min(n/5, heldRows)
	c.held, c.fitted = rows{c.Data.Train, size, order[:held]}, rows{c.Data.Train, size, order[held:]}
	if held == 0 {
		c.held = c.fitted
		c.note("the data have %d training samples, too few to hold any out: choices are made on those that layers are fitted to", n)
	}
}

// wrong tells for each row whether its largest output is elsewhere than at its label.
func (r rows) wrong(network *nn.Network) []bool {
	y, classes := r.outputs(network), network.OutShape().Size()
	wrong := make([]bool, len(r.index))
	for i, row := range r.index {
		_, errors := nn.SoftmaxCrossEntropy{}.Evaluate(nil, y[i*classes:(i+1)*classes], r.of.Labels[row:row+1], classes)
		wrong[i] = errors > 0
	}
	return wrong
}

// drop returns how many points of accuracy are lost from one network to another, by
// their wrong answers on the same rows, and the most that it may be on rows like
// these: the upper end of a one-sided interval of 95%. Only the b rows that have
// become wrong and the c that have become right count: the drop (b - c)/n has the
// variance (b + c - (b-c)²/n)/n² (as in McNemar's test, Psychometrika 12, 1947).
func drop(before, after []bool) (lost, most float64) {
	var b, c float64
	for i := range before {
		switch {
		case after[i] && !before[i]:
			b++
		case before[i] && !after[i]:
			c++
		}
	}
	n := float64(len(before))
	const quantile = 1.645
	lost = (b - c) / n
	return 100 * lost, 100 * (lost + quantile*math.Sqrt(b+c-(b-c)*lost)/n)
}

// warnOfChance notes that the model agrees with the labels hardly better than by
// chance, so that it is known before its compression is judged by them. The measure
// is Cohen's kappa (Educational and Psychological Measurement 20, 1960), of which up
// to 0.2 is called slight (Landis and Koch, Biometrics 33, 1977), and for few rows
// what chance makes of it.
func (c *compressor) warnOfChance() {
	test, classes := c.Data.Test, c.logits.OutShape().Size()
	if test.Labels == nil || classes < 2 {
		return
	}
	y, n := train.Outputs(c.logits, test.Inputs), float64(len(test.Labels))
	answers, labels, agreed := make([]float64, classes), make([]float64, classes), 0.0
	for i, label := range test.Labels {
		best := 0
		for k, v := range y[i*classes : (i+1)*classes] {
			if v > y[i*classes+best] {
				best = k
			}
		}
		answers[best]++
		labels[label]++
		if best == int(label) {
			agreed++
		}
	}
	chance := 0.0
	for k := range classes {
		chance += answers[k] * labels[k] / (n * n)
	}
	right := agreed / n
	if most := max(chance+0.2*(1-chance), chance+3*math.Sqrt(chance*(1-chance)/n)); right > most || chance == 1 {
		return
	}
	c.note("the original classifies %.1f%% of %s's test samples rightly, and chance would %.1f%%: perhaps it wants other numbers than it is given, or its classes are in another order; --mean and --std give it what it was trained on",
		100*right, c.Data.Name, 100*chance)
}

// note adds a line to the report.
func (c *compressor) note(format string, values ...any) {
	c.notes = append(c.notes, fmt.Sprintf(format, values...))
}
