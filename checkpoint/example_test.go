package checkpoint_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/models"
	"github.com/deepfry/deepfry/nn"
)

func Example() {
	dir, err := os.MkdirTemp("", "deepfry")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	network, err := nn.New(models.LeNet(models.Options{}), 1)
	if err != nil {
		panic(err)
	}
	path := filepath.Join(dir, "lenet.safetensors")
	if err := checkpoint.Save(path, network, checkpoint.Extra{Metadata: map[string]string{"author": "me"}}); err != nil {
		panic(err)
	}
	loaded, extra, err := checkpoint.Load(path)
	if err != nil {
		panic(err)
	}
	fmt.Println(loaded.Weights(), extra.Metadata["author"])
	// Output: 430500 me
}

func ExampleSaveAs() {
	dir, err := os.MkdirTemp("", "deepfry")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	d, err := nn.Fry(models.LeNet(models.Options{}), nn.FryOptions{Outputs: 1024, Learn: "SGB"})
	if err != nil {
		panic(err)
	}
	network, err := nn.New(d, 1)
	if err != nil {
		panic(err)
	}
	path := filepath.Join(dir, "lenet.safetensors")
	for _, precision := range []checkpoint.Precision{checkpoint.Float32, checkpoint.Float16, checkpoint.Int8} {
		if err := checkpoint.SaveAs(path, network, checkpoint.Extra{}, precision); err != nil {
			panic(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			panic(err)
		}
		fmt.Println(info.Size()>>10, "KiB")
	}
	// Output:
	// 157 KiB
	// 79 KiB
	// 42 KiB
}
