package bench

import (
	"testing"
	"time"
)

func TestMeasureOrdersItsTimes(t *testing.T) {
	calls := 0
	times := Measure(time.Millisecond, func() { calls++ })
	if calls < 10 || !(times.Min > 0) || times.Min > times.Median || times.Median > times.P99 {
		t.Errorf("%d calls, %+v", calls, times)
	}
	if per := times.Per(4); per.Min != times.Min/4 || per.P99 != times.P99/4 {
		t.Errorf("a quarter of %+v is %+v", times, per)
	}
}

func TestMachinePeaksArePositive(t *testing.T) {
	m := MeasureMachine(2, time.Millisecond)
	if m.Threads != 2 || !(m.Additions > 0) || !(m.MultiplyAdds > 0) || !(m.Copy > 0) {
		t.Errorf("%+v", m)
	}
}
