package compress

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/internal/linear"
	"github.com/deepfry/deepfry/nn"
)

// TestOutputError: what is constant does not count, whatever its size; where all is
// constant, sizes do.
func TestOutputError(t *testing.T) {
	const columns = 3
	b := normals(50*columns, 1)
	a := slices.Clone(b)
	linear.Subtract(a, normals(len(b), 2), 0.1)
	want, _ := outputError(a, b, columns)
	if want < 0.09 || want > 0.11 {
		t.Errorf("a tenth of noise is an error of %v", want)
	}
	shift := []float32{64, -32, 16} // exact in float32, but for a few bits
	for i := range b {
		a[i] += shift[i%columns]
		b[i] += shift[i%columns]
	}
	if got, kind := outputError(a, b, columns); math.Abs(got-want) > 1e-3 || kind != varied {
		t.Errorf("with a constant the error is %v, want %v", got, want)
	}
	mean := make([]float32, len(b))
	for i := range b {
		for j := i % columns; j < len(b); j += columns {
			mean[i] += b[j] / 50
		}
	}
	if got, _ := outputError(mean, b, columns); math.Abs(got-1) > 1e-3 {
		t.Errorf("the mean has the error %v, want 1", got)
	}
	for _, c := range []struct {
		a, b []float32
		want float64
		kind kind
	}{
		{[]float32{3, 4, 3, 4}, []float32{3, 4, 3, 4}, 0, constant},
		{[]float32{3, 5, 3, 3}, []float32{3, 4, 3, 4}, 0.2, constant},
		{[]float32{0, 0}, []float32{0, 0}, 0, zero},
		{[]float32{0, 7}, []float32{0, 0}, 1, zero},
		{[]float32{0, 5}, []float32{3, 4}, math.Sqrt(10) / 5, constant}, // one sample
	} {
		if got, kind := outputError(c.a, c.b, 2); math.Abs(got-c.want) > 1e-9 || kind != c.kind {
			t.Errorf("%v for %v: %v, %q", c.a, c.b, got, kind)
		}
	}
}

// TestConstantOutputs has a network whose outputs are all constant, one whose outputs
// are all zero, and one whose are no numbers: the report says so, and is JSON.
func TestConstantOutputs(t *testing.T) {
	for name, c := range map[string]struct {
		last, bias float32
		want       string
	}{"constant": {0, 3, "the same for all samples"}, "zero": {0, 0, "all zero"}, "overflow": {1e14, 0, "not all finite"}} {
		network, err := nn.New(nn.Description{Name: name, Input: nn.Shape{20}, Nodes: []nn.Node{
			{Name: "fc1", Op: nn.Dense{Out: 24}}, {Name: "fc2", Op: nn.Dense{Out: 20}}, {Name: "fc3", Op: nn.Dense{Out: 20}}, {Name: "fc4", Op: nn.Dense{Out: 20}}, {Name: "fc5", Op: nn.Dense{Out: 20}},
		}}, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range network.Params()[2:] {
			for i := range p.Data {
				p.Data[i] = c.last
			}
		}
		network.Param("fc5.bias").Data[0] = c.bias
		model, err := FromNetwork(network)
		if err != nil {
			t.Fatal(err)
		}
		r, err := model.Compress(context.Background(), Options{Layers: []string{"fc1"}, Rank: Rank{N: 4}})
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(r.Report)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !strings.Contains(string(text), c.want) {
			t.Errorf("%s: the report lacks %q: %s", name, c.want, text)
		}
		var page strings.Builder
		if err := r.Report.WriteHTML(&page); err != nil || strings.Contains(page.String(), "NaN") {
			t.Errorf("%s: the page: %v", name, err)
		}
		if err := r.Report.WriteText(&page); err != nil {
			t.Error(err)
		}
	}
}

// TestTrialsUnmeasured: of what was refused unmade, no number is told that was not
// found.
func TestTrialsUnmeasured(t *testing.T) {
	network, data := classifier(t)
	model, err := FromNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	r, err := model.Compress(context.Background(), Options{Methods: []Method{SVD}, Rank: Rank{N: 20}, Data: data})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		`[{"method":"svd","size":20,"weights":1600,"note":`, // fc1
		`[{"method":"svd","size":20,"weights":1920,"bytes":7872,"multiply_adds":1920,"microseconds":`,
	} {
		text, err := json.Marshal(r.Report.Layers[i].Tried)
		if err != nil || !strings.HasPrefix(string(text), want) {
			t.Errorf("%s, %v", text, err)
		}
	}
}
