package compress

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/onnx"
)

// TestTiedWeights has an autoencoder whose second matrix is the first one turned: a
// replacement of either would be stored beside them.
func TestTiedWeights(t *testing.T) {
	network, err := nn.New(nn.Description{Name: "tied", Input: nn.Shape{48}, Nodes: []nn.Node{
		{Name: "encode", Op: nn.Dense{Out: 40, NoBias: true}}, {Name: "relu", Op: nn.ReLU{}}, {Name: "decode", Op: nn.Dense{Out: 48, NoBias: true}},
	}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	// The second node takes the first one's weights, not turned: names of one length,
	// and transB 0 in the place of 1.
	model := openChanged(t, network, func(content string) string {
		turned := []byte(strings.Replace(content, "decode.weight", "encode.weight", 1))
		field := strings.LastIndex(content, "transB")
		field += strings.IndexByte(content[field:], 0x18) // of the integer
		turned[field+1] = 0
		return string(turned)
	})
	r, err := model.Compress(context.Background(), Options{Rank: Rank{N: 4}})
	if !errors.Is(err, ErrNothing) || !strings.Contains(strings.Join(r.Report.Notes, "\n"), "are also taken by") {
		t.Errorf("error %v, report %+v", err, r)
	}
	if r.Report.WeightsBefore != 40*48 || r.Report.WeightsAfter != 40*48 {
		t.Errorf("%d and %d weights, want %d once", r.Report.WeightsBefore, r.Report.WeightsAfter, 40*48)
	}
}

// openChanged saves a network as an ONNX file, changes its bytes and opens it.
func openChanged(t *testing.T, network *nn.Network, change func(content string) string) *Model {
	t.Helper()
	file, err := onnx.FromNetwork(network, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "changed.onnx")
	if err := file.Save(path); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(change(string(content))), 0o644); err != nil {
		t.Fatal(err)
	}
	model, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return model
}
