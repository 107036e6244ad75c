package main

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// fries draws French fries in their box: smooth shades, sharp edges and stripes.
func fries(width, height int) *image.RGBA {
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

// noise is a picture of any values.
func noise(height, width, channels int, seed uint64) planes {
	source := rand.New(rand.NewPCG(seed, 0))
	p := newPlanes(height, width, channels)
	for _, channel := range p.channels {
		for i := range channel {
			channel[i] = uint8(source.UintN(256))
		}
	}
	return p
}

// keepLow returns the picture that a cut leaves.
func keepLow(t rapid.TB, p planes, fraction float64) planes {
	left := newPlanes(p.height, p.width, len(p.channels))
	for i, channel := range p.channels {
		s, err := newSpectrum(channel, p.height, p.width)
		if err == nil {
			err = s.inverse(left.channels[i], p.height, p.width, lowSequencies(s.rows, s.cols, fraction))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return left
}

func TestWholeSpectrumIsThePicture(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := noise(rapid.IntRange(1, 80).Draw(t, "height"), rapid.IntRange(1, 80).Draw(t, "width"), 1, rapid.Uint64().Draw(t, "seed"))
		if left := keepLow(t, p, 1); !slices.Equal(left.channels[0], p.channels[0]) {
			t.Error("the whole spectrum gives another picture")
		}
	})
}

// TestSpectrumKeepsTheEnergy is Parseval's theorem for the padded picture.
func TestSpectrumKeepsTheEnergy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		height, width := rapid.IntRange(1, 80).Draw(t, "height"), rapid.IntRange(1, 80).Draw(t, "width")
		p := noise(height, width, 1, rapid.Uint64().Draw(t, "seed"))
		s, err := newSpectrum(p.channels[0], height, width)
		if err != nil {
			t.Fatal(err)
		}
		want, got := 0.0, 0.0
		for i, c := range s.coefficients {
			v := float64(p.channels[0][min(i/s.cols, height-1)*width+min(i%s.cols, width-1)])
			want += v * v
			got += float64(c) * float64(c)
		}
		if math.Abs(got-want) > 1e-5*want {
			t.Errorf("energy %v, want %v", got, want)
		}
	})
}

// TestMoreCoefficientsAreBetter: the PSNR grows with what is kept, and that of a
// picture without padding is what Parseval says of the cut coefficients.
func TestMoreCoefficientsAreBetter(t *testing.T) {
	for _, size := range []image.Point{{64, 128}, {100, 75}, {31, 240}} {
		p := planesOf(fries(size.X, size.Y), false)
		best := 0.0
		for _, fraction := range []float64{0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.8, 1} {
			db := psnr(p, keepLow(t, p, fraction))
			if db <= best {
				t.Errorf("%v: %v dB with %v, %v dB with less", size, db, fraction, best)
			}
			best = db
		}
		if !math.IsInf(best, 1) {
			t.Errorf("%v: %v dB with all", size, best)
		}
	}
}

func TestErrorIsTheEnergyOfTheCut(t *testing.T) {
	p := planesOf(fries(128, 64), true)
	s, err := newSpectrum(p.channels[0], 64, 128)
	if err != nil {
		t.Fatal(err)
	}
	z := lowSequencies(64, 128, 0.1)
	cut := 0.0
	for i, c := range s.coefficients {
		if i%128 >= z.columns(i/128) {
			cut += float64(c) * float64(c)
		}
	}
	want := 10 * math.Log10(255*255*64*128/cut)
	if got := psnr(p, keepLow(t, p, 0.1)); math.Abs(got-want) > 0.02 { // rounding to 8 bits
		t.Errorf("PSNR %v dB, want %v", got, want)
	}
}

// TestZones compares with the definition, coefficient by coefficient.
func TestZones(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, cols := 1<<rapid.IntRange(0, 6).Draw(t, "rows"), 1<<rapid.IntRange(0, 6).Draw(t, "cols")
		fraction := rapid.Float64Range(1e-3, 1).Draw(t, "fraction")
		z := lowSequencies(rows, cols, fraction)
		count, without := 0, 0 // without the last diagonal
		for u := range rows {
			for v := range cols {
				scaled := u*max(rows, cols)/rows + v*max(rows, cols)/cols
				if inside := v < z.columns(u); inside != (scaled < z.limit) {
					t.Fatalf("%d, %d: inside is %v, but the sum is %d and the limit %d", u, v, inside, scaled, z.limit)
				}
				if scaled < z.limit {
					count++
				}
				if scaled < z.limit-1 {
					without++
				}
			}
		}
		want := fraction * float64(rows*cols)
		if z.size() != count || float64(count) < want || float64(without) >= want {
			t.Errorf("%v of %d×%d: %d in the zone, by its own count %d, %d without the last diagonal", fraction, rows, cols, count, z.size(), without)
		}
	})
}

func TestBasisPicturesChangeSigns(t *testing.T) {
	const n = 16
	for v := range n {
		for u := range n {
			picture := basisPicture(n, v, u)
			across, down := 0, 0
			for i := 1; i < n; i++ {
				if picture[i] != picture[i-1] {
					across++
				}
				if picture[i*n] != picture[(i-1)*n] {
					down++
				}
			}
			if down != v || across != u {
				t.Errorf("basis picture %d, %d: %d changes down, %d across", v, u, down, across)
			}
		}
	}
}

func TestPlanes(t *testing.T) {
	grey := image.NewGray16(image.Rect(3, 4, 5, 5))
	grey.SetGray16(3, 4, color.Gray16{Y: 0x80ff})
	if p := planesOf(grey, false); len(p.channels) != 1 || !slices.Equal(p.channels[0], []uint8{0x80, 0}) {
		t.Errorf("a grey picture became %v", p)
	}
	clear := image.NewNRGBA(image.Rect(0, 0, 1, 1))
	if p := planesOf(clear, false); len(p.channels) != 1 || p.channels[0][0] != 255 {
		t.Errorf("a transparent picture became %v", p)
	}
	clear.SetNRGBA(0, 0, color.NRGBA{200, 100, 50, 255})
	if p := planesOf(clear, false); len(p.channels) != 3 || p.channels[0][0] != 200 || p.channels[1][0] != 100 || p.channels[2][0] != 50 {
		t.Errorf("a picture in colours became %v", p)
	}
	if p := planesOf(clear, true); len(p.channels) != 1 || p.channels[0][0] != 124 {
		t.Errorf("--grey made %v", p) // 0.299·200 + 0.587·100 + 0.114·50
	}
}

// TestPanelSizes: whatever the shape, no panel is larger than it should be.
func TestPanelSizes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		height, width, size := rapid.IntRange(1, 16384).Draw(t, "height"), rapid.IntRange(1, 16384).Draw(t, "width"), rapid.IntRange(64, 4096).Draw(t, "size")
		p := panelSize(height, width, size)
		if min(p.X, p.Y) < 1 || max(p.X, p.Y) > size || 2*max(p.X, p.Y) <= size {
			t.Errorf("%d×%d in %d: %v", width, height, size, p)
		}
	})
}
