// Package console is what the subcommands share to speak with the user: streams,
// errors with advice, and numbers as people read them.
package console

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"syscall"
	"unicode"

	"github.com/deepfry/deepfry/internal/thousands"
)

// Terminal is what a subcommand may write to and is told by. Tests replace it.
type Terminal struct {
	context.Context // cancelled by Ctrl-C and other signals, with an Interruption
	Stdout, Stderr  io.Writer
	Interactive     bool       // Stderr is a terminal that shows progress bars
	Columns         func() int // how wide that is now; nil for 80
}

// Output passes on what is written, and keeps the first error: who prints need not
// look at each, and a full disk or a reader who has gone is known at the end.
type Output struct {
	io.Writer
	Failed func(error) // is called at that error
	Err    error
}

func (o *Output) Write(text []byte) (n int, err error) {
	if o.Err != nil {
		return 0, o.Err
	}
	if n, o.Err = o.Writer.Write(text); o.Err != nil {
		o.Failed(o.Err)
	}
	return n, o.Err
}

// Interruption is the cause of a context that a signal has cancelled.
type Interruption struct{ syscall.Signal }

func (i Interruption) Error() string { return "interrupted" }

// HintedError is an error with advice on its own line.
type HintedError struct {
	error
	Advice string
}

func (e *HintedError) Unwrap() error { return e.error }

// Hint returns err with advice.
func Hint(err error, advice string) *HintedError { return &HintedError{err, advice} }

// Counted writes a number of things.
func Counted(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return thousands.Apart(n) + " " + thing
}

// Nanoseconds writes a time with three digits or more.
func Nanoseconds(ns float64) string {
	switch {
	case ns < 1e4:
		return fmt.Sprintf("%.4g ns", ns)
	case ns < 1e7:
		return fmt.Sprintf("%.4g µs", ns/1e3)
	}
	return fmt.Sprintf("%.4g ms", ns/1e6)
}

// WriteJSONLines writes a JSON object a line.
func WriteJSONLines[T any](w io.Writer, results []T) error {
	encoder := json.NewEncoder(w)
	for _, r := range results {
		if err := encoder.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

// OneLine returns a text with its line breaks, tabs and other control characters as Go
// writes them, such as \n: names of tables' cells may have any.
func OneLine(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsControl(r) {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
