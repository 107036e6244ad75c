package compress_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/deepfry/deepfry/compress"
	"github.com/deepfry/deepfry/models"
	"github.com/deepfry/deepfry/nn"
)

// A network's largest layer is cut to a quarter of its width and written as an
// ONNX file. This network is not trained, so nothing is measured on data.
func Example() {
	network, err := nn.New(models.LeNet(models.Options{}), 1)
	if err != nil {
		panic(err)
	}
	model, err := compress.FromNetwork(network)
	if err != nil {
		panic(err)
	}
	result, err := model.Compress(context.Background(), compress.Options{
		Methods: []compress.Method{compress.SVD}, Rank: compress.Rank{Part: 0.25}, Layers: []string{"fc1"},
	})
	if err != nil {
		panic(err)
	}
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	if err := result.Save(filepath.Join(folder, "lenet.onnx")); err != nil {
		panic(err)
	}
	r := result.Report
	fmt.Println(r.Layers[0].Method, r.Layers[0].Size, r.WeightsBefore, r.WeightsAfter)
	// Output: svd 125 430500 193000
}
