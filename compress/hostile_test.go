package compress

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"runtime/metrics"
	"testing"

	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/onnx"
)

// save writes a network as an ONNX file.
func save(t *testing.T, network *nn.Network) string {
	t.Helper()
	m, err := onnx.FromNetwork(network, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "net.onnx")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestUnequalFiles are files that stand for more than they are, or for nothing.
func TestUnequalFiles(t *testing.T) {
	network := func(input nn.Shape, ops ...nn.Op) *nn.Network {
		d := nn.Description{Name: "net", Input: input}
		for i, op := range ops {
			d.Nodes = append(d.Nodes, nn.Node{Name: fmt.Sprintf("layer%d", i+1), Op: op})
		}
		n, err := nn.New(d, 1)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	infinite := network(nn.Shape{8}, nn.Dense{Out: 9}, nn.Dense{Out: 9}, nn.Dense{Out: 9})
	infinite.Param("layer1.weight").Data[3] = float32(math.NaN())
	infinite.Param("layer3.bias").Data[3] = 1e30
	for name, n := range map[string]*nn.Network{
		"wide":       network(nn.Shape{4}, nn.Dense{Out: 30000}), // 30000×30000 numbers are 3.6 GB
		"activation": network(nn.Shape{1, 4000, 4000}, nn.MaxPool{Kernel: 100, Stride: 100}, nn.Dense{Out: 10}),
		"infinite":   infinite,
	} {
		path := save(t, n)
		before := allocatedBytes()
		m, err := Open(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Layers) != 1 || name == "infinite" && len(m.Refused) != 2 {
			t.Errorf("%s: %d layers, refused: %v", name, len(m.Layers), m.Refused)
		}
		r, err := m.Compress(context.Background(), Options{Rank: Rank{N: 2}, AllowSlower: true})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if n := allocatedBytes() - before; n > 2*uint64(16<<20+8*m.bytes) {
			t.Errorf("%s: %d bytes for a file of %d", name, n, m.bytes)
		}
		if (r.Report.OutputError == nil) != (name == "activation" || name == "infinite") {
			t.Errorf("%s: the error of the outputs is %v", name, r.Report.OutputError)
		}
	}
}

func allocatedBytes() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
