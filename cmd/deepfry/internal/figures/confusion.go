package figures

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/internal/thousands"
	"github.com/deepfry/deepfry/predict"
)

// confusionClasses is up to how many classes the whole matrix is printed.
const confusionClasses = 12

// Confusion writes which classes are taken for which: a table, or the most frequent
// mistakes where it would be too large. Classes that the model does not know, which are
// called as unseen says, stand below its own.
func Confusion(w io.Writer, t *predict.Tally, classes, unseen []string) error {
	if len(classes) > confusionClasses {
		return mistakes(w, t, classes, unseen)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, counts []int) {
		fmt.Fprintf(table, "%s\t", name)
		for _, n := range counts {
			if n == 0 {
				fmt.Fprint(table, "·\t")
			} else {
				fmt.Fprintf(table, "%d\t", n)
			}
		}
		fmt.Fprintln(table)
	}
	fmt.Fprint(table, "is \\ taken for\t")
	for _, name := range classes {
		fmt.Fprintf(table, "%s\t", shortened(name))
	}
	fmt.Fprintln(table)
	for i, counts := range t.Confusion {
		row(shortened(classes[i]), counts)
	}
	for i, counts := range t.Unseen[:min(len(t.Unseen), confusionClasses)] {
		row(unseenName(unseen, i)+", not known", counts)
	}
	if more := len(t.Unseen) - confusionClasses; more > 0 {
		fmt.Fprintf(table, "and %d more\t\n", more)
	}
	return table.Flush()
}

func unseenName(unseen []string, i int) string {
	if i < len(unseen) {
		return shortened(unseen[i])
	}
	return "another"
}

// mistakes writes the ten most frequent mistakes.
func mistakes(w io.Writer, t *predict.Tally, classes, unseen []string) (err error) {
	type mistake struct {
		truth        string
		predicted, n int
	}
	var all []mistake
	add := func(truth string, class int, counts []int) {
		for j, n := range counts {
			if j != class && n > 0 {
				all = append(all, mistake{truth, j, n})
			}
		}
	}
	for i, counts := range t.Confusion {
		add(console.OneLine(classes[i]), i, counts)
	}
	for i, counts := range t.Unseen {
		add(unseenName(unseen, i)+", which is not known,", -1, counts)
	}
	slices.SortStableFunc(all, func(a, b mistake) int { return b.n - a.n })
	for _, m := range all[:min(len(all), 10)] {
		_, err = fmt.Fprintf(w, "%d of class %s taken for %s\n", m.n, m.truth, console.OneLine(classes[m.predicted]))
	}
	return err
}

// shortened cuts a name to a width that fits in a table, on a line.
func shortened(name string) string {
	const width = 12
	name = console.OneLine(name)
	if letters := []rune(name); len(letters) > width {
		return string(letters[:width-1]) + "…"
	}
	return name
}

// Class is how the images of a class do.
type Class struct {
	Name   string `json:"name"`
	Images int    `json:"images"`
	Errors int    `json:"errors"`
}

// Classes writes the errors of each class: of more than confusionClasses, those
// with the most errors.
func Classes(w io.Writer, classes []Class) {
	classes = slices.DeleteFunc(slices.Clone(classes), func(c Class) bool { return c.Images == 0 })
	if len(classes) > confusionClasses {
		slices.SortStableFunc(classes, func(a, b Class) int {
			return cmp.Compare(float64(b.Errors)/float64(b.Images), float64(a.Errors)/float64(a.Images))
		})
		classes = classes[:confusionClasses]
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "class\timages\twrong\terror\t")
	for _, c := range classes {
		fmt.Fprintf(t, "%s\t%s\t%s\t%.2f%%\t\n", console.OneLine(c.Name), thousands.Apart(c.Images), thousands.Apart(c.Errors), 100*float64(c.Errors)/float64(c.Images))
	}
	t.Flush()
}
