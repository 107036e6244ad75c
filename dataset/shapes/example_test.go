package shapes_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/deepfry/deepfry/dataset/shapes"
)

func ExampleSet_Write() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	if err := shapes.Shapes.Write(context.Background(), folder, shapes.Options{Train: 40, Test: 10, Seed: 1}); err != nil {
		log.Fatal(err)
	}
	stars, err := filepath.Glob(filepath.Join(folder, "train", "star", "*.jpg"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(stars), "stars to learn from")
	// Output: 4 stars to learn from
}

func ExampleSet_Picture() {
	classes := shapes.Textures.Classes()
	picture := shapes.Textures.Picture(1, "train", 7, 0)
	fmt.Println("a", classes[7], "of", picture.Bounds().Size())
	// Output: a disc-plain of (64,64)
}
