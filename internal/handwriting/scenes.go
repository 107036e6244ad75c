package handwriting

import (
	"math"
	"math/rand/v2"
)

// Kind is what a digit was written with and on, and how it was taken.
type Kind int

// Kinds of scenes.
const (
	BallPen     Kind = iota // thin, blue, black or red, on paper
	FeltPen                 // thick, any dark colour, on paper
	Pencil                  // thin, grey, grainy, on paper
	Chalk                   // bright, grainy, on a board
	Brush                   // thick, of changing width, on the canvas of a program
	Mouse                   // hard edges, black on white or white on black
	Notebook                // a ball pen on ruled or squared paper
	CraftPaper              // a felt pen on coloured paper
	DimRoom                 // a photograph without much light
	Transparent             // a drawing without paper, in black or white
	SmallOnPage             // a digit of a fifteenth to a fifth of the page
	OnDesk                  // a sheet whose edges are seen
	Kinds                   // how many there are
)

// Name returns the name of the kind.
func (k Kind) Name() string {
	return [...]string{"ball pen", "felt pen", "pencil", "chalk", "brush", "mouse", "notebook", "craft paper",
		"dim room", "transparent", "small on page", "on a desk"}[k]
}

var (
	inks       = []RGB{{0.05, 0.05, 0.05}, {0.1, 0.15, 0.5}, {0.75, 0.1, 0.1}, {0.05, 0.4, 0.15}, {0.3, 0.1, 0.4}, {0.2, 0.2, 0.2}}
	papers     = []RGB{{1, 1, 1}, {0.95, 0.95, 0.93}, {0.95, 0.9, 0.75}, {0.8, 0.8, 0.8}}
	craft      = []RGB{{0.75, 0.6, 0.42}, {0.95, 0.85, 0.3}, {0.6, 0.8, 0.6}, {0.95, 0.65, 0.7}, {0.6, 0.75, 0.9}}
	boards     = []RGB{{0.1, 0.25, 0.18}, {0.12, 0.12, 0.13}, {0.15, 0.3, 0.22}}
	chalks     = []RGB{{0.95, 0.95, 0.92}, {0.95, 0.9, 0.5}, {0.95, 0.7, 0.75}}
	brightInks = []RGB{{1, 1, 1}, {1, 0.9, 0.2}, {0.4, 1, 0.5}, {1, 0.5, 0.4}}
)

// New returns the scene of a seed.
func New(seed uint64, kind Kind, style, digit int) Scene {
	rng := rand.New(rand.NewPCG(seed, uint64(kind)<<32|uint64(style)<<16|uint64(digit)))
	between := func(low, high float64) float64 { return low + (high-low)*rng.Float64() }
	pick := func(colours []RGB) RGB { return colours[rng.IntN(len(colours))] }

	s := Scene{Digit: digit, Style: style, seed: rng.Uint64()}
	short := between(200, 600)
	if rng.IntN(8) == 0 {
		short = between(90, 200)
	}
	s.Width, s.Height = int(short), int(short*between(1, 1.6))
	if rng.IntN(2) == 0 {
		s.Width, s.Height = s.Height, s.Width
	}
	s.Size = between(0.3, 0.95)
	s.Aspect = between(0.5, 0.75)
	s.Slant, s.Wobble = between(-0.05, 0.2), between(0, 0.012)
	s.PenWidth, s.Pressure = between(0.05, 0.1), between(0, 0.1)
	s.Ink, s.Paper = pick(inks), pick(papers)
	s.Light = between(0.75, 1)
	photographed := s.equip(kind, rng)
	s.place(rng)
	// What was written can be seen: at least about a pixel, more in small pictures.
	s.PenWidth = max(s.PenWidth, 1.2/(s.Size*s.side()))
	if photographed {
		s.photograph(rng)
	}
	return s
}

