package compression

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/deepfry/deepfry/paper"
)

// comparisons are of each form with the SVD that is trained on, at the same bytes.
func comparisons(groups []paper.Group) (all []paper.Comparison) {
	for _, frozen := range []bool{true, false} {
		for _, int8 := range []bool{false, true} {
			for _, form := range []paper.Form{paper.Adaptive, paper.Block, paper.Fixed, paper.Monarch, paper.LowRank, paper.Projection} {
				all = append(all, paper.Compare(groups, form, paper.DataSVD, frozen, int8)...)
			}
		}
	}
	return all
}

// WriteJSON writes the results and comparisons as JSON.
func WriteJSON(w io.Writer, groups []paper.Group) error {
	return json.NewEncoder(w).Encode(struct {
		Groups      []paper.Group      `json:"groups"`
		Comparisons []paper.Comparison `json:"comparisons"`
	}{groups, comparisons(groups)})
}

// WriteText writes the results and comparisons as tables in Markdown.
func WriteText(w io.Writer, groups []paper.Group) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "| hidden layer\t| weights\t| bytes\t| without random ones\t| error, %\t| by seed\t|")
	fmt.Fprintln(t, "|---\t|---\t|---\t|---\t|---\t|---\t|")
	for _, g := range groups {
		fmt.Fprintf(t, "| %s\t| %d\t| %d\t| %d\t| %.2f ± %.2f\t|", nameOf(g.Trial, g.Int8), g.Weights, g.Bytes, g.LearntBytes, g.Mean, g.StandardError)
		for _, seed := range slices.Sorted(maps.Keys(g.Errors)) {
			fmt.Fprintf(t, " %.2f", g.Errors[seed])
		}
		fmt.Fprintln(t, "\t|")
	}
	compared := comparisons(groups)
	if len(compared) > 0 {
		fmt.Fprintln(t, "\n| at the same bytes\t| bytes\t| less SVD, points\t| seeds\t| \t|")
		fmt.Fprintln(t, "|---\t|---\t|---\t|---\t|---\t|")
	}
	for _, k := range compared {
		fmt.Fprintf(t, "| %s\t| %d\t| %+.2f ± %.2f\t| %d\t| %s\t|\n", nameOf(k.Trial, k.Int8), k.Bytes, k.Difference, k.StandardError, k.Seeds, k.Verdict())
	}
	return t.Flush()
}

// nameOf is a trial's name with its precision.
func nameOf(t paper.Trial, int8 bool) string {
	if int8 {
		return t.String() + ", int8"
	}
	return t.String()
}
