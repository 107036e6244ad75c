package flags

import (
	"fmt"
	"testing"
)

func TestKernelFlags(t *testing.T) {
	for name, want := range map[string]string{
		"gaussian": `kernel.Gaussian{Gamma:0.5}`, "laplacian": `kernel.Laplacian{Gamma:0.5}`,
		"matern": `kernel.Matern{Nu:1.5, Length:1}`, "matern:0.5": `kernel.Matern{Nu:0.5, Length:1}`,
		"arccosine": `kernel.ArcCosine{Order:1}`, "arccosine:2": `kernel.ArcCosine{Order:2}`,
		"polynomial:3": `kernel.Polynomial{Degree:3, Gamma:0.5, Offset:1}`,
	} {
		k, err := KernelChoice{Kernel: name}.Make(0.5)
		if got := fmt.Sprintf("%#v", k); err != nil || got != want {
			t.Errorf("%s is %s (%v), want %s", name, got, err, want)
		}
	}
	for _, name := range []string{"", "Gaussian", "matern:x", "arccosine:1.5", "polynomial:0", "gaussian:1", "arccosine:"} {
		if k, err := (KernelChoice{Kernel: name}).Make(0.5); err == nil {
			t.Errorf("%q is %s, want an error", name, fmt.Sprintf("%#v", k))
		}
	}
}
