// Package figures writes how well answers did: the same figures in the same format, by
// whatever command.
package figures

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/internal/thousands"
	"github.com/deepfry/deepfry/predict"
)

// Metrics are the figures of a tally, as JSON: those that there are.
type Metrics struct {
	Rows            int      `json:"rows"`
	Weighted        bool     `json:"weighted,omitempty"` // figures other than numbers of rows are by weight
	Errors          *int     `json:"errors,omitempty"`   // classification
	ErrorPercent    *float64 `json:"error_percent,omitempty"`
	BalancedPercent *float64 `json:"balanced_accuracy_percent,omitempty"`
	LogLoss         *float64 `json:"log_loss,omitempty"` // in nats
	AUC             *float64 `json:"auc,omitempty"`
	KnownRows       *int     `json:"known_rows,omitempty"` // that log loss and AUC are of, where the model does not know all classes
	RMSE            *float64 `json:"rmse,omitempty"`       // regression
	R2              *float64 `json:"r2,omitempty"`         // absent if all targets are equal
	MAE             *float64 `json:"mae,omitempty"`
	CoveredPercent  *float64 `json:"covered_percent,omitempty"` // of the targets, in their 95% intervals
}

// Of returns the figures of a tally: none if all rows weigh nothing.
func Of(t *predict.Tally) Metrics {
	m := Metrics{Rows: t.Rows, Weighted: t.Weighted()}
	if t.Weight() == 0 {
		return m
	}
	if t.Confusion == nil {
		m.RMSE, m.MAE = new(t.RMSE()), new(t.MAE())
		if !t.Constant() {
			m.R2 = new(t.R2())
		}
		if t.HasIntervals() {
			m.CoveredPercent = new(t.CoveredPercent())
		}
		return m
	}
	m.Errors, m.ErrorPercent, m.BalancedPercent = new(t.Errors), new(t.ErrorPercent()), new(t.BalancedPercent())
	if t.HasLoss() {
		m.LogLoss = new(t.Loss())
	}
	if area, ok := t.AUC(); ok {
		m.AUC = &area
	}
	if t.Unknown > 0 {
		m.KnownRows = new(t.Rows - t.Unknown)
	}
	return m
}

// Figure is a figure with its name, as people read it.
type Figure struct{ Name, Text string }

// List returns the figures of a tally, in the order of their weight.
func List(t *predict.Tally) (list []Figure) {
	m := Of(t)
	add := func(name string, v *float64, text func(float64) string) {
		if v != nil {
			list = append(list, Figure{name, text(*v)})
		}
	}
	add("error", m.ErrorPercent, percent)
	add("balanced accuracy", m.BalancedPercent, percent)
	add("log loss", m.LogLoss, Error)
	add("AUC", m.AUC, Share)
	add("RMSE", m.RMSE, Error)
	add("R²", m.R2, Share)
	add("MAE", m.MAE, Error)
	add("95% intervals cover", m.CoveredPercent, percent)
	return list
}

// Summary says in a line how well answers for such things did. Classes that the model does
// not know are called as unseen says.
func Summary(t *predict.Tally, thing string, unseen ...string) string {
	weighted := ""
	if t.Weighted() {
		weighted = ", by weight"
	}
	list := List(t)
	if list == nil {
		return fmt.Sprintf("nothing to measure on: %s that count, by their weights", console.Counted(0, thing))
	}
	if t.Confusion == nil {
		var texts []string
		for _, f := range list {
			texts = append(texts, f.Name+" "+f.Text)
		}
		text := fmt.Sprintf("%s on %s%s", strings.Join(texts, ", "), console.Counted(t.Rows, thing), weighted)
		if t.Constant() && t.Rows > 1 {
			text += "; all targets are equal, so that there is no R²"
		}
		return text
	}
	text := fmt.Sprintf("%s of %s predicted wrongly: %s error", thousands.Apart(t.Errors), console.Counted(t.Rows, thing), list[0].Text)
	for _, f := range list[1:] {
		text += fmt.Sprintf(", %s %s", f.Name, f.Text)
	}
	text += weighted
	if t.Unknown > 0 {
		text += "; " + NotKnown(t, unseen)
	}
	return text
}

// NotKnown says how many errors can't be otherwise, as the model does not know the class,
// or nothing where it knows all.
func NotKnown(t *predict.Tally, unseen []string) string {
	if t.Unknown == 0 {
		return ""
	}
	text := fmt.Sprintf("%s of a class that the model does not know", thousands.Apart(t.Unknown))
	var names []string
	for i, name := range unseen[:min(len(unseen), len(t.Unseen), confusionClasses)] {
		n := 0
		for _, taken := range t.Unseen[i] {
			n += taken
		}
		names = append(names, fmt.Sprintf("%s: %s", console.OneLine(name), thousands.Apart(n)))
	}
	if more := len(t.Unseen) - len(names); names != nil && more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	if names != nil {
		text += " (" + strings.Join(names, ", ") + ")"
	}
	switch known := t.Rows - t.Unknown; {
	case known > 0 && t.HasLoss():
		text += fmt.Sprintf("; log loss and AUC are of the other %s", thousands.Apart(known))
	case known > 0:
		text += fmt.Sprintf("; AUC is of the other %s", thousands.Apart(known))
	}
	return text
}

func percent(v float64) string { return fmt.Sprintf("%.2f%%", v) }

// Error writes an error with four significant digits, and with an exponent below 0.0001
// and from ten million on.
func Error(v float64) string {
	if v == 0 {
		return "0"
	}
	scientific := strconv.FormatFloat(v, 'e', 3, 64)
	exponent, err := strconv.Atoi(scientific[strings.IndexByte(scientific, 'e')+1:])
	if err != nil || exponent < -4 || exponent >= 7 { // or not a number
		return scientific
	}
	return strconv.FormatFloat(v, 'f', max(0, 3-exponent), 64)
}

// Share writes a number that is 1 at best, such as R², with four decimal places; nearer
// to 1, with one more than there are nines, up to twelve.
func Share(v float64) string {
	if !(math.Abs(v) < 100) {
		return Error(v)
	}
	text := strconv.FormatFloat(v, 'f', 4, 64)
	if distance := 1 - v; text == "1.0000" && distance >= 1e-12 {
		text = strconv.FormatFloat(v, 'f', -int(math.Floor(math.Log10(distance))), 64)
	}
	if text == "-0.0000" {
		return "0.0000"
	}
	return text
}
