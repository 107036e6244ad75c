package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/deepfry/deepfry/internal/thousands"
)

// confusionClasses is up to how many classes the whole matrix is printed.
const confusionClasses = 12

// printConfusion writes which classes are taken for which: a table, or the most
// frequent mistakes where it would be too large.
func printConfusion(w io.Writer, classes []string, confusion [][]int) error {
	if len(classes) > confusionClasses {
		return printMistakes(w, classes, confusion)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "is \\ taken for\t%s\t\n", strings.Join(shortened(classes), "\t"))
	for i, name := range shortened(classes) {
		fmt.Fprintf(t, "%s\t", name)
		for _, n := range confusion[i] {
			if n == 0 {
				fmt.Fprint(t, "·\t")
			} else {
				fmt.Fprintf(t, "%d\t", n)
			}
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}

// printMistakes writes the ten most frequent mistakes.
func printMistakes(w io.Writer, classes []string, confusion [][]int) (err error) {
	type mistake struct{ truth, predicted, n int }
	var all []mistake
	for i, row := range confusion {
		for j, n := range row {
			if i != j && n > 0 {
				all = append(all, mistake{i, j, n})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b mistake) int { return b.n - a.n })
	for _, m := range all[:min(len(all), 10)] {
		_, err = fmt.Fprintf(w, "%d of class %s taken for %s\n", m.n, classes[m.truth], classes[m.predicted])
	}
	return err
}

// shortened cuts names to a width that fits in a table.
func shortened(names []string) []string {
	const width = 12
	var all []string
	for _, name := range names {
		if letters := []rune(name); len(letters) > width {
			name = string(letters[:width-1]) + "…"
		}
		all = append(all, name)
	}
	return all
}

// printClasses writes the errors of each class: of more than confusionClasses, those
// with the most errors.
func printClasses(w io.Writer, classes []classJSON) {
	classes = slices.DeleteFunc(slices.Clone(classes), func(c classJSON) bool { return c.Images == 0 })
	if len(classes) > confusionClasses {
		slices.SortStableFunc(classes, func(a, b classJSON) int {
			return cmp.Compare(float64(b.Errors)/float64(b.Images), float64(a.Errors)/float64(a.Images))
		})
		classes = classes[:confusionClasses]
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "class\timages\twrong\terror\t")
	for _, c := range classes {
		fmt.Fprintf(t, "%s\t%s\t%s\t%.2f%%\t\n", c.Name, thousands.Apart(c.Images), thousands.Apart(c.Errors), 100*float64(c.Errors)/float64(c.Images))
	}
	t.Flush()
}
