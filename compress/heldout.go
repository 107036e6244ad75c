package compress

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/deepfry/deepfry/internal/random"
	"github.com/deepfry/deepfry/internal/thousands"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

// Rows that a network was fitted to, or chosen on, flatter it. So there are three
// sets, in an order drawn by the seed, since files are often sorted by class:
//
//   - fitted, Data.Train without held: what layers are fitted to and the network is
//     fine-tuned on.
//   - held, a fifth of Data.Train, at most heldRows (where they decide of a drop, at least
//     leastHeld, or half), and fresh, half of Data.Test:
//     what choices are made on, of sizes, and whether fine-tuning was for the better.
//   - test, the rest of Data.Test: what the report tells errors of.
//
// The original was probably trained on all of Data.Train, so that held is not like other
// rows. What a network barely knows by heart a smaller one forgets first: of one whose
// error was 6% there and 9% elsewhere, held exaggerated drops of accuracy by a factor of
// two to five. What it knows by a wide margin stays right when others no longer do
// (warnOfMemory). That is why there is fresh; but it is often small. So a drop is small
// enough if either says so. Only where labels decide, and they are at least 2·freshRows,
// is Data.Test split at all, and then rows that repeat others are left out of it.

// heldRows are so many that a drop of half a point is told from none: of 10,000
// rows, 200 of which are classified otherwise than before, it is known within ±0.18
// points (90%, one-sided).
const heldRows = 10000

// leastHeld are so many rows as say something of a drop of half a point. Fits need
// fewer.
const leastHeld = 2000

// freshRows are the fewest that say anything of drops of a point.
const freshRows = 500

// split sets the parts. Of fewer than five rows of Data.Train, all are fitted and held.
func (c *compressor) split() {
	size := c.model.Network.Description.Input.Size()
	order := c.shuffled("held-out rows", c.distinct(c.Data.Train, "training", size))
	held := min(len(order)/5, heldRows)
	if c.MaxDrop > 0 {
		held = max(held, min(len(order)/2, leastHeld))
	}
	c.held, c.fitted = rows{c.Data.Train, size, order[:held]}, rows{c.Data.Train, size, order[held:]}
	if held == 0 {
		c.held = c.fitted
		c.note("the data have %d training samples, too few to hold any out: choices are made on those that layers are fitted to", len(order))
	}
	c.test = rows{c.Data.Test, size, make([]int, len(c.Data.Test.Inputs)/size)}
	for i := range c.test.index {
		c.test.index[i] = i
	}
	decide := c.Data.Train.Labels != nil && c.Data.Test.Labels != nil && (c.MaxDrop > 0 || c.FineTune > 0)
	if !decide || len(c.test.index) < 2*freshRows {
		return
	}
	if order = c.shuffled("fresh rows", c.distinct(c.Data.Test, "test", size)); len(order) >= 2*freshRows {
		fresh := len(order) / 2
		c.fresh, c.test = rows{c.Data.Test, size, order[:fresh]}, rows{c.Data.Test, size, order[fresh:]}
	}
}

// shuffled returns rows in an order drawn by the seed.
func (c *compressor) shuffled(name string, index []int) []int {
	rand.New(random.New(c.Seed, random.For(name), 0, 0)).Shuffle(len(index), func(i, j int) { index[i], index[j] = index[j], index[i] })
	return index
}

// distinct returns the numbers of the rows that repeat no other before them: a row in
// two parts would flatter, and many of one are no more than one.
func (c *compressor) distinct(s Samples, name string, size int) (index []int) {
	seen, seed := map[uint64]bool{}, maphash.MakeSeed()
	n, row := len(s.Inputs)/size, make([]byte, 0, 4*size)
	for i := range n {
		row = row[:0]
		for _, v := range s.Inputs[i*size : (i+1)*size] {
			row = binary.LittleEndian.AppendUint32(row, math.Float32bits(v))
		}
		if sum := maphash.Bytes(seed, row); !seen[sum] {
			seen[sum], index = true, append(index, i)
		}
	}
	if repeated := n - len(index); repeated > 0 {
		c.note("of the %s %s samples, %s repeat others, and are left out", thousands.Apart(n), name, thousands.Apart(repeated))
	}
	return index
}

