package table

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// TestPassAndUnseen reads a table by the schema of another: in another order of columns,
// with columns that were not there, and with classes that were not.
func TestPassAndUnseen(t *testing.T) {
	old, err := NewReader("old", strings.NewReader("x,class\n1,a\n2,b\n3,a\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	first, err := readAll(old)
	if err != nil {
		t.Fatal(err)
	}
	text := "class,note,x\na,\"one, two\",1\nc,01,2\nd,?,3\nb,,4\nc,é,5\n"
	reader, err := NewReader("new", strings.NewReader(text), Options{Schema: &first.Schema, Pass: []string{"note", "1", "note"}})
	if err != nil {
		t.Fatal(err)
	}
	var targets []float64
	var passed []string
	for row, err := reader.Next(); err != io.EOF; row, err = reader.Next() {
		if err != nil {
			t.Fatal(err)
		}
		targets, passed = append(targets, row.Targets[0]), append(passed, strings.Join(row.Passed, "|"))
	}
	if want := []float64{0, -1, -2, 1, -1}; !slices.Equal(targets, want) {
		t.Errorf("targets %v, want %v", targets, want)
	}
	if want := []string{"c", "d"}; !slices.Equal(reader.Unseen(), want) {
		t.Errorf("unseen %q, want %q", reader.Unseen(), want)
	}
	if want := []string{"one, two|a|one, two", "01|c|01", "?|d|?", "|b|", "é|c|é"}; !slices.Equal(passed, want) {
		t.Errorf("passed %q, want %q", passed, want)
	}
	if want := []string{"note", "class", "note"}; !slices.Equal(reader.Passed(), want) {
		t.Errorf("passed columns %q, want %q", reader.Passed(), want)
	}
}

func TestPassAll(t *testing.T) {
	for text, want := range map[string]string{
		"x,y\n1,2\n":   "x y",
		"all,y\n1,2\n": "all", // a column of that name
		"1,2\n3,4\n":   "1 2",
		"p7,,y\n8,9,1": "p7 2 y",
	} {
		reader, err := NewReader("t", strings.NewReader(text), Options{Pass: []string{PassAll}})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(reader.Passed(), " "); got != want {
			t.Errorf("%q: columns %q, want %q", text, got, want)
		}
	}
	for _, text := range []string{"1 1:2\n", "x,y\n1,2\n"} {
		if _, err := NewReader("t", strings.NewReader(text), Options{Pass: []string{"z"}}); !errors.Is(err, ErrColumn) {
			t.Errorf("%q: error %v, want ErrColumn", text, err)
		}
	}
}

func TestUnseenClassesOfNumbers(t *testing.T) {
	schema := Schema{Format: LIBSVM, Targets: []Column{{Name: labelName, Field: -1, Kind: Category, Categories: []string{"-1", "1"}}},
		Inputs: []Column{{Name: "1", Field: -1, Kind: Number}}}
	text := "+1 1:2\n0 1:3\n"
	for i := range 2 * maxUnseen {
		text += fmt.Sprintf("%d 1:1\n", i+2)
	}
	reader, err := NewReader("t", strings.NewReader(text+"0 1:4\n"), Options{Schema: &schema})
	if err != nil {
		t.Fatal(err)
	}
	var targets []float64
	for row, err := reader.Next(); err == nil; row, err = reader.Next() {
		targets = append(targets, row.Targets[0])
	}
	last := targets[len(targets)-1]
	if targets[0] != 1 || targets[1] != -1 || last != -1 || slices.Min(targets) != -1-maxUnseen {
		t.Errorf("targets %v …, %v, least %v", targets[:2], last, slices.Min(targets))
	}
	if names := reader.Unseen(); len(names) != maxUnseen+1 || names[0] != "0" || names[maxUnseen] != otherClasses {
		t.Errorf("unseen: %d names, %q", len(names), names)
	}
}
