package main

import (
	"fmt"
	"io"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/figures"
	"github.com/deepfry/deepfry/internal/thousands"
	"github.com/deepfry/deepfry/predict"
)

// evaluation is what eval found.
type evaluation struct {
	model     string // the file
	predictor *predict.Predictor
	data      string
	kind      string // of what was measured: "test image"
	all       *predict.Tally
	untrained *predict.Tally // of the pictures that were not trained on; nil: not known, or all
}

// evaluationJSON is the command's JSON.
type evaluationJSON struct {
	tallyJSON
	Weights   int             `json:"weights,omitempty"` // of a network
	Data      string          `json:"data"`
	Classes   []string        `json:"classes"`
	ByClass   []figures.Class `json:"by_class"`
	Confusion [][]int         `json:"confusion"`           // [class of the image][predicted class]
	Untrained *tallyJSON      `json:"untrained,omitempty"` // of the images that were not trained on
}

type tallyJSON struct {
	Images       int      `json:"images"`
	Errors       int      `json:"errors"`
	ErrorPercent float64  `json:"error_percent"`
	Top5Percent  *float64 `json:"top5_error_percent,omitempty"` // of more than ten classes
	Loss         *float64 `json:"loss,omitempty"`               // mean cross-entropy, in nats
}

// topClasses is the number of classes above which the five likeliest are told.
const topClasses = 10

func (r *evaluation) tally(t *predict.Tally) tallyJSON {
	j := tallyJSON{Images: t.Rows, Errors: t.Errors, ErrorPercent: t.ErrorPercent()}
	if len(r.predictor.Classes) > topClasses {
		j.Top5Percent = new(t.Top5Percent())
	}
	if r.all.HasLoss() {
		j.Loss = new(t.Loss())
	}
	return j
}

func (r *evaluation) json() evaluationJSON {
	j := evaluationJSON{tallyJSON: r.tally(r.all), Weights: r.weights(), Data: r.data, Classes: r.predictor.Classes, Confusion: r.all.Confusion}
	for class, name := range r.predictor.Classes {
		images := 0
		for _, n := range r.all.Confusion[class] {
			images += n
		}
		j.ByClass = append(j.ByClass, figures.Class{Name: name, Images: images, Errors: images - r.all.Confusion[class][class]})
	}
	if r.untrained != nil && r.untrained.Rows > 0 {
		j.Untrained = new(r.tally(r.untrained))
	}
	return j
}

func (r *evaluation) weights() int {
	if r.predictor.Network == nil {
		return 0
	}
	return r.predictor.Network.Weights()
}

// print writes the figures, and which classes are taken for which.
func (r *evaluation) print(w io.Writer) error {
	fmt.Fprintf(w, "%.2f%% error: %d of %s of %s wrong", r.all.ErrorPercent(), r.all.Errors, console.Counted(r.all.Rows, r.kind), r.data)
	if len(r.predictor.Classes) > topClasses {
		fmt.Fprintf(w, ", %.2f%% not among the five likeliest", r.all.Top5Percent())
	}
	if r.all.HasLoss() {
		fmt.Fprintf(w, ", mean loss %.4f", r.all.Loss())
	}
	if n := r.weights(); n > 0 {
		fmt.Fprintf(w, "; %s weights", thousands.Apart(n))
	}
	fmt.Fprintln(w)
	switch {
	case r.untrained == nil:
	case r.untrained.Rows == 0:
		fmt.Fprintf(w, "the network was trained on all of them: this is no test\n")
	default:
		fmt.Fprintf(w, "%.2f%% error on the %s that it was not trained on, %d wrong\n", r.untrained.ErrorPercent(), console.Counted(r.untrained.Rows, "image"), r.untrained.Errors)
	}
	fmt.Fprintln(w)
	figures.Classes(w, r.json().ByClass)
	fmt.Fprintln(w)
	return figures.Confusion(w, r.all, r.predictor.Classes, nil)
}