// equip sets what a kind of scene has otherwise than others, and tells whether it is
// photographed.
func (s *Scene) equip(kind Kind, rng *rand.Rand) (photographed bool) {
	between := func(low, high float64) float64 { return low + (high-low)*rng.Float64() }
	pick := func(colours []RGB) RGB { return colours[rng.IntN(len(colours))] }
	photographed = true
	switch kind {
	case BallPen:
		s.PenWidth = between(0.02, 0.045)
	case FeltPen:
		s.PenWidth = between(0.08, 0.17)
	case Pencil:
		s.PenWidth, s.Grain = between(0.025, 0.05), between(0.1, 0.35)
		level := between(0.25, 0.45)
		s.Ink = RGB{level, level, level}
	case Chalk:
		s.Ink, s.Paper, s.PenWidth, s.Grain, s.Texture = pick(chalks), pick(boards), between(0.05, 0.1), between(0.1, 0.4), between(0, 0.15)
	case Brush:
		s.PenWidth, s.Pressure, photographed = between(0.07, 0.16), between(0.1, 0.3), false
		if rng.IntN(2) == 0 {
			s.Ink, s.Paper = pick(brightInks), RGB{}
		}
	case Mouse:
		s.PenWidth, s.Aliased, s.Wobble, photographed = between(0.015, 0.1), true, between(0.003, 0.015), false
		s.Ink, s.Paper = RGB{}, RGB{1, 1, 1}
		if rng.IntN(3) == 0 {
			s.Ink, s.Paper = s.Paper, s.Ink
		}
	case Notebook:
		s.PenWidth, s.Lines = between(0.03, 0.06), Ruled+Lines(rng.IntN(2))
		s.LineColour = RGB{0.65, 0.75, 0.9}
		s.Spacing = between(0.3, 0.9) * s.Size
	case CraftPaper:
		s.PenWidth, s.Paper, s.Texture, s.Ink = between(0.06, 0.13), pick(craft), between(0, 0.06), RGB{0.1, 0.08, 0.1}
		if rng.IntN(4) == 0 {
			s.Ink = RGB{1, 1, 1}
			s.Paper = RGB{0.3, 0.35, 0.6}
		}
	case DimRoom:
		s.Light = between(0.15, 0.45)
	case Transparent:
		s.Transparency, s.Aliased, photographed = true, rng.IntN(3) == 0, false
		s.Ink = []RGB{{}, {1, 1, 1}, {0.8, 0.1, 0.1}}[rng.IntN(3)]
	case SmallOnPage:
		short := between(500, 900)
		s.Width, s.Height = int(short), int(short*1.35)
		s.Size = math.Exp(between(math.Log(1./15), math.Log(1./4)))
		s.PenWidth = between(0.05, 0.11)
	case OnDesk:
		s.Desk, s.Size = between(0.03, 0.12), between(0.25, 0.5)
		s.DeskColour = []RGB{{0.3, 0.2, 0.12}, {0.1, 0.1, 0.1}, {0.5, 0.45, 0.4}}[rng.IntN(3)]
	}
	return photographed
}

// place puts the digit where all of it is within the paper.
func (s *Scene) place(rng *rand.Rand) {
	margin := s.Desk + 0.01
	for axis, length := range []float64{float64(s.Width), float64(s.Height)} {
		extent := s.Size * (1.1 + 2*s.PenWidth)
		if axis == 0 {
			extent = s.Size * (s.Aspect + 0.3 + 2*s.PenWidth)
		}
		room := max(0, 1-(extent+2*margin)*s.side()/length) / 2
		s.Centre[axis] = 0.5 + room*(2*rng.Float64()-1)
	}
}

// photograph draws light, lens, noise and compression at random.
func (s *Scene) photograph(rng *rand.Rand) {
	between := func(low, high float64) float64 { return low + (high-low)*rng.Float64() }
	if rng.IntN(2) == 0 {
		s.Gradient = [2]float64{between(-0.7, 0.7), between(-0.7, 0.7)}
	}
	if rng.IntN(3) == 0 {
		s.Vignette = between(0.2, 0.7)
	}
	if rng.IntN(4) == 0 {
		s.Shadow = between(0.2, 0.5)
	}
	if rng.IntN(3) == 0 {
		s.Specks = 1 + rng.IntN(5)
	}
	// Rotation about the middle must not turn an outlying digit out of the picture.
	far := math.Hypot(s.Centre[0]-0.5, s.Centre[1]-0.5)
	s.Rotation = between(-12, 12) * max(0.3, 1-2*far)
	s.Perspective = [2]float64{between(-0.12, 0.12), between(-0.12, 0.12)}
	s.Blur = between(0, 0.3) * s.PenWidth * s.Size * s.side()
	s.Blur = min(s.Blur, 3)
	s.Noise = between(0, 0.02) * s.Light
	if rng.IntN(3) > 0 {
		s.Quality = 40 + rng.IntN(55)
	}
}
