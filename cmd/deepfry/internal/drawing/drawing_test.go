package drawing

import (
	"testing"

	"gonum.org/v1/plot"
)

func TestLogTicks(t *testing.T) {
	want := []plot.Tick{{Value: 0.02, Label: "0.02"}, {Value: 0.05, Label: "0.05"}, {Value: 0.1, Label: "0.1"}, {Value: 0.2, Label: "0.2"}}
	if got := LogTicks(0.015, 0.3); len(got) != len(want) || got[0] != want[0] || got[3].Label != want[3].Label {
		t.Errorf("%v, want %v", got, want)
	}
}
