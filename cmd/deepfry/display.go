package main

import (
	"fmt"
	"math"
	"text/tabwriter"
	"time"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/internal/thousands"
	"github.com/deepfry/deepfry/train"
)

// display tells the user how the run goes: lines on the standard output, and a
// progress bar on the standard error where that is a terminal.
type display struct {
	term      *console.Terminal
	bar       *console.Bar
	images    int // of an epoch
	estimated bool
	networks  []*contestant
	measuring float64 // what measuring takes, as a part of an epoch's training
}

func newDisplay(term *console.Terminal, contestants []*contestant, data *dataset.Dataset) *display {
	// A forward pass is about a third of a training step.
	d := &display{term: term, bar: console.NewBar(term), networks: contestants, images: data.Train.Len(), measuring: float64(measuredOn(data).Len()) / float64(3*data.Train.Len())}
	measured, column := fmt.Sprintf("%d to measure on", data.Test.Len()), "test error"
	if data.Validation != nil {
		measured, column = fmt.Sprintf("%d for validation, %d for the test at the end", data.Validation.Len(), data.Test.Len()), "validation"
	}
	fmt.Fprintf(term.Stdout, "%d training images, %s\n\n", data.Train.Len(), measured)
	for _, k := range contestants {
		fmt.Fprintf(term.Stdout, "%-16s %9s weights   %s\n", k.fc, thousands.Apart(k.trainer.Network.Weights()), k.path)
	}
	fmt.Fprintf(term.Stdout, "\n%7s  %-16s %8s %12s %11s %8s\n", "epoch", "network", "loss", "train error", column, "time")
	return d
}

// measuredOn is what is measured after every epoch.
func measuredOn(data *dataset.Dataset) dataset.Source {
	if data.Validation != nil {
		return data.Validation
	}
	return data.Test
}

// estimateAfter is how long steps are timed before the display says how long
// the run will take.
const estimateAfter = time.Second

func (d *display) step(k *contestant, p train.Progress) {
	epoch := float64(p.Elapsed) * float64(d.images) / float64(p.Timed)
	work := 0.0 // in epochs' training
	for _, k := range d.networks {
		epochs := k.epochsLeft(d.images)
		work += epochs + d.measuring*math.Ceil(epochs)
	}
	left := time.Duration(epoch * work).Round(time.Second)
	if !d.estimated && p.Elapsed > estimateAfter {
		d.estimated = true
		d.bar.Stop()
		fmt.Fprintf(d.term.Stderr, "this will take about %v\n", left)
	}
	d.bar.Show(fmt.Sprintf("%d/%d %s", p.Epoch, p.Epochs, k.fc), p.Images, d.images, fmt.Sprintf("%v left", left), fmt.Sprintf("loss %.4f", p.Loss),
		fmt.Sprintf("error %.2f%%", p.ErrorPercent), thousands.Apart(int(float64(p.Timed)/max(p.Elapsed.Seconds(), 1e-9)))+" images/s")
}

func (d *display) epoch(k *contestant, r train.EpochResult) {
	d.bar.Stop()
	seconds := "-" // a part of the epoch ran before --resume
	if r.Seconds > 0 {
		seconds = fmt.Sprintf("%.1fs", r.Seconds)
	}
	fmt.Fprintf(d.term.Stdout, "%3d/%-3d  %-16s %8.4f %11.2f%% %10.2f%% %8s\n", r.Epoch, k.trainer.Epochs(), k.fc,
		r.Loss, r.TrainErrorPercent, errorPercent(r), seconds)
}

// published holds the figures of Yang et al. (ICCV 2015) that are reproduced here. It
// prints the fried network's weights as 38,821; its own sum of 500 + 25,000 +
// 3·1,024 + 10,240 is 38,812.
var published = map[string]struct {
	weights int
	percent string
}{
	"dense":         {430500, ""},
	"adaptive:1024": {38821, "0.72%"},
	"adaptive:2048": {52124, ""},
}

// table writes the result of the run, with the paper's beside it for MNIST.
func (d *display) table(c *trainCommand, contestants []*contestant) {
	showPaper := c.Data == "mnist" && c.Holdout == nil && c.Classifier == "dense" && c.Padding == "power-of-two"
	table := tabwriter.NewWriter(d.term.Stdout, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "\nnetwork\tweights\tof the first\ttest error\t")
	if showPaper {
		fmt.Fprint(table, "paper: weights\tpaper: error\t")
	}
	fmt.Fprintln(table)
	first := contestants[0].trainer.Network.Weights()
	for _, k := range contestants {
		weights := k.trainer.Network.Weights()
		fmt.Fprintf(table, "%s\t%s\t%.1f%%\t%.2f%%\t", k.fc, thousands.Apart(weights), 100*float64(weights)/float64(first), k.final().Test.ErrorPercent)
		if figures, ok := published[k.fc]; ok && showPaper {
			fmt.Fprintf(table, "%s\t%s\t", thousands.Apart(figures.weights), figures.percent)
		}
		fmt.Fprintln(table)
	}
	table.Flush()
	last := contestants[len(contestants)-1]
	fmt.Fprintf(d.term.Stdout, "\nTry: deepfry predict %s IMAGE\n", last.path)
}

// final returns the result of the last epoch.
func (k *contestant) final() train.EpochResult { return k.trainer.History[len(k.trainer.History)-1] }

// chance is the least loss of who looks at no image, and answers with the frequencies
// of the classes.
func chance(images dataset.Source, smoothing float64) float64 {
	classes := len(images.ClassNames())
	counts := make([]float64, classes)
	for i := range images.Len() {
		counts[images.Label(i)]++
	}
	loss := 0.0
	for _, count := range counts {
		if p := (1-smoothing)*count/float64(images.Len()) + smoothing/float64(classes); p > 0 {
			loss -= p * math.Log(p)
		}
	}
	return loss
}

func (k *contestant) learntNothing() bool { return k.final().Loss >= k.chance && k.chance > 0 }

// learntNothing tells of which networks the run was in vain.
func (d *display) learntNothing(contestants []*contestant) {
	for _, k := range contestants {
		if k.learntNothing() {
			fmt.Fprintf(d.term.Stderr, "%s: the loss ends at %.4f and did not fall below %.4f, that of chance: the network has learnt nothing; try a lower --rate, or more --epochs\n", k.fc, k.final().Loss, k.chance)
		}
	}
}
