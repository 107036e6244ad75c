package main

import (
	"math"
	"strings"
	"testing"
)

func TestOutcomeOfNumbers(t *testing.T) {
	o := &outcome{}
	// A mean of 1e9 must not spoil the variance.
	for i, difference := range []float64{1, -1, 2, 0} {
		truth := 1e9 + float64(i) // around the mean: 2.25 + 0.25 + 0.25 + 2.25
		o.add(truth, rowPrediction{value: truth + difference, deviation: 0.6})
	}
	if got, want := o.rmse(), math.Sqrt(6./4); math.Abs(got-want) > 1e-12 {
		t.Errorf("RMSE %v, want %v", got, want)
	}
	if got, want := o.r2(), 1-6./5; math.Abs(got-want) > 1e-12 {
		t.Errorf("R² %v, want %v", got, want)
	}
	if o.coveredPercent() != 75 { // 1.96·0.6 is more than 1 and less than 2
		t.Errorf("%v%% covered, want 75", o.coveredPercent())
	}
	constant := &outcome{}
	constant.add(3, rowPrediction{value: 4})
	if constant.r2() != 0 {
		t.Errorf("R² %v of a constant, want 0", constant.r2())
	}
}

func TestConfusion(t *testing.T) {
	o := &outcome{confusion: [][]int{make([]int, 2), make([]int, 2)}}
	for _, row := range [][2]int{{0, 0}, {0, 1}, {0, 1}, {1, 1}, {-1, 1}} { // -1: a class that is not known
		o.add(float64(row[0]), rowPrediction{class: row[1]})
	}
	if o.rows != 5 || o.wrong != 3 || o.errorPercent() != 60 {
		t.Errorf("%d of %d rows wrong, %v%%", o.wrong, o.rows, o.errorPercent())
	}
	var b strings.Builder
	printConfusion(&b, []string{"cat", "a very long name"}, o.confusion)
	want := `  is \ taken for  cat  a very long…
             cat    1             2
    a very long…    ·             1
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}

	many := make([][]int, confusionClasses+1)
	var names []string
	for i := range many {
		many[i] = make([]int, len(many))
		names = append(names, string(rune('a'+i)))
		for j := range many {
			many[i][j] = i
		}
	}
	b.Reset()
	printConfusion(&b, names, many)
	if lines := strings.Split(b.String(), "\n"); len(lines) != 11 || lines[0] != "12 of class m taken for a" {
		t.Errorf("got\n%s", b.String())
	}
}