// warnOfMemory notes that the original knows its training samples by heart, where they
// alone decide of drops: what they lose is then not what others lose.
func (c *compressor) warnOfMemory(wrong []bool) {
	if c.test.of.Labels == nil || len(c.test.index) == 0 {
		return
	}
	known := 0.0
	for _, w := range wrong {
		if w {
			known += 100 / float64(len(wrong))
		}
	}
	test := c.test.errorPercent(c.logits)
	deviation := math.Sqrt(test * (100 - test) / float64(len(c.test.index)))
	if known < test/2 && test-known > 2*deviation {
		c.note("the original knows its training samples by heart (%.2f%% of them are wrong, and %.2f%% of the test samples), and sizes are chosen on them: others may lose more; %s or more test samples would have a say", known, test, thousands.Apart(2*freshRows))
	}
}

// warnOfClasses notes classes of which the data say nothing.
func (c *compressor) warnOfClasses() {
	classes, found := c.logits.OutShape().Size(), map[int32]bool{}
	for _, label := range c.Data.Train.Labels {
		found[label] = true
	}
	if len(found) > 0 && len(found) < classes {
		c.note("the training samples are of %s of the network's %s classes: of the others nothing is known, and they may be lost", thousands.Apart(len(found)), thousands.Apart(classes))
	}
}

// rows are some samples of a set, by their numbers.
type rows struct {
	of    Samples
	size  int // of an input
	index []int
}

// head returns the first n of them, or all.
func (r rows) head(n int) rows {
	r.index = r.index[:min(n, len(r.index))]
	return r
}

// copy returns them as a set of their own.
func (r rows) copy() Samples {
	s := Samples{Inputs: make([]float32, 0, len(r.index)*r.size)}
	for _, i := range r.index {
		s.Inputs = append(s.Inputs, r.of.Inputs[i*r.size:(i+1)*r.size]...)
		if r.of.Labels != nil {
			s.Labels = append(s.Labels, r.of.Labels[i])
		}
	}
	return s
}

// outputs returns what a network makes of them, or, without one, themselves. Copies
// are of few at a time: data can take most of the memory.
func (r rows) outputs(network *nn.Network) []float32 {
	if network == nil {
		return r.copy().Inputs
	}
	y := make([]float32, 0, len(r.index)*network.OutShape().Size())
	for batch := range slices.Chunk(r.index, 512) {
		y = append(y, train.Outputs(network, rows{r.of, r.size, batch}.copy().Inputs)...)
	}
	return y
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

// errorPercent is the part of rows whose largest output is not at their label.
func (r rows) errorPercent(network *nn.Network) float64 {
	wrong := 0
	for _, w := range r.wrong(network) {
		if w {
			wrong++
		}
	}
	return 100 * float64(wrong) / float64(len(r.index))
}

// drop returns how many points of accuracy are lost from one network to another, by
// their wrong answers on the same rows, and the most that it may be on rows like
// these: the upper end of a one-sided interval, so many standard deviations above. Only
// the b rows that have become wrong and the c that have become right count: the drop
// (b - c)/n has the variance (b + c - (b-c)²/n)/n² (as in McNemar's test, Psychometrika
// 12, 1947). One row more is counted, for that none has changed does not say that none
// would.
func drop(before, after []bool, deviations float64) (lost, most float64) {
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
	lost = (b - c) / n
	return 100 * lost, 100 * (lost + deviations*math.Sqrt(b+c+1-(b-c)*lost)/n)
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
	c.note("the original classifies %.1f%% of %s's test samples rightly, and chance would %.1f%%: perhaps it wants other numbers than it is given, or its classes are in another order; --mean and --std give it numbers as it was trained on",
		100*right, c.Data.Name, 100*chance)
}

// note adds a line to the report.
func (c *compressor) note(format string, values ...any) {
	c.notes = append(c.notes, fmt.Sprintf(format, values...))
}
