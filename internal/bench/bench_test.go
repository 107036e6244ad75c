package bench

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestMeasureOrdersItsTimes(t *testing.T) {
	calls := 0
	times, err := Measure(t.Context(), time.Millisecond, func() { calls++ })
	if err != nil || calls < 10 || !(times.Min > 0) || times.Min > times.Median || times.Median > times.P99 {
		t.Errorf("%d calls, %+v, %v", calls, times, err)
	}
	if per := times.Per(4); per.Min != times.Min/4 || per.P99 != times.P99/4 {
		t.Errorf("a quarter of %+v is %+v", times, per)
	}
}

// TestSummarizeTakesNearestRanks checks the percentiles of 1, 2, ..., n.
func TestSummarizeTakesNearestRanks(t *testing.T) {
	for _, want := range []struct {
		samples     int
		median, p99 float64
	}{{1, 1, 1}, {2, 1, 2}, {5, 3, 5}, {99, 50, 99}, {100, 50, 99}, {101, 51, 100}, {200, 100, 198}, {1000, 500, 990}} {
		var samples []float64
		for i := range want.samples {
			samples = append(samples, float64(want.samples-i))
		}
		if got := Summarize(samples); got != (Times{1, want.median, want.p99}) {
			t.Errorf("of 1 to %d: %+v, want a median of %v and a P99 of %v", want.samples, got, want.median, want.p99)
		}
	}
}

func TestMeasureEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := Measure(ctx, time.Hour, cancel); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

func TestMachinePeaksArePositive(t *testing.T) {
	m, err := MeasureMachine(t.Context(), 3, time.Millisecond)
	if err != nil || m.Threads != 3 || !(m.Additions > 0) || !(m.MultiplyAdds > 0) || !(m.Copy > 0) {
		t.Errorf("%+v, %v", m, err)
	}
}
