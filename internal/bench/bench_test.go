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
