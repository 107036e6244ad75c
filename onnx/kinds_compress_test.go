package onnx_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/deepfry/deepfry/compress"
	"github.com/deepfry/deepfry/onnx"
)

func init() { onnx.CompressKind = compressKind }

// compressKind cuts the layers of a file to rank 4. It fails if the weights get fewer, but
// the file no smaller.
func compressKind(from, to string) (bool, error) {
	model, err := compress.Open(from, nil)
	if err != nil {
		return false, err
	}
	result, err := model.Compress(context.Background(), compress.Options{Rank: compress.Rank{N: 4}, AllowSlower: true})
	if errors.Is(err, compress.ErrNothing) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := result.Save(to); err != nil {
		return true, err
	}
	if r := result.Report; r.WeightsAfter < r.WeightsBefore && r.FileAfter >= r.FileBefore {
		return true, fmt.Errorf("%d weights of %d are left, but the file has grown from %d bytes to %d", r.WeightsAfter, r.WeightsBefore, r.FileBefore, r.FileAfter)
	}
	return true, nil
}
