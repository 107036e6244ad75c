package drawing

import (
	"slices"
	"strings"
)

// Letters draws [channels, height, width] in letters, two a pixel, or fewer where the
// picture is wide: from 0 to 1, or from the least to the greatest value of what has
// others.
func Letters(pixels []float32, shape []int) string {
	const inks, columns = " .:-=+*#%@", 39 // of two letters each
	channels, height, width := shape[0], shape[1], shape[2]
	step := (width + columns - 1) / columns
	low, high := min(slices.Min(pixels), 0), max(slices.Max(pixels), 0)
	if low == 0 {
		high = max(high, 1)
	}
	var b strings.Builder
	for y := 0; y < height; y += step {
		for x := 0; x < width; x += step {
			sum, n := float32(0), 0
			for channel := range channels {
				for j := y; j < min(y+step, height); j++ {
					for i := x; i < min(x+step, width); i++ {
						sum += pixels[(channel*height+j)*width+i]
						n++
					}
				}
			}
			bright := (sum/float32(n) - low) / (high - low)
			ink := inks[max(0, min(int(bright*float32(len(inks))), len(inks)-1))]
			b.WriteByte(ink)
			b.WriteByte(ink)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
