package onnx_test

import (
	"context"
	"os"
	"runtime/metrics"
	"testing"

	"github.com/deepfry/deepfry/compress"
	"github.com/deepfry/deepfry/onnx"
)

func init() { onnx.Compress = compressFile }

func allocatedBytes() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// compressFile cuts the layers of a file to rank 1, and fails if opening it, or
// any layer on an average, allocates out of proportion.
func compressFile(t testing.TB, path string) {
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	allowed := 16<<20 + 8*uint64(info.Size())
	before := allocatedBytes()
	model, err := compress.Open(path, nil)
	if n := allocatedBytes() - before; n > allowed {
		t.Errorf("opening %d bytes allocated %d", info.Size(), n)
	}
	if err != nil || len(model.Layers) > 8 {
		return // every layer's time is measured, which takes some
	}
	before = allocatedBytes()
	result, err := model.Compress(context.Background(), compress.Options{Rank: compress.Rank{N: 1}, AllowSlower: true})
	if n := allocatedBytes() - before; n > allowed*uint64(1+len(model.Layers)) {
		t.Errorf("compressing %d layers of %d bytes allocated %d", len(model.Layers), info.Size(), n)
	}
	if err == nil {
		_ = result.Save(path + ".compressed.onnx") // it fails for data that are not there
	}
}
