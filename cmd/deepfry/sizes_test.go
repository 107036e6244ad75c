package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/flags"
	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/onnx"
	"github.com/deepfry/deepfry/predict"
	"github.com/deepfry/deepfry/train"
)

// TestSizesOnDisk: fried LeNet 1024 takes at most 160 KiB as a checkpoint, of a run
// of 20 epochs too, 80 KiB as one of float16, and its weights + 16 KiB as ONNX.
func TestSizesOnDisk(t *testing.T) {
	dir := t.TempDir()
	trained := filepath.Join(dir, "trained.safetensors")
	saveFinished(t, trained, 20)
	check := func(path string, limit int) {
		t.Helper()
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if t.Logf("%s: %d bytes of %d", filepath.Base(path), info.Size(), limit); int(info.Size()) > limit {
			t.Errorf("%s has %d bytes, want at most %d", filepath.Base(path), info.Size(), limit)
		}
	}
	check(trained, 160<<10)

	network, extra, err := checkpoint.Load(trained)
	if err != nil {
		t.Fatal(err)
	}
	if extra, err = train.Inference(extra); err != nil {
		t.Fatal(err)
	}
	for precision, most := range map[checkpoint.Precision]int{checkpoint.Float32: 160 << 10, checkpoint.Float16: 80 << 10, checkpoint.Int8: 46_000} {
		path := filepath.Join(dir, string(precision)+".safetensors")
		if err := checkpoint.SaveAs(path, network, extra, precision); err != nil {
			t.Fatal(err)
		}
		check(path, most)
	}

	weights := network.Weights()
	for name, o := range map[string]onnx.Options{
		"ops": {}, "function": {Fastfood: onnx.Function},
		"ops-float16": {Weights: onnx.Float16}, "function-float16": {Weights: onnx.Float16, Fastfood: onnx.Function},
		"ops-int8": {Weights: onnx.Int8}, "function-int8": {Weights: onnx.Int8, Fastfood: onnx.Function},
	} {
		model, err := onnx.FromNetwork(network, o)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name+".onnx")
		if err := model.Save(path); err != nil {
			t.Fatal(err)
		}
		switch o.Weights {
		case onnx.Int8:
			check(path, 52_000)
		case onnx.Float16:
			check(path, 2*weights+16<<10)
		default:
			check(path, 4*weights+16<<10)
		}
	}
}

// saveFinished writes the checkpoint of a finished run of fried LeNet 1024 with the
// recipe and the notes of the train command, but random numbers as results.
func saveFinished(t *testing.T, path string, epochs int) {
	t.Helper()
	recipe, options, err := flags.RecipeByName("default", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	description, err := flags.DescribeModel("lenet", options, "adaptive:1024")
	if err != nil {
		t.Fatal(err)
	}
	network, err := nn.New(description, 1)
	if err != nil {
		t.Fatal(err)
	}
	images := &dataset.Images{Channels: 1, Height: 28, Width: 28, Pixels: make([]byte, 28*28), Labels: []int32{3}, Classes: strings.Split("0123456789", "")}
	recipe.Epochs, recipe.BatchSize = epochs, 1
	trainer, err := train.New(network, images, recipe, 1)
	if err != nil {
		t.Fatal(err)
	}
	for !trainer.Done() {
		if err := trainer.RunEpoch(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	source := rand.New(rand.NewPCG(1, 2))
	for i := range trainer.History {
		e := &trainer.History[i]
		e.Loss, e.TrainErrorPercent, e.Seconds = source.Float64()/10, source.Float64(), float64(10000+source.IntN(10000))/1000
		e.Test = &train.Evaluation{Images: 10000, Errors: 100 + source.IntN(100), Loss: source.Float64() / 10}
	}
	notes := predict.Meaning{Data: "mnist", Classes: images.Classes, Preparation: predict.Digit}.Notes()
	if err := trainer.Save(path, notes); err != nil {
		t.Fatal(err)
	}
}
