package check

import (
	"image"
	"math"
)

// Fries draws French fries in their box: smooth shades, sharp edges and stripes.
func Fries(width, height int) *image.RGBA {
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	const fine = 3 // samples a pixel, both ways
	for y := range height {
		for x := range width {
			var sum [3]float64
			for i := range fine * fine {
				scale := float64(max(width, height))
				u := (float64(x) + (float64(i%fine)+0.5)/fine - float64(width)/2) / scale
				v := (float64(y) + (float64(i/fine)+0.5)/fine - float64(height)/2) / scale
				for channel, value := range friesAt(u, v) {
					sum[channel] += value
				}
			}
			for channel, value := range sum {
				picture.Pix[picture.PixOffset(x, y)+channel] = uint8(min(max(value/(fine*fine), 0), 1)*255 + 0.5)
			}
			picture.Pix[picture.PixOffset(x, y)+3] = 255
		}
	}
	return picture
}

// friesAt returns the colour at a point of the middle square, [-1/2, 1/2]².
func friesAt(x, y float64) [3]float64 {
	// The box: a trapezoid with an upper edge that dips, and stripes.
	edge := -0.02 + 0.45*x*x + 0.05*math.Cos(10*x)
	if half := 0.26 - 0.17*(y+0.02); y > edge && y < 0.32 && math.Abs(x) < half {
		shade := 1 - 0.9*math.Pow(math.Abs(x)/half, 4)*0.5
		if math.Mod(x/half*4.5+104.75, 1) < 0.5 {
			return [3]float64{0.85 * shade, 0.12 * shade, 0.10 * shade}
		}
		return [3]float64{0.97 * shade, 0.93 * shade, 0.86 * shade}
	}
	// The fries, the foremost first: turned rectangles, lit from the left.
	for i := range 13 {
		place := float64((i*5)%13)/12 - 0.5
		angle := 0.9*place + 0.12*math.Sin(float64(7*i))
		length := 0.40 - 0.35*place*place + 0.05*math.Cos(float64(5*i))
		along := -(y-0.1)*math.Cos(angle) + (x-0.34*place)*math.Sin(angle)
		across := (x-0.34*place)*math.Cos(angle) + (y-0.1)*math.Sin(angle)
		if along > 0 && along < length && math.Abs(across) < 0.026 {
			shade := 0.95 - 9*across - 0.25*float64(i%3)/2 + 0.03*math.Sin(170*along+float64(i))
			crisp := 0.35 * math.Exp(-(length-along)/0.03)
			return [3]float64{shade, 0.80*shade - crisp, 0.30*shade - crisp/2}
		}
	}
	// The wall, and the table.
	light := 1.1 - 0.7*math.Hypot(x+0.25, y+0.3)
	if y > 0.25 {
		grain := 0.04 * math.Sin(90*y+4*math.Sin(7*x))
		return [3]float64{(0.55 + grain) * light, (0.38 + grain) * light, (0.25 + grain) * light}
	}
	return [3]float64{0.35 * light, 0.62 * light, 0.66 * light}
}
