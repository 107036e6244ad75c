package predict_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/deepfry/deepfry/dataset/table"
	"github.com/deepfry/deepfry/predict"
)

// From a file that deepfry train wrote, and a picture, to the class: errors apart,
// three lines.
func Example() {
	p, err := predict.Open("testdata/digits.safetensors")
	if err != nil {
		log.Fatal(err)
	}
	answer, err := p.Picture("testdata/four.jpg")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s (%.0f%%)\n", answer.Name, 100*answer.Probability)
	// Output: 4 (100%)
}

// From a file that deepfry fit wrote, and the cells of a row, to the class.
func ExamplePredictor_Row() {
	p, err := predict.Open("testdata/iris.safetensors")
	if err != nil {
		log.Fatal(err)
	}
	answer, err := p.Row("6.3", "2.8", "5.1", "1.5")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s (%.0f%%)\n", answer.Name, 100*answer.Probability)
	// Output: virginica (55%)
}

// A whole table, and how well the answers do.
func ExamplePredictor_Rows() {
	p, err := predict.Open("testdata/iris.safetensors")
	if err != nil {
		log.Fatal(err)
	}
	csv := strings.NewReader("Petal.Length,Petal.Width,Sepal.Length,Sepal.Width,Species\n1.4,0.2,5.1,3.5,setosa\n5.1,1.5,6.3,2.8,versicolor\n")
	tally := predict.NewTally(len(p.Classes))
	for row, err := range p.Rows(csv, "flowers", table.Options{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(row.Line, row.Name)
		tally.Add(row.Targets[0], row.Answer)
	}
	fmt.Printf("%.0f%% error\n", tally.ErrorPercent())
	// Output:
	// 2 setosa
	// 3 virginica
	// 50% error
}
