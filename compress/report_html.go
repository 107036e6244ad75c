package compress

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"path/filepath"
	"strings"

	"github.com/deepfry/deepfry/internal/thousands"
)

//go:embed report.html
var reportHTML string

var reportTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"apart":   thousands.Apart,
	"short":   short,
	"shorten": shorten,
	"mul":     func(a, b int) int { return a * b },
	"add":     func(a, b int) int { return a + b },
	"percent": func(x float64) string { return fmt.Sprintf("%.2f%%", 100*x) },
	"deref":   func(x *float64) float64 { return *x },
}).Parse(reportHTML))

// page is what the template shows.
type page struct {
	*Report
	Title    string
	Lead     string // what was done
	Facts    [][2]string
	Whole    []change
	Charts   []barChart
	Methods  []methodStyle // of the plots
	Plots    []plot
	Measured string // what layers' errors are measured on
	Remarks  []remark
	Refused  []refusal
}

// remark is a note on a layer, or, without a name, on the whole.
type remark struct{ Layer, Text string }

// refusal is a trial that was refused for a layer.
type refusal struct {
	Layer string
	Trial
}

// WriteHTML writes the report as a page that needs no other file. It is well-formed
// XML, too.
func (r *Report) WriteHTML(w io.Writer) error {
	p := page{Report: r, Title: "A network", Lead: r.lead(), Facts: r.facts(), Whole: r.whole(), Measured: r.measuredOn()}
	if r.Model != "" {
		p.Title = filepath.Base(r.Model)
	}
	if len(r.Layers) > 0 {
		p.Charts = r.barCharts()
	}
	for _, note := range r.Notes {
		p.Remarks = append(p.Remarks, remark{"", note})
	}
	shown := map[string]bool{} // methods
	for _, l := range r.Layers {
		if l.Note != "" {
			p.Remarks = append(p.Remarks, remark{l.Name, l.Note})
		}
		if q := plotTrials(l); q != nil {
			p.Plots = append(p.Plots, *q)
			for _, m := range q.Marks {
				shown[m.Style.Name] = true
			}
		}
		for _, t := range l.Tried {
			if t.Note != "" {
				p.Refused = append(p.Refused, refusal{l.Name, t})
			}
		}
	}
	for i := range registry {
		if style := styleOf(i); shown[style.Name] {
			p.Methods = append(p.Methods, style)
		}
	}
	return reportTemplate.Execute(w, p)
}

// lead says what was done.
func (r *Report) lead() string {
	replaced := 0
	for _, l := range r.Layers {
		if l.Size > 0 {
			replaced++
		}
	}
	all := thousands.Apart(len(r.Layers))
	switch {
	case len(r.Layers) == 0:
		return "The model has no fully-connected layers that can be replaced."
	case replaced == 0:
		return fmt.Sprintf("Of %s fully-connected layers none was replaced.", all)
	}
	return fmt.Sprintf("Of %s fully-connected layers %s became smaller: %s.", all, thousands.Apart(replaced), r.Summary())
}

// facts lists what there is to know of how the report came about.
func (r *Report) facts() (facts [][2]string) {
	add := func(name, text string) {
		if text != "" {
			facts = append(facts, [2]string{name, text})
		}
	}
	add("Model", r.Model)
	if !r.Date.IsZero() {
		add("Date", r.Date.Format("2 January 2006, 15:04 MST"))
	}
	add("Version", r.Version)
	add("Command", r.Command)
	add("Machine", r.Machine)
	add("Method", r.Method)
	data := "none: errors are those on random inputs"
	if r.Data != "" {
		data = r.Data
	}
	if s := r.Samples; s != nil {
		data += fmt.Sprintf(": layers are fitted to %s training samples; sizes are chosen on %s others", thousands.Apart(s.Fitted), thousands.Apart(s.Held))
		if s.Chosen > 0 {
			data += fmt.Sprintf(" and on %s test samples", thousands.Apart(s.Chosen))
		}
		data += fmt.Sprintf("; errors are those of %s test samples that nothing else has seen", thousands.Apart(s.Tested))
	}
	add("Data", data)
	if r.FineTune > 0 {
		add("Epochs of fine-tuning", thousands.Apart(r.FineTune))
	}
	return facts
}

// change is a quantity of the whole before and after.
type change struct{ Name, Before, After, Change string }

// whole lists what is known of the whole.
func (r *Report) whole() []change {
	all := []change{counted("weights", r.WeightsBefore, r.WeightsAfter)}
	if r.FileAfter > 0 {
		all = append(all, counted("file, bytes", r.FileBefore, r.FileAfter))
	}
	if b, a := r.Before, r.After; b != nil && a != nil {
		if r.FileAfter == 0 {
			all = append(all, counted("parameters, bytes", b.Bytes, a.Bytes))
		}
		all = append(all, counted("multiply-adds for a sample", b.MultiplyAdds, a.MultiplyAdds),
			change{"time for a sample, µs", short(b.Microseconds), short(a.Microseconds), times(b.Microseconds, a.Microseconds)})
	}
	if b, a := r.ErrorBefore, r.ErrorAfter; b != nil && a != nil {
		all = append(all, change{"error on " + r.Data, fmt.Sprintf("%.2f%%", *b), fmt.Sprintf("%.2f%%", *a), fmt.Sprintf("%+.2f points", *a-*b)})
	}
	if r.OutputError != nil {
		all = append(all, change{"error of the outputs", "", fmt.Sprintf("%.2f%%", 100**r.OutputError), ""})
	}
	return all
}

func counted(name string, before, after int) change {
	return change{name, thousands.Apart(before), thousands.Apart(after), times(float64(before), float64(after))}
}

// times says how many times less, or more, after is than before.
func times(before, after float64) string {
	switch {
	case before <= 0 || after <= 0 || before == after:
		return ""
	case after < before:
		return short(before/after) + "× less"
	default:
		return short(after/before) + "× more"
	}
}

// shorten cuts a long name in its middle: the ends of layers' names tell them apart.
func shorten(name string) string {
	const longest = 36
	runes := []rune(name)
	if len(runes) <= longest {
		return name
	}
	const start = 10
	return strings.TrimSpace(string(runes[:start])) + "…" + string(runes[len(runes)-(longest-start-1):])
}
