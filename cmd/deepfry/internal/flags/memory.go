package flags

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/nn"
)

// MemoryLimit bounds what a command allocates.
type MemoryLimit struct {
	Memory float64 `default:"8" help:"Refuse what needs more memory than so many GiB."`
}

const gib = 1 << 30

// Check fails if something needs more than the flag, or an address, allows.
func (f MemoryLimit) Check(name string, bytes int64) error {
	if bytes <= math.MaxInt && float64(bytes) <= f.Memory*gib {
		return nil
	}
	return console.Hint(fmt.Errorf("%s needs about %s of memory, more than --memory %g (GiB)", name, inUnits(float64(bytes)), f.Memory), "choose smaller batches or sizes, or allow more with --memory")
}

// LimitHeap has the heap stay within so many bytes that live and 64 MiB for each core,
// which decodes a picture, if GOMEMLIMIT does not say otherwise. Without a limit there may
// be as much garbage, of pictures that are decoded, as there are bytes that live, of those
// that are kept.
func LimitHeap(bytes int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(bytes + int64(runtime.GOMAXPROCS(0))<<26)
	}
}

// inUnits writes a number of bytes as GiB, or, of less than a tenth of one, as MiB or KiB.
func inUnits(bytes float64) string {
	switch {
	case bytes >= gib/10:
		return fmt.Sprintf("%.1f GiB", bytes/gib)
	case bytes >= 1<<20/10:
		return fmt.Sprintf("%.1f MiB", bytes/(1<<20))
	}
	return fmt.Sprintf("%.1f KiB", bytes/(1<<10))
}

// NetworkBytes is about what a network and a workspace for inference hold.
func NetworkBytes(d nn.Description, batch int) (int64, error) {
	layers, err := nn.Inspect(d)
	if err != nil {
		return 0, err
	}
	bytes, err := nn.WorkspaceBytes(d, batch, false)
	if err != nil {
		return 0, err
	}
	scratch, err := nn.ScratchBytes(d, batch, false)
	bytes += scratch
	for _, layer := range layers {
		for _, p := range layer.Params {
			bytes += 4 * int64(p.Size())
		}
	}
	return bytes, err
}
