package cpu

import (
	"runtime"
	"testing"
)

func TestName(t *testing.T) {
	for cpuinfo, want := range map[string]string{
		"processor\t: 0\nmodel\t\t: 17\nmodel name\t: A: B 3000\n\nprocessor\t: 1\nmodel name\t: another\n": "A: B 3000",
		"processor\t: 0\nBogoMIPS\t: 50\n": runtime.GOARCH,
		"model name\t:\n":                  runtime.GOARCH,
		"":                                 runtime.GOARCH,
	} {
		if got := nameIn(cpuinfo); got != want {
			t.Errorf("%q: %q, want %q", cpuinfo, got, want)
		}
	}
	if Name() == "" {
		t.Error("this machine has no name")
	}
}
