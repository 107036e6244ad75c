package table_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"strings"

	"github.com/deepfry/deepfry/dataset/table"
)

func ExampleRead() {
	iris, err := table.Read("testdata/iris.csv", table.Options{})
	if err != nil {
		log.Fatal(err)
	}
	if err := iris.SetTask(iris.GuessTask()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(iris.Len(), "rows; classes", iris.Schema.Targets[0].Categories)

	rows := make([]int, iris.Len())
	for i := range rows {
		rows[i] = i
	}
	train, holdout, err := iris.Split(rows, 0.2, 1)
	if err != nil {
		log.Fatal(err)
	}
	encoder, err := table.NewEncoder(iris, train, table.EncoderOptions{})
	if err != nil {
		log.Fatal(err)
	}
	vector := make([]float32, encoder.Width())
	if err := encoder.Encode(vector, iris.Row(holdout[0])); err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(train), "to learn from; a row becomes", len(vector), "numbers")
	// Output:
	// 12 rows; classes [setosa versicolor virginica]
	// 10 to learn from; a row becomes 4 numbers
}

func ExampleNewReader() {
	reader, err := table.NewReader("lines", strings.NewReader("+1 3:0.5 7:2\n-1 1:4\n"), table.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for {
		row, err := reader.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(row.Targets[0], row.Cells)
	}
	// Output:
	// 1 [0.5 2]
	// -1 [4]
}

func ExampleReader_Next() {
	_, err := table.NewReader("prices.csv", strings.NewReader("rooms,price\n3,100\n4\n"), table.Options{Targets: []string{"prize"}})
	fmt.Println(err)
	fmt.Println(errors.Is(err, table.ErrColumn))

	reader, err := table.NewReader("prices.csv", strings.NewReader("rooms,price\n3,100\n4\n"), table.Options{})
	for err == nil {
		_, err = reader.Next()
	}
	fmt.Println(err)
	// Output:
	// table: prices.csv: the target: no such column: "prize"; there are 2: rooms, price
	// true
	// table: prices.csv: line 3: 1 field; want 2, as in the first line
}
