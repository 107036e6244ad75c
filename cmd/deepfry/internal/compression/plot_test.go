package compression

import (
	"slices"
	"testing"

	"github.com/deepfry/deepfry/paper"
	"gonum.org/v1/plot"
)

// TestCurveIsSorted draws by bytes, whatever the order of measuring, and
// marks what is above the top at its place.
func TestCurveIsSorted(t *testing.T) {
	var groups []paper.Group
	for _, g := range []struct {
		bytes int
		mean  float64
	}{{50, 0.9}, {150, 0.6}, {30, 5}, {60, 0.8}} {
		groups = append(groups, paper.Group{Trial: paper.Trial{Form: paper.DataSVD, Frozen: true}, Bytes: g.bytes, Mean: g.mean})
	}
	groups = append(groups, paper.Group{Trial: paper.Trial{Form: paper.DataSVD}, Bytes: 70, Mean: 1}, paper.Group{Trial: paper.Trial{Form: paper.Fixed, Frozen: true}, Bytes: 70, Mean: 1})
	groups = append(groups, paper.Group{Trial: paper.Trial{Form: paper.DataSVD, Frozen: true}, Int8: true, Bytes: 20, Mean: 1}, paper.Group{Trial: paper.Trial{Form: paper.DataSVD, Frozen: true, Distilled: true}, Bytes: 40, Mean: 1})
	b := curveOf(groups, paper.DataSVD, true, false)
	var bytes []float64
	for _, point := range b.XYs {
		bytes = append(bytes, point.X)
	}
	if want := []float64{30, 50, 60, 150}; !slices.Equal(bytes, want) {
		t.Errorf("bytes %v, want %v", bytes, want)
	}
	if !addAbove(plot.New(), b, 2, 0) || addAbove(plot.New(), b, 5, 0) {
		t.Error("5% is above a top of 2, and not above one of 5")
	}
}
