package thousands

import (
	"math"
	"testing"
)

func TestApart(t *testing.T) {
	for n, want := range map[int]string{
		0: "0", 999: "999", 1000: "1,000", 430500: "430,500", 1000001: "1,000,001",
		-7: "-7", -100: "-100", -430500: "-430,500", math.MinInt: "-9,223,372,036,854,775,808",
	} {
		if got := Apart(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
