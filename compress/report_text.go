package compress

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/deepfry/deepfry/internal/thousands"
)

// WriteText writes the report as a table, what there is to be said of it, and the
// summary.
func (r *Report) WriteText(w io.Writer) error {
	t := textTable{
		groups: []string{"", "", "", "weights", "kB", "µs", "output"},
		heads:  []string{"layer", "size", "now", "before", "after", "before", "after", "before", "after", "error"},
	}
	replaced := false
	for _, l := range r.Layers {
		now, err := l.Method, ""
		if l.Size > 0 {
			now, err, replaced = fmt.Sprintf("%s %d", l.Method, l.Size), fmt.Sprintf("%.2f%%", 100**l.Error), true
		}
		t.add([]string{l.Name, fmt.Sprintf("%d×%d", l.Inputs, l.Outputs), now}, l.Before, l.After, err)
	}
	if r.Before != nil && r.After != nil {
		err := ""
		if r.OutputError != nil {
			err = fmt.Sprintf("%.2f%%", 100**r.OutputError)
		}
		t.add([]string{"network", "", ""}, *r.Before, *r.After, err)
	}
	var text strings.Builder
	if len(t.rows) > 0 {
		t.write(&text)
		fmt.Fprintln(&text)
	}
	if replaced {
		fmt.Fprintln(&text, "output error: of a layer, on "+r.measuredOn()+"; 100% is what its mean output would do")
	}
	for _, l := range r.Layers {
		if l.Note != "" {
			fmt.Fprintf(&text, "%s: %s\n", l.Name, l.Note)
		}
	}
	for _, note := range r.Notes {
		fmt.Fprintln(&text, "note: "+note)
	}
	fmt.Fprintln(&text, r.Summary())
	_, err := io.WriteString(w, text.String())
	return err
}

// measuredOn says what layers' errors are measured on.
func (r *Report) measuredOn() string {
	if r.Data == "" {
		return "random inputs"
	}
	return "samples of " + r.Data + " that nothing was fitted to"
}

// Summary is the report in a line.
func (r *Report) Summary() string {
	s := "nothing was replaced"
	if r.WeightsBefore > 0 {
		s += fmt.Sprintf(": %s weights", thousands.Apart(r.WeightsBefore))
	}
	if r.WeightsAfter != r.WeightsBefore {
		s = fmt.Sprintf("%s weights → %s, %.1f times less", thousands.Apart(r.WeightsBefore), thousands.Apart(r.WeightsAfter), float64(r.WeightsBefore)/float64(max(r.WeightsAfter, 1)))
	}
	if r.ErrorBefore != nil {
		s += fmt.Sprintf("; error on %s %.2f%% → %.2f%%", r.Data, *r.ErrorBefore, *r.ErrorAfter)
	}
	if r.FileAfter > 0 {
		s += fmt.Sprintf("; file %s bytes → %s", thousands.Apart(r.FileBefore), thousands.Apart(r.FileAfter))
	}
	return s
}

// short writes a number with thousands apart, and a digit behind the point where it is
// small.
func short(x float64) string {
	if x < 99.95 {
		return fmt.Sprintf("%.1f", x)
	}
	return thousands.Apart(int(x + 0.5))
}

// textTable is a table of two heading lines: the first names columns in pairs, where
// the second says before and after.
type textTable struct {
	groups, heads []string
	rows          [][]string
}

// add adds what a layer, or the network, took and takes.
func (t *textTable) add(names []string, before, after Cost, err string) {
	for _, pair := range [][2]string{
		{thousands.Apart(before.Weights), thousands.Apart(after.Weights)},
		{short(float64(before.Bytes) / 1000), short(float64(after.Bytes) / 1000)},
		{short(before.Microseconds), short(after.Microseconds)},
	} {
		names = append(names, pair[0], pair[1])
	}
	t.rows = append(t.rows, append(names, err))
}

// write writes the table. The columns of a pair are nearer to each other than to the
// others: a line shall have 80 characters at most, unless names are long.
func (t *textTable) write(w io.Writer) {
	widths := make([]int, len(t.heads))
	rows := append([][]string{t.heads}, t.rows...)
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var line strings.Builder
	column := 0
	for _, group := range t.groups {
		width := widths[column]
		if column++; column > 3 && column < len(t.heads) { // a pair
			width += 1 + widths[column]
			column++
			space := width - utf8.RuneCountInString(group) - 2
			group = strings.Repeat("-", space/2) + " " + group + " " + strings.Repeat("-", space-space/2)
		}
		fmt.Fprintf(&line, "%*s  ", width, group)
	}
	fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	for _, row := range rows {
		line.Reset()
		fmt.Fprintf(&line, "%-*s", widths[0], row[0])
		for i, cell := range row[1:] {
			gap := 2
			if i > 2 && i%2 == 1 {
				gap = 1
			}
			fmt.Fprintf(&line, "%*s%*s", gap, "", widths[i+1], cell)
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}
