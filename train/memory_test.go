package train

import (
	"math"
	"runtime"
	"testing"

	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/models"
	"github.com/deepfry/deepfry/nn"
)

// TestMemoryIsThatAllocated compares with what the heap holds of a run: with one core and
// with many, batches whole and in parts, both optimizers, and convolutions of many weights,
// by tiles and by columns.
func TestMemoryIsThatAllocated(t *testing.T) {
	wide := nn.Description{Name: "wide", Input: nn.Shape{3, 24, 24}, Nodes: []nn.Node{
		{Name: "conv1", Op: nn.Conv{Out: 64, Kernel: 3, Pad: 1}},
		{Name: "norm", Op: nn.BatchNorm{}},
		{Name: "relu1", Op: nn.ReLU{}},
		{Name: "pool1", Op: nn.MaxPool{Kernel: 2, Stride: 2}},
		{Name: "conv2", Op: nn.Conv{Out: 512, Kernel: 3, Stride: 2}},
		{Name: "relu2", Op: nn.ReLU{}},
		{Name: "fc1", Op: nn.Dense{Out: 200}},
		{Name: "relu3", Op: nn.ReLU{}},
		{Name: "fc2", Op: nn.Dense{Out: 2}},
	}}
	shallow := nn.Description{Name: "shallow", Input: nn.Shape{3, 64, 64}, Nodes: []nn.Node{
		{Name: "pool", Op: nn.MaxPool{Kernel: 8, Stride: 8}},
		{Name: "fc", Op: nn.Dense{Out: 2}},
	}}
	vgg, err := models.ByName("smallvgg", models.Options{Input: nn.Shape{3, 64, 64}})
	if err != nil {
		t.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, test := range []struct {
		d                   nn.Description
		kind                string
		batch, parts, cores int
		keep                string
		measured            []int
	}{
		{vgg, "adamw", 32, 1, 1, "", nil},
		{vgg, "adamw", 64, 5, 8, "best", []int{100, 7}},
		{wide, "adamw", 60, 6, 2, "best", []int{100}},
		{wide, "sgd", 16, 8, 2, "", nil},
		{wide, "sgd", 1000, 1, 4, "", []int{30}}, // of 70 images
		{shallow, "sgd", 64, 1, 1, "", nil},      // of which the loader's batches are most
	} {
		runtime.GOMAXPROCS(test.cores)
		r := Default()
		if test.kind == "sgd" {
			r = Caffe()
		}
		r.BatchSize, r.Parts, r.Keep = test.batch, test.parts, test.keep
		images := func(n int) *dataset.Images {
			in := test.d.Input
			return &dataset.Images{
				Channels: in[0], Height: in[1], Width: in[2], Pixels: make([]byte, n*in.Size()), Labels: make([]int32, n), Classes: []string{"a", "b"},
			}
		}
		train := images(70)
		var sets []*dataset.Images
		for _, n := range test.measured {
			sets = append(sets, images(n))
		}
		before := heap()
		network := build(t, test.d)
		trainer, err := New(network, train, r, 1)
		if err != nil {
			t.Fatal(err)
		}
		if r.Keep != "" {
			trainer.best.take(network)
		}
		var evaluators []*Evaluator
		for _, set := range sets {
			e, err := NewEvaluator(network, set)
			if err != nil {
				t.Fatal(err)
			}
			evaluators = append(evaluators, e)
		}
		found := heap() - before
		runtime.KeepAlive(trainer)
		runtime.KeepAlive(evaluators)
		runtime.KeepAlive(sets)
		want, err := Memory(test.d, r, 70, test.measured...)
		if ratio := float64(found) / float64(want); err != nil || math.Abs(ratio-1) > 0.1 {
			t.Errorf("%s, %s, batches of %d in %d parts, %d cores: %d bytes are held, %.3f of the %d that Memory has (%v)",
				test.d.Name, test.kind, test.batch, test.parts, test.cores, found, ratio, want, err)
		}
	}
	if _, err := Memory(wide, Recipe{}, 70); err == nil {
		t.Error("no recipe: no error")
	}
}

// heap returns the bytes that are held.
func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// TestEvaluationOfLargeNetworks: activations of a sample bound the batch, and what a Monarch
// layer of 1024 blocks has between its two products: twice 4 MiB.
func TestEvaluationOfLargeNetworks(t *testing.T) {
	vgg, err := models.ByName("vgg16", models.Options{})
	if err != nil {
		t.Fatal(err)
	}
	monarch := nn.Description{Name: "monarch", Input: nn.Shape{1024}, Nodes: []nn.Node{{Name: "fc", Op: nn.Monarch{Out: 1024, Blocks: 1024}}}}
	for _, test := range []struct {
		d       nn.Description
		n, want int
	}{{small(), 1000, 64}, {small(), 5, 5}, {vgg, 1000, 4}, {monarch, 1000, 31}} {
		if got, err := evaluationBatch(test.d, test.n); err != nil || got != test.want {
			t.Errorf("%s: %d of %d samples (%v), want %d", test.d.Name, got, test.n, err, test.want)
		}
	}
}
