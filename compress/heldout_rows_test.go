package compress

import (
	"context"
	"slices"
	"strings"
	"testing"
)

// TestFewRowsSayLittle: of few samples, of few that are repeated, or of one class, no
// cut is known to lose at most half a point, so that nothing is replaced.
func TestFewRowsSayLittle(t *testing.T) {
	network, data := classifier(t)
	model, err := FromNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	size := network.Description.Input.Size()
	few := data.Train.Slice(0, 40, size)
	repeated := Samples{Inputs: slices.Repeat(few.Inputs, 50), Labels: slices.Repeat(few.Labels, 50)}
	one := Samples{Inputs: few.Inputs, Labels: make([]int32, 40)}
	for want, train := range map[string]Samples{"more would say more": few, "1,960 repeat others": repeated, "are of 1 of the": one} {
		r, err := model.Compress(context.Background(), Options{Data: &Data{Name: "few", Train: train, Test: data.Test.Slice(0, 20, size)}})
		if err == nil || r == nil || r.Report.WeightsAfter != r.Report.WeightsBefore {
			t.Errorf("%s: error %v: want nothing to be replaced", want, err)
			continue
		}
		if notes := strings.Join(r.Report.Notes, "\n"); !strings.Contains(notes, want) {
			t.Errorf("want a note with %q: %s", want, notes)
		}
	}
}
