package benchmarks

import (
	"bytes"
	"context"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/models"
	"github.com/deepfry/deepfry/train"
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
	measured := benchFlags{Threads: []int{3, 1, 2}, Time: time.Millisecond}
	measured.Memory = 8
	if err := measured.measure(&console.Terminal{Context: t.Context(), Stdout: &out, Stderr: &complaint}, list); err != nil {
		t.Fatal(err)
	}
	if want := measured.Threads; !slices.Equal(built, want) || !slices.Equal(ran, want) {
		t.Errorf("built with %v cores and ran with %v, want %v", built, ran, want)
	}
	if after := runtime.GOMAXPROCS(0); after != before {
		t.Errorf("%d cores afterwards, %d before", after, before)
	}
	if strings.Count(out.String(), "GFLOP/s of additions") != 3 {
		t.Errorf("the output is\n%s", out.String())
	}
}

func TestTimingStepsEndsWithTheContext(t *testing.T) {
	cases, err := trainCases(models.LeNet(models.Options{}), "lenet", 2, train.Default(), false)
	if err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := cases[0].times(cancelled, time.Hour); err != context.Canceled {
		t.Errorf("error %v, want context.Canceled", err)
	}
}
