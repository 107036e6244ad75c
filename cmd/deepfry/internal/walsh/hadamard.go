// Package walsh is the subcommand that cuts the Walsh spectrum of a picture.
package walsh

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/flags"
	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/fwht"
	"github.com/deepfry/deepfry/internal/thousands"
)

// Command is deepfry hadamard.
type Command struct {
	flags.MemoryLimit
	Image string    `arg:"" optional:"" help:"A PNG, JPEG, GIF, WebP, TIFF, BMP or PNM file."`
	Keep  []float64 `default:"0.5,0.1,0.02" help:"Fractions of the coefficients to keep, those of the lowest sequencies."`
	Basis int       `placeholder:"N" help:"Draw the N×N basis pictures, too: 2, 4, 8, 16 or 32."`
	Grey  bool      `help:"Make a picture in colours grey."`
	Size  int       `default:"400" help:"Pixels of the longer side of each panel."`
	Out   string    `short:"o" placeholder:"FILE" help:"The PNG file to write. Default: NAME-hadamard.png, or basis-N.png without an image."`
	JSON  bool      `name:"json" help:"Write JSON."`
	flags.Output
}

func (*Command) Help() string {
	return `A picture's two-dimensional Walsh-Hadamard spectrum, in order of sequency (the
number of sign changes), and what remains of the picture when the high sequencies
are cut, side by side in one PNG file.

Examples:

  deepfry hadamard photo.jpg
  deepfry hadamard photo.jpg --keep 0.25,0.05 --basis 8 -o photo-walsh.png
  deepfry hadamard --basis 8`
}

// hadamardResult is the command's JSON.
type hadamardResult struct {
	Image    string   `json:"image,omitempty"`
	Out      string   `json:"out"`
	Height   int      `json:"height,omitempty"`
	Width    int      `json:"width,omitempty"`
	Channels int      `json:"channels,omitempty"` // 1 for grey
	Spectrum [2]int   `json:"spectrum,omitzero"`  // rows and columns of a channel's
	Cuts     []result `json:"cuts,omitempty"`
}

// result is what is left by a cut.
type result struct {
	Keep         float64  `json:"keep"`         // as asked for
	Kept         float64  `json:"kept"`         // the fraction of a whole number of diagonals
	Coefficients int      `json:"coefficients"` // of each channel
	PSNR         *float64 `json:"psnr_db"`      // null if the picture is the same
}

func (r result) psnr() string {
	if r.PSNR == nil {
		return "exact"
	}
	return fmt.Sprintf("%.1f dB", *r.PSNR)
}

func (r result) caption() string {
	if r.PSNR == nil {
		return "the same picture"
	}
	return "PSNR " + r.psnr()
}

func (c *Command) Run(term *console.Terminal) error {
	if err := c.check(); err != nil {
		return err
	}
	out := hadamardResult{Image: c.Image, Out: c.Out}
	var panels []panel
	if c.Image != "" {
		var err error
		if panels, err = c.cut(term, &out); err != nil {
			return err
		}
	}
	if c.Basis > 0 {
		panels = append(panels, basisPanel(c.Basis, c.Size))
	}
	if err := writeSheet(c.Out, panels); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	if c.JSON {
		return json.NewEncoder(term.Stdout).Encode(out)
	}
	return out.print(term)
}

// check completes the flags, or says which is wrong.
func (c *Command) check() error {
	if c.Image == "" && c.Basis == 0 {
		return console.Hint(fmt.Errorf("nothing to draw: want an image, or --basis N"), "deepfry hadamard --help has examples")
	}
	if c.Basis != 0 && (c.Basis < 2 || c.Basis > 32 || c.Basis&(c.Basis-1) != 0) {
		return fmt.Errorf("--basis %d: want 2, 4, 8, 16 or 32", c.Basis)
	}
	if c.Size < 64 || c.Size > 4096 {
		return fmt.Errorf("--size %d: want 64 to 4096", c.Size)
	}
	if len(c.Keep) > 32 {
		return fmt.Errorf("--keep: want at most 32 fractions, not %d", len(c.Keep))
	}
	for _, keep := range c.Keep {
		if !(keep > 0 && keep <= 1) {
			return fmt.Errorf("--keep %v: want fractions above 0, up to 1", keep)
		}
	}
	if c.Out == "" {
		c.Out = fmt.Sprintf("basis-%d.png", c.Basis)
		if c.Image != "" {
			name := filepath.Base(c.Image)
			c.Out = strings.TrimSuffix(name, filepath.Ext(name)) + "-hadamard.png"
		}
	}
	if filepath.Ext(c.Out) != ".png" {
		return fmt.Errorf("--out %s: name a file that ends in .png", c.Out)
	}
	return c.CheckOutput("--out", c.Out, c.Image)
}

