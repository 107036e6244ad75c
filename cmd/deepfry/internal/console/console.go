// Package console is what the subcommands share to speak with the user: streams,
// errors with advice, and numbers as people read them.
package console

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/schollz/progressbar/v3"
)

// Terminal is what a subcommand may write to and is told by. Tests replace it.
type Terminal struct {
	context.Context // cancelled by Ctrl-C
	Stdout, Stderr  io.Writer
	Interactive     bool // Stderr is a terminal that shows progress bars
}

// HintedError is an error with advice on its own line.
type HintedError struct {
	error
	Advice string
}

func (e *HintedError) Unwrap() error { return e.error }

// Hint returns err with advice.
func Hint(err error, advice string) *HintedError { return &HintedError{err, advice} }

// Grouped writes thousands apart, as in 430,500.
func Grouped(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Counted writes a number of things.
func Counted(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return Grouped(n) + " " + thing
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

// Bar is a progress bar on Stderr, or nothing where that is no terminal.
type Bar struct {
	terminal *Terminal
	bar      *progressbar.ProgressBar
	stage    string
}

// NewBar returns a bar that is shown when there is something to show.
func NewBar(terminal *Terminal) *Bar { return &Bar{terminal: terminal} }

// Show says that so many steps of a stage are done. Another stage has a bar of its
// own; one whose total is 0 has no end that is known.
func (b *Bar) Show(stage string, done, total int) {
	if !b.terminal.Interactive {
		return
	}
	if stage != b.stage || b.bar == nil {
		b.Stop()
		b.stage = stage
		if total == 0 {
			total = -1
		}
		b.bar = progressbar.NewOptions(total, progressbar.OptionSetSpinnerChangeInterval(0), progressbar.OptionSetWriter(b.terminal.Stderr),
			progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(24), progressbar.OptionShowCount(),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetDescription(stage))
	}
	b.bar.Set(done)
}

// Describe changes what is said before the bar.
func (b *Bar) Describe(text string) {
	if b.bar != nil {
		b.bar.Describe(text)
	}
}

// Stop clears the bar.
func (b *Bar) Stop() {
	if b.bar != nil {
		b.bar.Clear()
		b.bar = nil
	}
}
