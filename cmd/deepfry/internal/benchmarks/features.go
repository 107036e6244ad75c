package benchmarks

import (
	"fmt"
	"math"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/fwht"
	"github.com/deepfry/deepfry/internal/bench"
	"github.com/deepfry/deepfry/kernel"
)

type benchFeatures struct {
	benchFlags
	Sizes    []string          `default:"64:2048,512:4096,784:8192,1024:16384" help:"Inputs and frequencies, as d:n."`
	Batch    []int             `default:"64" help:"Rows of a batch."`
	Features []kernel.Sampling `default:"fastfood,sorf,orf,rks" enum:"fastfood,sorf,orf,rks" help:"How frequencies are drawn: ${enum}."`
	Form     []string          `default:"cosines,pairs" enum:"cosines,pairs" help:"cosines: n of them, with phases; pairs: n cosines and n sines."`
}

func (*benchFeatures) Help() string {
	return `Random features of a Gaussian kernel, cosines included, into a buffer that is
reused. Times are for one row; GFLOP/s leave the cosines out.

Examples:

  deepfry bench features
  deepfry bench features --sizes 784:8192 --features fastfood --batch 16,64,256 --threads 2`
}

func (c *benchFeatures) Run(term *console.Terminal) error { return c.measure(term, c.groups) }

func (c *benchFeatures) groups() (groups []benchGroup, err error) {
	for _, size := range c.Sizes {
		d, n, err := parseSize(size)
		if err != nil {
			return nil, err
		}
		for _, batch := range c.Batch {
			if batch < 1 || batch > 1<<20 {
				return nil, fmt.Errorf("--batch %d: want 1 to 2^20", batch)
			}
			for _, sampling := range c.Features {
				name := fmt.Sprintf("%d→%d batch=%d", d, n, batch)
				bytes := 4 * int64(batch) * (int64(d) + 2*int64(n))
				if sampling == kernel.RKS || sampling == kernel.ORF {
					bytes += 4 * int64(n) * int64(d)
				}
				groups = append(groups, benchGroup{string(sampling) + " " + name, bytes, func() (cases []benchCase, err error) {
					for _, form := range c.Form {
						one, err := featuresCase(name, d, n, batch, sampling, form)
						if err != nil {
							return nil, err
						}
						cases = append(cases, one)
					}
					return cases, nil
				}})
			}
		}
	}
	return groups, nil
}

func featuresCase(name string, d, n, batch int, sampling kernel.Sampling, form string) (benchCase, error) {
	// Rows of standard normal numbers have a squared distance of about 2d.
	features, err := kernel.NewFeatures(kernel.Gaussian{Gamma: 1 / (2 * float64(d))},
		kernel.Options{Inputs: d, N: n, Sampling: sampling, Seed: 1, Phase: form == "cosines"})
	if err != nil {
		return benchCase{}, err
	}
	x, z, plan := bench.Normals(batch*d), make([]float32, batch*features.Outputs()), features.Plan(batch)
	c := benchCase{
		benchmark: fmt.Sprintf("features %s %s", sampling, form), name: name, rows: batch,
		run: func() { plan(z, x, batch) }, operations: 2 * float64(d) * float64(n),
	}
	dim, err := fwht.NextLength(d)
	blocks := (n + dim - 1) / dim
	size, levels := float64(blocks*dim), math.Log2(float64(dim))
	switch sampling {
	case kernel.Fastfood: // S, G and B, and two transforms
		c.operations, c.additions = size*(3+2*levels), true
	case kernel.SORF: // three of signs and a transform
		c.operations, c.additions = size*(3+3*levels), true
	}
	return c, err
}
