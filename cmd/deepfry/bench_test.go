package main

import (
	"bytes"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deepfry/deepfry/internal/par"
)

// TestCasesHaveTheirCores builds and runs cases with every number that --threads
// names, and leaves this process as it was.
func TestCasesHaveTheirCores(t *testing.T) {
	var built, ran []int
	list := func() ([]benchGroup, error) {
		return []benchGroup{{"group", 0, func() ([]benchCase, error) {
			built = append(built, par.Workers())
			return []benchCase{{benchmark: "case", rows: 1, run: func() {
				if n := par.Workers(); len(ran) == 0 || ran[len(ran)-1] != n {
					ran = append(ran, n)
				}
				time.Sleep(time.Microsecond)
			}}}, nil
		}}}, nil
	}
	before := runtime.GOMAXPROCS(0)
	var out, complaint bytes.Buffer
	flags := benchFlags{Threads: []int{3, 1, 2}, Time: time.Millisecond}
	flags.Memory = 8
	if err := flags.measure(&terminal{t.Context(), &out, &complaint, false}, list); err != nil {
		t.Fatal(err)
	}
	if want := flags.Threads; !slices.Equal(built, want) || !slices.Equal(ran, want) {
		t.Errorf("built with %v cores and ran with %v, want %v", built, ran, want)
	}
	if after := runtime.GOMAXPROCS(0); after != before {
		t.Errorf("%d cores afterwards, %d before", after, before)
	}
	if strings.Count(out.String(), "GFLOP/s of additions") != 3 {
		t.Errorf("the output is\n%s", out.String())
	}
}
