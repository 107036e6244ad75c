package onnx

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/deepfry/deepfry/nn"
)

// TestTooLargeForOneFile has a file of more than a protobuf message may have.
func TestTooLargeForOneFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "large.onnx")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 2_200_000_000); err != nil { // a hole, which takes no room
		t.Skip(err)
	}
	before := allocatedBytes()
	_, err := Open(path)
	if err == nil || !strings.Contains(err.Error(), "want a file of at most 2 GB; larger models have their weights in other files") {
		t.Errorf("2.2 GB in one file: %v", err)
	}
	if n := allocatedBytes() - before; n > 1<<20 {
		t.Errorf("the refusal allocated %d bytes", n)
	}
}

// largeVariable has the test of a model of 2 GiB run, which takes 5 GB of disk.
const largeVariable = "DEEPFRY_LARGE"

// The model's layers are large [32768, 16384], then small [8, 32768].
const largeInputs, largeMiddle, largeOutputs = 1 << 14, 1 << 15, 8

// largeRow sets a row of weights of the large layer.
func largeRow(row []float32, o int) {
	for i := range row {
		row[i] = float32((o*31+i*17)%251-125) / 4096
	}
}

// largeModel writes the model and its weights, and returns its output for x.
func largeModel(t *testing.T, path string, x, small []float32) (y []float32) {
	file, err := os.Create(path + ".data")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w := bufio.NewWriterSize(file, 1<<20)
	row, raw := make([]float32, largeInputs), make([]byte, 0, 4*largeInputs)
	y = make([]float32, largeOutputs)
	for o := range largeMiddle {
		largeRow(row, o)
		raw = raw[:0]
		var sum float32
		for i, v := range row {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
			sum += v * x[i]
		}
		if _, err := w.Write(raw); err != nil {
			t.Fatal(err)
		}
		for k := range y {
			y[k] += small[k*largeMiddle+o] * sum
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	message := appendInt(appendInt(nil, tensorDims, largeMiddle), tensorDims, largeInputs)
	message = appendText(appendInt(message, tensorType, int64(Float)), tensorName, "large")
	for _, e := range [][2]string{{"location", filepath.Base(path) + ".data"}, {"offset", "0"}, {"length", strconv.Itoa(4 * largeMiddle * largeInputs)}} {
		message = appendMessage(message, tensorExternal, entry(e[0], e[1]))
	}
	message = appendInt(message, tensorLocation, locationExternal)
	d := drawn{input: nn.Shape{largeInputs}, nodes: []*Node{
		op("Gemm", "a", "x large", IntAttribute("transB", 1)), op("Gemm", "y", "a small", IntAttribute("transB", 1)),
	}, tensors: []*Tensor{{Name: "large", message: message, wire: appendMessage(nil, graphInitializer, message)}, NewTensor("small", []int{largeOutputs, largeMiddle}, small)}}
	if err := os.WriteFile(path, encodedWithExternal(d.model(t)), 0o644); err != nil {
		t.Fatal(err)
	}
	return y
}

// encodedWithExternal returns a model's file alone.
func encodedWithExternal(m *Model) []byte {
	parts, _ := m.encode()
	return bytes.Join(parts, nil)
}

// externalSum returns the checksum of the data of the first tensor that has
// external data.
func externalSum(t *testing.T, m *Model) (sum [32]byte) {
	t.Helper()
	for _, tensor := range m.Initializers() {
		if tensor.external != nil && tensor.Name == "large" {
			hash, b := sha256.New(), budget(1<<32)
			if _, err := tensor.copyData(hash, &b); err != nil {
				t.Fatal(err)
			}
			return [32]byte(hash.Sum(nil))
		}
	}
	t.Fatal("the large tensor is gone")
	return sum
}

// TestLargeModel rewrites the small layer of a model of 2 GiB. The large one passes
// through byte for byte, and never as a whole through the memory. With
// DEEPFRY_ONNXRUNTIME, ONNX Runtime runs the result.
func TestLargeModel(t *testing.T) {
	if os.Getenv(largeVariable) == "" {
		t.Skipf("%s is not set", largeVariable)
	}
	folder := t.TempDir()
	before, after := filepath.Join(folder, "before.onnx"), filepath.Join(folder, "after.onnx")
	x, small := gaussian(largeInputs, 1), gaussian(largeOutputs*largeMiddle, 2)
	want := largeModel(t, before, x, small)

	start, allocated := time.Now(), allocatedBytes()
	m, err := Open(before)
	if err != nil {
		t.Fatal(err)
	}
	layers, refused := m.Linears()
	if len(layers) != 2 || len(refused) != 0 {
		t.Fatalf("%d layers, refused: %v", len(layers), refused)
	}
	w, err := layers[1].Weights()
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Replace(layers[1], products(t, largeMiddle, w, identity(largeOutputs)), 0); err != nil {
		t.Fatal(err)
	}
	if err := m.Save(after); err != nil {
		t.Fatal(err)
	}
	n := allocatedBytes() - allocated
	t.Logf("opened, rewritten and saved in %v with %.1f MB allocated", time.Since(start), float64(n)/1e6)
	if n > 32<<20 {
		t.Errorf("%d bytes were allocated", n)
	}
	saved, err := Open(after)
	if err != nil {
		t.Fatal(err)
	}
	if externalSum(t, saved) != externalSum(t, m) {
		t.Error("the large layer's weights are not what they were")
	}
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		for line := range strings.Lines(string(status)) {
			if strings.HasPrefix(line, "VmHWM") {
				t.Logf("peak memory of the process: %s", strings.TrimSpace(strings.TrimPrefix(line, "VmHWM:")))
			}
		}
	}
	if os.Getenv(runtimeVariable) != "" {
		j := newJobs(t)
		j.add(t, "large", after, "x", []int{1, largeInputs}, x, want, 1e-4)
		j.run(t)
	}
}
