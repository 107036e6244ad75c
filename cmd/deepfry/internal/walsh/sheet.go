package walsh

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"slices"

	"github.com/deepfry/deepfry/internal/wholefile"
	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"gonum.org/v1/plot/palette/moreland"
)

// panel is a picture of a sheet and the two lines below it.
type panel struct {
	picture       image.Image
	title, detail string
}

const (
	sheetMargin   = 24 // pixels around the panels and between them
	captionHeight = 52
	sheetColumns  = 5 // at most
)

var (
	ink      = color.Gray{Y: 30}
	paleInk  = color.Gray{Y: 110}
	hairline = color.Gray{Y: 200}
)

// writeSheet draws the panels in rows, with captions, on white.
func writeSheet(path string, panels []panel) error {
	rows := (len(panels) + sheetColumns - 1) / sheetColumns
	columns := (len(panels) + rows - 1) / rows
	width, bottoms := 0, []int(nil) // of every panel, of every row
	y := 0
	for row := range slices.Chunk(panels, columns) {
		height := 0
		for _, p := range row {
			size := p.picture.Bounds().Size()
			width, height = max(width, size.X), max(height, size.Y)
		}
		y += sheetMargin + height
		bottoms = append(bottoms, y)
		y += captionHeight
	}
	sheet := image.NewRGBA(image.Rect(0, 0, columns*(width+sheetMargin)+sheetMargin, y+sheetMargin/2))
	draw.Draw(sheet, sheet.Rect, image.White, image.Point{}, draw.Src)
	for i, p := range panels {
		p.draw(sheet, sheetMargin+i%columns*(width+sheetMargin)+width/2, bottoms[i/columns])
	}
	var content bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&content, sheet); err != nil {
		return err
	}
	return wholefile.WriteBytes(path, content.Bytes())
}

// draw draws the panel about x, its picture down to y and the lines below.
func (p panel) draw(sheet *image.RGBA, x, y int) {
	size := p.picture.Bounds().Size()
	box := image.Rect(x-size.X/2, y-size.Y, x-size.X/2+size.X, y)
	draw.Draw(sheet, box.Inset(-1), image.NewUniform(hairline), image.Point{}, draw.Src)
	draw.Draw(sheet, box, p.picture, p.picture.Bounds().Min, draw.Src)
	write(sheet, gomedium.TTF, 18, ink, x, y+24, p.title)
	write(sheet, goregular.TTF, 15, paleInk, x, y+45, p.detail)
}

// write draws a line of text of so many pixels' height about x, on the base line y.
func write(onto draw.Image, typeface []byte, size float64, colour color.Color, x, y int, text string) {
	parsed, err := opentype.Parse(typeface)
	if err != nil {
		panic("deepfry: a built-in typeface is broken")
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		panic("deepfry: a built-in typeface has no such size")
	}
	drawer := font.Drawer{Dst: onto, Src: image.NewUniform(colour), Face: face}
	drawer.Dot = fixed.Point26_6{X: fixed.I(x) - drawer.MeasureString(text)/2, Y: fixed.I(y)}
	drawer.DrawString(text)
}

// panelSize returns the size of a picture whose longer side is about size:
// enlarged by a whole number if it is small, scaled down if it is large.
func panelSize(height, width, size int) image.Point {
	longer := max(height, width)
	if factor := size / longer; factor >= 1 {
		return image.Pt(factor*width, factor*height)
	}
	return image.Pt(max(width*size/longer, 1), max(height*size/longer, 1))
}

func picturePanel(p planes, size int, title, detail string) panel {
	canvas := image.NewRGBA(image.Rectangle{Max: panelSize(p.height, p.width, size)})
	var scaler draw.Scaler = draw.NearestNeighbor // shows the pixels of a small picture
	if canvas.Rect.Dx() < p.width {
		scaler = draw.CatmullRom
	}
	picture := p.image()
	scaler.Scale(canvas, canvas.Rect, picture, picture.Bounds(), draw.Src, nil)
	return panel{canvas, title, detail}
}

// heatMap is a spectrum that is drawn as large as the picture.
type heatMap struct {
	size   image.Point
	energy []float64 // of each of its pixels, the mean of the squared coefficients there
	shape  [2]int    // the spectrum's
}

func newHeatMap(height, width, size int) *heatMap {
	h := &heatMap{size: panelSize(height, width, size)}
	h.energy = make([]float64, h.size.X*h.size.Y)
	return h
}

