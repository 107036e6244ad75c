package dataset

// colourChange changes the colours of an image, as torchvision's ColorJitter does, but
// in a fixed order. A factor of 1 and a turn of 0 change nothing.
type colourChange struct {
	brightness, contrast, saturation float32 // factors
	turn                             float32 // of the hue, as a fraction of the circle
}

var unchanged = colourChange{1, 1, 1, 0}

// drawColours chooses a change of colours.
func (g *augmenter) drawColours() {
	change := func(limit float64) float32 {
		if limit == 0 {
			return 0
		}
		return float32(g.uniform(limit))
	}
	g.colours = colourChange{1 + change(g.Brightness), 1 + change(g.Contrast), 1 + change(g.Saturation), change(g.Hue)}
}

// Luminance of red, green and blue (ITU-R BT.601), as torchvision has it.
const redPart, greenPart, bluePart = 0.299, 0.587, 0.114

func luminance(r, g, b float32) float32 { return redPart*r + greenPart*g + bluePart*b }

// apply changes an image, [channels, pixels] from 0 to 1, and keeps it there. Only
// three channels have saturation and hue; of others, the luminance is their mean.
func (c *colourChange) apply(image []float32, channels int) {
	if c.brightness != 1 {
		for i, v := range image {
			image[i] = within(c.brightness*v, 1)
		}
	}
	if c.contrast != 1 {
		grey := (1 - c.contrast) * meanLuminance(image, channels)
		for i, v := range image {
			image[i] = within(c.contrast*v+grey, 1)
		}
	}
	if channels != 3 {
		return
	}
	n := len(image) / 3
	reds, greens, blues := image[:n:n], image[n:2*n:2*n], image[2*n:3*n:3*n]
	if c.saturation != 1 {
		for i, r := range reds {
			g, b := greens[i], blues[i]
			grey := luminance(r, g, b)
			reds[i] = within(grey+c.saturation*(r-grey), 1)
			greens[i] = within(grey+c.saturation*(g-grey), 1)
			blues[i] = within(grey+c.saturation*(b-grey), 1)
		}
	}
	if c.turn != 0 {
		for i, r := range reds {
			reds[i], greens[i], blues[i] = turnHue(r, greens[i], blues[i], c.turn)
		}
	}
}

// meanLuminance returns the mean over the pixels of an image, [channels, pixels].
func meanLuminance(image []float32, channels int) float32 {
	weights := []float32{redPart, greenPart, bluePart}
	n, mean := len(image)/channels, float32(0)
	for channel := range channels {
		weight := 1 / float32(channels)
		if channels == 3 {
			weight = weights[channel]
		}
		sum := 0.
		for _, v := range image[channel*n : (channel+1)*n] {
			sum += float64(v)
		}
		mean += weight * float32(sum/float64(n))
	}
	return mean
}

// turnHue turns the hue of a colour in HSV, from -1 to 1 of the circle: red by a third
// becomes green. Value and saturation stay.
func turnHue(r, g, b, turn float32) (red, green, blue float32) {
	high, low := max(r, g, b), min(r, g, b)
	chroma := high - low
	if chroma == 0 {
		return r, g, b
	}
	var hue float32 // in sixths of the circle
	switch high {
	case r:
		hue = (g - b) / chroma
	case g:
		hue = 2 + (b-r)/chroma
	default:
		hue = 4 + (r-g)/chroma
	}
	hue += 6 * turn
	// channel is high within a sixth of its own hue, and low from two sixths on.
	channel := func(own float32) float32 {
		distance := hue - own
		for distance > 3 {
			distance -= 6
		}
		for distance < -3 {
			distance += 6
		}
		return low + chroma*within(2-max(distance, -distance), 1)
	}
	return channel(0), channel(2), channel(4)
}
