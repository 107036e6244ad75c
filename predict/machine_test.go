package predict

import (
	"math"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/kernel/machine"
)

// A machine with a number that is none is refused, not answered by.
func TestFromMachineValidates(t *testing.T) {
	m := &machine.Model{Columns: machine.Columns{Inputs: 1, Outputs: 1}, Weights: []float32{1}, Bias: []float64{0}, HalfWidth: []float64{math.NaN()}}
	if _, err := FromMachine(m, "m"); err == nil || !strings.Contains(err.Error(), "predict: m: ") {
		t.Errorf("%v, want an error", err)
	}
}