// add adds the spectrum of a channel.
func (h *heatMap) add(s *spectrum) {
	h.shape = [2]int{s.rows, s.cols}
	for y := range h.size.Y {
		top, bottom := span(y, h.size.Y, s.rows)
		for x := range h.size.X {
			left, right := span(x, h.size.X, s.cols)
			sum := 0.0
			for row := top; row < bottom; row++ {
				for _, c := range s.coefficients[row*s.cols+left : row*s.cols+right] {
					sum += float64(c) * float64(c)
				}
			}
			h.energy[y*h.size.X+x] += sum / float64((bottom-top)*(right-left))
		}
	}
}

// span returns the range of n that pixel i of pixels shows.
func span(i, pixels, n int) (first, last int) {
	first = i * n / pixels
	return first, max((i+1)*n/pixels, first+1)
}

// panel draws the amplitudes on a logarithmic scale, and the bounds of zones.
func (h *heatMap) panel(zones []zone, names []string) panel {
	logs := make([]float64, len(h.energy))
	for i, energy := range h.energy {
		logs[i] = math.Log1p(math.Sqrt(energy))
	}
	// The scale ends where all but a few are: the mean stands far above the rest.
	sorted := slices.Sorted(slices.Values(logs))
	low, high := sorted[0], sorted[len(sorted)*998/1000]+1e-6
	colours := moreland.ExtendedBlackBody()
	colours.SetMin(low)
	colours.SetMax(high)
	canvas := image.NewRGBA(image.Rectangle{Max: h.size})
	for i, value := range logs {
		colour, err := colours.At(min(value, high))
		if err != nil {
			panic("deepfry: a value beyond the scale of colours")
		}
		canvas.Set(i%h.size.X, i/h.size.X, colour)
	}
	var places []int // of names: the lines' heights
	for i, z := range zones {
		y := h.line(canvas, z)
		if y < h.size.Y-20 && !slices.ContainsFunc(places, func(other int) bool { return abs(y-other) < 13 }) {
			write(canvas, gomedium.TTF, 13, color.White, y*h.size.X/h.size.Y+20, y+17, names[i])
			places = append(places, y)
		}
	}
	return panel{canvas, "Walsh spectrum", "log scale; cuts"}
}

// line draws the zone's bound, u/rows + v/cols = limit/max(rows, cols), and returns
// how far down its middle lies.
func (h *heatMap) line(canvas *image.RGBA, z zone) (y int) {
	bound := float64(z.limit) / float64(max(z.rows, z.cols))
	width, height := float64(h.size.X), float64(h.size.Y)
	slope := math.Hypot(1/width, 1/height) // of x/width + y/height, a pixel across the line
	for i := range h.energy {
		x, y := i%h.size.X, i/h.size.X
		distance := math.Abs((float64(x)+0.5)/width+(float64(y)+0.5)/height-bound) / slope
		opacity := uint8(255 * min(max(1.2-distance, 0), 1))
		draw.Draw(canvas, image.Rect(x, y, x+1, y+1), image.NewUniform(color.Alpha{A: opacity}), image.Point{}, draw.Over)
	}
	return int(bound / 2 * height)
}

func abs(i int) int { return max(i, -i) }

// basisPanel draws the n×n basis pictures, of n×n pixels each.
func basisPanel(n, size int) panel {
	pixel := max(size/(n*n+n+1), 1)
	pitch := pixel * (n + 1)
	canvas := image.NewGray(image.Rect(0, 0, n*pitch+pixel, n*pitch+pixel))
	draw.Draw(canvas, canvas.Rect, image.NewUniform(color.Gray{Y: 150}), image.Point{}, draw.Src)
	for v := range n {
		for u := range n {
			for i, value := range basisPicture(n, v, u) {
				corner := image.Pt(pixel+u*pitch+i%n*pixel, pixel+v*pitch+i/n*pixel)
				shade := color.Gray{Y: 255}
				if value < 0 {
					shade.Y = 0
				}
				draw.Draw(canvas, image.Rectangle{corner, corner.Add(image.Pt(pixel, pixel))}, image.NewUniform(shade), image.Point{}, draw.Src)
			}
		}
	}
	return panel{canvas, fmt.Sprintf("%d×%d basis pictures", n, n), "white +1, black -1"}
}
