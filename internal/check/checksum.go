package check

import (
	"maps"
	"testing"

	"github.com/nlpodyssey/safetensors"
)

// WithoutChecksum returns a file of internal/tensorfile without its checksum, as they
// once were: what is wrong in it must be found without.
func WithoutChecksum(t testing.TB, content []byte) []byte {
	t.Helper()
	_, header, err := safetensors.ReadMetadata(content)
	if err != nil {
		t.Fatal(err)
	}
	file, err := safetensors.Deserialize(content)
	if err != nil {
		t.Fatal(err)
	}
	tensors := map[string]safetensors.TensorView{}
	for _, tensor := range file.Tensors() {
		tensors[tensor.Name] = tensor.TensorView
	}
	metadata := maps.Clone(header.Metadata())
	delete(metadata, "deepfry.format")
	delete(metadata, "deepfry.checksum")
	plain, err := safetensors.Serialize(tensors, metadata)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}
