package dataset_test

import (
	"errors"
	"fmt"
	"image"
	"image/png"
	"log"
	"os"
	"path/filepath"

	"github.com/deepfry/deepfry/dataset"
)

func ExampleOpen() {
	data, err := dataset.Open("mnist")
	if err != nil {
		log.Fatal(err) // says where to put which files
	}
	fmt.Println(data.Train.Len(), "training images,", data.Test.Len(), "test images")

	// The last 5,000 training images choose the settings; nothing is copied.
	train, validation := dataset.Slice(data.Train, 0, 55_000), dataset.Slice(data.Train, 55_000, 60_000)
	fmt.Println(train.Len(), "to learn from,", validation.Len(), "to choose by")
	// Output:
	// 60000 training images, 10000 test images
	// 55000 to learn from, 5000 to choose by
}

func ExampleOpenWith() {
	// data/cat/1.png, data/dog/1.png, ... of any sizes, for a network that takes
	// images of 3×32×32
	data, err := dataset.OpenWith("data", dataset.Options{Input: []int{3, 32, 32}})
	if err != nil {
		fmt.Println("there are none")
		return
	}
	fmt.Println(data.Train.ClassNames())
	// Output: there are none
}

func ExampleOpenWith_transpose() {
	// emnist/emnist-letters-train-images-idx3-ubyte.gz and so on, turned upright
	data, err := dataset.OpenWith("emnist/emnist-letters", dataset.Options{Transpose: true})
	if err != nil {
		fmt.Println("there are none")
		return
	}
	fmt.Println(data.Train.ClassNames())
	// Output: there are none
}

func ExampleReadSamples() {
	set, err := dataset.ReadSamples("samples.npz", []int{1, 28, 28})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(set.Train.Labels), set.Said)
	// Output: dataset: open samples.npz: no such file or directory
}

func ExampleReadPixels() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "grey.png")
	picture := image.NewGray(image.Rect(0, 0, 20, 10))
	for i := range picture.Pix {
		picture.Pix[i] = 200
	}
	file, err := os.Create(path)
	if err != nil {
		log.Fatal(err)
	}
	if err := errors.Join(png.Encode(file, picture), file.Close()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(dataset.ReadPixels(path, 1, 1, 2))
	// Output: [200 200] <nil>
}

func ExampleReadPicture() {
	_, err := dataset.ReadPicture("example_test.go")
	fmt.Println(err)
	// Output:
	// dataset: example_test.go: expected a PNG, JPEG, GIF, WebP, TIFF, BMP or PNM picture, found a text file
}

func ExampleLoader() {
	set := &dataset.Images{
		Channels: 1, Height: 1, Width: 2,
		Pixels:  []byte{0, 255, 51, 102, 153, 204},
		Labels:  []int32{0, 1, 0},
		Classes: []string{"cat", "dog"},
	}
	loader, err := dataset.NewLoader(set, dataset.LoaderOptions{BatchSize: 2})
	if err != nil {
		log.Fatal(err)
	}
	for batch, err := range loader.Epoch(0, 0) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(batch.Index, batch.Labels, batch.Images)
	}
	// Output:
	// 0 [0 1] [0 1 0.2 0.4]
	// 1 [0] [0.6 0.8]
}

func ExampleLoader_augmented() {
	data, err := dataset.Open("mnist")
	if err != nil {
		log.Fatal(err)
	}
	loader, err := dataset.NewLoader(data.Train, dataset.LoaderOptions{
		BatchSize: 128, Seed: 1, Shuffle: true, Augment: dataset.Light(), DropLast: true,
	})
	if err != nil {
		log.Fatal(err)
	}
	// A run that stopped in epoch 3 after 465 batches sees the rest.
	seen := 0
	for batch, err := range loader.Epoch(3, 465) {
		if err != nil {
			log.Fatal(err)
		}
		seen += len(batch.Labels)
	}
	fmt.Println(loader.Batches(), seen)
	// Output: 468 384
}

func ExampleInvertPaper() {
	paper := []byte{250, 250, 250, 250, 10, 250, 250, 250, 250} // with a spot of ink
	fmt.Println(dataset.InvertPaper(paper, 1, 3, 3), paper)
	// Output: true [5 5 5 5 245 5 5 5 5]
}
