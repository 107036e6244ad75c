package onnx_test

import (
	"context"
	"errors"

	"github.com/deepfry/deepfry/compress"
	"github.com/deepfry/deepfry/onnx"
)

func init() { onnx.CompressKind = compressKind }

// compressKind cuts the layers of a file to rank 4.
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
	return true, result.Save(to)
}
