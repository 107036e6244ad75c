package walsh

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/deepfry/deepfry/internal/check"

	"pgregory.net/rapid"
)

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
		p := planesOf(check.Fries(size.X, size.Y), false)
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
	p := planesOf(check.Fries(128, 64), true)
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
