package console

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Bar is a progress bar: a line of Stderr that is written over, or nothing where that
// is no terminal.
type Bar struct {
	terminal *Terminal
	stage    string
	shown    time.Time
	length   int // columns of the line that is shown
}

// refreshEvery is how long a line stays at least.
const refreshEvery = 100 * time.Millisecond

// NewBar returns a bar that is shown when there is something to show.
func NewBar(terminal *Terminal) *Bar { return &Bar{terminal: terminal} }

// Show says that so many steps of a stage are done; one whose total is 0 has no end
// that is known. Details follow as far as the terminal is wide enough for them.
func (b *Bar) Show(stage string, done, total int, details ...string) {
	if !b.terminal.Interactive || stage == b.stage && time.Since(b.shown) < refreshEvery {
		return
	}
	columns := 80
	if b.terminal.Columns != nil {
		columns = b.terminal.Columns()
	}
	b.stage, b.shown = stage, time.Now()
	b.write(barLine(columns-1, stage, done, total, details)) // some terminals wrap after the last column
}

// Stop clears the bar.
func (b *Bar) Stop() {
	if b.length > 0 {
		b.write("")
		fmt.Fprint(b.terminal.Stderr, "\r")
	}
	b.stage = ""
}

// write writes over the line before.
func (b *Bar) write(line string) {
	length := utf8.RuneCountInString(line)
	fmt.Fprint(b.terminal.Stderr, "\r", line, strings.Repeat(" ", max(0, b.length-length)))
	b.length = length
}

// barLine returns at most so many columns: a bar, if they are many, the stage, and the
// details that there is room for.
func barLine(columns int, stage string, done, total int, details []string) string {
	line := stage
	if total > 0 {
		details = append([]string{fmt.Sprintf("%3d%%", 100*done/total)}, details...)
		if columns >= 50 {
			width := min(24, columns/8)
			full := width * min(done, total) / total
			line = "[" + strings.Repeat("=", full) + strings.Repeat(" ", width-full) + "] " + stage
		}
	}
	if text := []rune(line); len(text) > columns {
		return string(text[:max(0, columns-1)]) + "…"
	}
	for _, detail := range details {
		longer := line + "  " + detail
		if utf8.RuneCountInString(longer) > columns {
			break
		}
		line = longer
	}
	return line
}
