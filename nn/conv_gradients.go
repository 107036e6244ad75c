package nn

import "github.com/deepfry/deepfry/internal/simd"

// tileGradients is how the gradients of the parameters are computed. A chunk is
// some outputs and some input channels of a group; it goes through the whole batch
// in order, so that sums do not depend on the number of cores.
type tileGradients struct {
	taps          *simd.TapGradients
	rows          int // of the output, taken at a time
	channels      int // of a chunk
	channelChunks int
	parts         int // of a group's outputs: simd.MaxGradient of them at most
	outputChunks  int // over which the parts are distributed
}

// gradientEntries bounds the entries of 64 bytes that the sums of 5 outputs and
// of a row of the kernel, for a channel, read again and again: as many as stay in
// a first-level cache of 48 KB.
const gradientEntries = 640

// parameterGradients returns the pass that computes the gradients of weights and
// bias, or nil.
func (t *convTiles) parameterGradients() func() {
	weight, bias := t.b.Gradient(t.weight), t.b.Gradient(t.bias)
	if weight == nil && bias == nil {
		return nil
	}
	g := t.planGradients()
	chunks := func() int { return t.Groups * g.outputChunks * g.channelChunks }
	return inSequence(func() {
		clear(weight)
		clear(bias)
	}, t.b.EachTile(chunks, 1, func(i, _, worker int) {
		t.addGradients(g, i, weight, bias, &t.scratch[worker])
	}))
}

func (t *convTiles) planGradients() *tileGradients {
	in, out := t.inPlanes(), t.outPlanes()
	g := &tileGradients{parts: (out.channels + simd.MaxGradient - 1) / simd.MaxGradient}
	g.rows = min(max(1, gradientEntries/(in.width+t.Pad+simd.MaxGradient*out.width)), out.height)
	channelBytes := 4 * t.window.TapGradients(1, g.rows).XSize(1)
	g.channels = min(max(1, tileBytes/2/channelBytes), in.channels)
	if g.channels > 5 {
		g.channels -= g.channels % 5 // see simd.TapGradients
	}
	g.channelChunks = (in.channels + g.channels - 1) / g.channels
	g.taps = t.window.TapGradients(g.channels, g.rows)
	g.outputChunks = 1
	if t.b.Workers > 1 {
		others := t.Groups * g.channelChunks
		g.outputChunks = min(g.parts, (t.b.Workers+others-1)/others) // each loads the input's tiles anew
	}
	for i := range t.scratch {
		s := &t.scratch[i]
		s.source = atLeast(s.source, g.taps.XSize(g.channels))
		s.target = atLeast(s.target, simd.MaxGradient*g.rows*out.width*simd.TileSamples)
		s.sums = simd.NewTile(g.taps.Scratch())
	}
	return g
}

// addGradients adds a chunk's sums to the gradients, of which one that is nil is
// not wanted.
func (t *convTiles) addGradients(g *tileGradients, chunk int, weight, bias []float32, s *tileScratch) {
	in, out := t.inPlanes(), t.outPlanes()
	group, outputs, channels := chunk/g.channelChunks/g.outputChunks, chunk/g.channelChunks%g.outputChunks, chunk%g.channelChunks
	c, last := channels*g.channels, min((channels+1)*g.channels, in.channels)
	if c > 0 {
		bias = nil // the first channels' chunk does it
	}
	for tile := range t.tiles() {
		for row := 0; row < out.height; row += g.rows {
			end := min(row+g.rows, out.height)
			if weight != nil {
				g.taps.LoadX(s.source, in.tile(t.b.X[0].Value, tile, group, c, 0), last-c, row, end, t.samples(tile))
			}
			for part := outputs * g.parts / g.outputChunks; part < (outputs+1)*g.parts/g.outputChunks; part++ {
				o, next := part*out.channels/g.parts, (part+1)*out.channels/g.parts
				pixels := (end - row) * out.width
				simd.LoadTile(s.target, out.tile(t.b.Y.Grad, tile, group, o, row), pixels, next-o, 0, t.samples(tile))
				o, next = group*out.channels+o, group*out.channels+next
				if bias != nil {
					simd.SumPixels(bias[o:next], s.target, pixels)
				}
				if weight != nil {
					dw := weight[o*t.taps()+c*t.Kernel*t.Kernel:]
					g.taps.Add(dw, t.taps(), s.target, s.source, last-c, next-o, row, end, s.sums)
				}
			}
		}
	}
}