// cut computes what remains of the picture for each fraction, and returns the
// panels to draw: the picture, its spectrum, and the cuts.
func (c *Command) cut(term *console.Terminal, out *hadamardResult) ([]panel, error) {
	picture, err := dataset.ReadPicture(c.Image)
	if err != nil {
		return nil, err
	}
	original := planesOf(picture, c.Grey)
	if err := c.fill(out, original); err != nil {
		return nil, err
	}
	cuts, zones, names := make([]planes, len(c.Keep)), make([]zone, len(c.Keep)), make([]string, len(c.Keep))
	for i, keep := range c.Keep {
		cuts[i] = newPlanes(original.height, original.width, len(original.channels))
		zones[i] = lowSequencies(out.Spectrum[0], out.Spectrum[1], keep)
		names[i] = percentOf(keep)
	}
	heat := newHeatMap(original.height, original.width, c.Size)
	for channel, values := range original.channels {
		s, err := newSpectrum(values, original.height, original.width)
		if err != nil {
			return nil, err
		}
		heat.add(s)
		for i := range cuts {
			if err := term.Context.Err(); err != nil {
				return nil, err
			}
			if err := s.inverse(cuts[i].channels[channel], original.height, original.width, zones[i]); err != nil {
				return nil, err
			}
		}
	}
	panels := []panel{picturePanel(original, c.Size, "original", out.describe()), heat.panel(zones, names)}
	for i, keep := range c.Keep {
		r := result{Keep: keep, Coefficients: zones[i].size()}
		r.Kept = float64(r.Coefficients) / float64(out.Spectrum[0]*out.Spectrum[1])
		if db := psnr(original, cuts[i]); !math.IsInf(db, 1) {
			r.PSNR = &db
		}
		out.Cuts = append(out.Cuts, r)
		panels = append(panels, picturePanel(cuts[i], c.Size, names[i]+" kept", r.caption()))
	}
	return panels, nil
}

// fill notes the picture's shape, and fails if it needs too much memory.
func (c *Command) fill(out *hadamardResult, p planes) (err error) {
	out.Height, out.Width, out.Channels = p.height, p.width, len(p.channels)
	if out.Spectrum[0], err = fwht.NextLength(p.height); err != nil {
		return err
	}
	if out.Spectrum[1], err = fwht.NextLength(p.width); err != nil {
		return err
	}
	spectra := 2 * 4 * int64(out.Spectrum[0]) * int64(out.Spectrum[1]) // the whole, and a cut one
	pictures := int64(len(c.Keep)+1)*int64(len(p.channels)) + 3*4
	return c.MemoryLimit.Check(c.Image, spectra+pictures*int64(p.height)*int64(p.width))
}

func (r hadamardResult) describe() string {
	if r.Channels == 1 {
		return fmt.Sprintf("%d×%d, grey", r.Width, r.Height)
	}
	return fmt.Sprintf("%d×%d, colour", r.Width, r.Height)
}

// percentOf writes a fraction, as in 2% or 0.05%.
func percentOf(fraction float64) string { return fmt.Sprintf("%.3g%%", 100*fraction) }

func (r hadamardResult) print(term *console.Terminal) error {
	if r.Image != "" {
		fmt.Fprintf(term.Stdout, "%s: %s; spectrum of %d×%d\n\n", r.Image, r.describe(), r.Spectrum[1], r.Spectrum[0])
		table := tabwriter.NewWriter(term.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(table, "kept\tcoefficients\tPSNR\t")
		for _, cut := range r.Cuts {
			fmt.Fprintf(table, "%s\t%s\t%s\t\n", percentOf(cut.Kept), thousands.Apart(cut.Coefficients), cut.psnr())
		}
		fmt.Fprintln(table)
		if err := table.Flush(); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(term.Stdout, "wrote %s\n", r.Out)
	return err
}
