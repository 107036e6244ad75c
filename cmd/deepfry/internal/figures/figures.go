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
	Errors          *int     `json:"errors,omitempty"` // classification
	ErrorPercent    *float64 `json:"error_percent,omitempty"`
	BalancedPercent *float64 `json:"balanced_accuracy_percent,omitempty"`
	LogLoss         *float64 `json:"log_loss,omitempty"` // in nats
	AUC             *float64 `json:"auc,omitempty"`
	RMSE            *float64 `json:"rmse,omitempty"` // regression
	R2              *float64 `json:"r2,omitempty"`   // absent if all targets are equal
	MAE             *float64 `json:"mae,omitempty"`
	CoveredPercent  *float64 `json:"covered_percent,omitempty"` // of the targets, in their 95% intervals
}

// Of returns the figures of a tally: none if all rows weigh nothing.
func Of(t *predict.Tally) Metrics {
	m := Metrics{Rows: t.Rows}
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
	return text + notKnown(t, unseen)
}

// notKnown says how many errors can't be otherwise.
func notKnown(t *predict.Tally, unseen []string) string {
	if t.Unknown == 0 {
		return ""
	}
	text := fmt.Sprintf("; %s of a class that the model does not know", thousands.Apart(t.Unknown))
	var names []string
	for i, name := range unseen[:min(len(unseen), len(t.Unseen), confusionClasses)] {
		n := 0
		for _, taken := range t.Unseen[i] {
			n += taken
		}
		names = append(names, fmt.Sprintf("%s: %s", name, thousands.Apart(n)))
	}
	if more := len(t.Unseen) - len(names); names != nil && more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	if names != nil {
		text += " (" + strings.Join(names, ", ") + ")"
	}
	return text
}

func percent(v float64) string { return fmt.Sprintf("%.2f%%", v) }

// Error writes an error with four significant digits, and with an exponent only where it
// would be long without.
func Error(v float64) string {
	size := math.Abs(v)
	if size == 0 {
		return "0"
	}
	if !(size >= 1e-4 && size < 1e15) {
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
	return trim(strconv.FormatFloat(v, 'f', max(0, 3-int(math.Floor(math.Log10(size)))), 64), 0)
}

// Share writes a number that is 1 at best, such as R², with four decimal places, or with
// as many as show how far it is from 1 and from 0.
func Share(v float64) string {
	near := math.Min(math.Abs(v), math.Abs(1-v))
	if !(math.Abs(v) < 100) {
		return Error(v)
	}
	places := 4
	if near > 0 {
		places = min(max(4, 1-int(math.Floor(math.Log10(near)))), 12)
	}
	return trim(strconv.FormatFloat(v, 'f', places, 64), 4)
}

// trim removes zeros at the end of the decimal places, of which so many stay, and the
// sign of a zero.
func trim(text string, places int) string {
	if point := strings.IndexByte(text, '.'); point >= 0 {
		keep := point + 1 + places
		text = text[:keep] + strings.TrimRight(text[keep:], "0")
		text = strings.TrimSuffix(text, ".")
	}
	if strings.Trim(text, "-0.") == "" {
		text = strings.TrimPrefix(text, "-")
	}
	return text
}
