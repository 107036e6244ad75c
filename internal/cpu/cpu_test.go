package cpu

import (
	"os"
	"testing"
)

// TestRequired fails where DEEPFRY_CPU_REQUIRE names a version that this
// machine would silently fall back from.
func TestRequired(t *testing.T) {
	name := os.Getenv("DEEPFRY_CPU_REQUIRE")
	if name == "" {
		t.Skip("DEEPFRY_CPU_REQUIRE is not set")
	}
	if Current().String() != name {
		t.Fatalf("DEEPFRY_CPU_REQUIRE=%s, but the kernels that run are for %s", name, Current())
	}
}

func TestLimit(t *testing.T) {
	for name, want := range map[string]Version{"ref": Ref, "avx2": AVX2, "avx512": AVX512, "": AVX512} {
		if got, err := limit(name); err != nil || got != min(want, best) {
			t.Errorf("limit(%q) = %v, %v, want %v", name, got, err, min(want, best))
		}
	}
}

func TestLimitRefusesOtherNames(t *testing.T) {
	if v, err := limit("AVX2"); err == nil || v != invalid {
		t.Errorf("AVX2 in capitals: %v, %v", v, err)
	}
}

func TestUse(t *testing.T) {
	before := Current()
	for _, v := range Available() {
		restore := Use(v)
		if Current() != v {
			t.Errorf("after Use(%v): Current() = %v", v, Current())
		}
		restore()
	}
	if Current() != before {
		t.Errorf("after restore: Current() = %v, want %v", Current(), before)
	}
}
