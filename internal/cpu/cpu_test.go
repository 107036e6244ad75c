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
		if got := limit(name); got != want {
			t.Errorf("limit(%q) = %v, want %v", name, got, want)
		}
	}
}

func TestLimitRefusesOtherNames(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("AVX2 in capitals was accepted")
		}
	}()
	limit("AVX2")
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
