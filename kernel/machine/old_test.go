package machine

import (
	"math"
	"testing"
)

// TestOldFile reads a machine from before there were checksums.
func TestOldFile(t *testing.T) {
	m, err := Load("testdata/without-checksum.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	y, s := make([]float64, 1), make([]float64, 1)
	m.NewPredictor(1).PredictDeviation(y, s, []float32{0.1, -0.2, 0.3})
	if math.Abs(y[0]-0.09822208) > 1e-5 || math.Abs(s[0]-0.056675334) > 1e-5 {
		t.Errorf("%v ± %v, was 0.09822208 ± 0.056675334", y, s)
	}
	if m.Notes["target"] != "price, €" {
		t.Errorf("notes %v", m.Notes)
	}
}
