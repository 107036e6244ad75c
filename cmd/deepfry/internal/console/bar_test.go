package console

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestBarLine(t *testing.T) {
	details := []string{"2m3s left", "loss 0.1234", "error 3.21%", "12,345 images/s"}
	for _, c := range []struct {
		columns int
		stage   string
		total   int
		want    string
	}{
		{119, "3/10 adaptive:1024", 200, "[=======       ] 3/10 adaptive:1024   50%  2m3s left  loss 0.1234  error 3.21%  12,345 images/s"},
		{79, "3/10 adaptive:1024", 200, "[====     ] 3/10 adaptive:1024   50%  2m3s left  loss 0.1234  error 3.21%"},
		{39, "3/10 adaptive:1024", 200, "3/10 adaptive:1024   50%  2m3s left"},
		{39, "σ² of γ", 200, "σ² of γ   50%  2m3s left  loss 0.1234"},
		{39, "measuring", 0, "measuring  2m3s left  loss 0.1234"},
		{5, "σ² of γ", 200, "σ² o…"},
	} {
		if got := barLine(c.columns, c.stage, 100, c.total, details); got != c.want {
			t.Errorf("%d columns: %q, want %q", c.columns, got, c.want)
		}
	}
}

// TestBarStaysOnOneLine has every line of a narrow terminal written over the one
// before, in whole.
func TestBarStaysOnOneLine(t *testing.T) {
	for _, columns := range []int{-1, 0, 1, 2, 10, 40, 80, 200} {
		var shown bytes.Buffer
		b := NewBar(&Terminal{Stderr: &shown, Interactive: true, Columns: func() int { return columns }})
		for _, stage := range []string{"a stage with a long name, of forty runes…", "σ", "another"} {
			b.Show(stage, 7, 9, "1m left", "loss 0.5")
		}
		b.Stop()
		lines := strings.Split(shown.String(), "\r")
		for _, line := range lines {
			if n := utf8.RuneCountInString(line); n >= max(columns, 2) {
				t.Errorf("%d columns: %q", columns, line)
			}
		}
		if last := lines[len(lines)-2]; strings.TrimSpace(last) != "" {
			t.Errorf("%q is left", last)
		}
	}
}

func TestOutputKeepsTheFirstError(t *testing.T) {
	var told []error
	o := &Output{Writer: failing{}, Failed: func(err error) { told = append(told, err) }}
	o.Write([]byte("a"))
	if n, err := o.Write(nil); n != 0 || err != errFull || o.Err != errFull || len(told) != 1 {
		t.Errorf("%d, %v, kept %v, told %v", n, err, o.Err, told)
	}
}

var errFull = errors.New("full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }
