package train

import (
	"math/bits"

	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/internal/simd"
	"github.com/deepfry/deepfry/nn"
)

// addAsTree runs the parts in their order and adds up what they leave behind, which
// run(part) replaces: (0+1)+(2+3) of four, ((0+1)+(2+3))+4 of five. It does so as a
// binary counter counts: keep(level) keeps the sum of 2^level parts, and add(level)
// adds the one that is kept, on its left, to what is there.
func addAsTree(parts int, run func(part int) error, keep, add func(level int)) error {
	for part := range parts {
		if err := run(part); err != nil {
			return err
		}
		level, last := 0, part == parts-1
		for kept := part; kept > 0 && (last || kept&1 == 1); kept >>= 1 {
			if kept&1 == 1 {
				add(level)
			}
			level++
		}
		if !last {
			keep(level)
		}
	}
	return nil
}

// partialSums holds what the parts of a step leave behind: the loss, and the gradients
// and steps of statistics in the workspace; and the sums of some parts by level of
// the tree. It has no memory of its own where a step is one part.
type partialSums struct {
	loss       float64
	losses     []float64 // by level
	pieces     []sumPiece
	statistics [][]float32 // the workspace's steps of statistics

	workers            int
	level              int // that keep or add is at
	keepPiece, addKept func(chunk, worker int)
}

// sumPiece is a piece of a gradient and of its partial sums by level.
type sumPiece struct {
	gradient []float32
	kept     [][]float32
}

func newPartialSums(network *nn.Network, workspace *nn.Workspace, parts int) *partialSums {
	levels := bits.Len(uint(parts - 1))
	s := &partialSums{losses: make([]float64, levels), workers: par.Workers()}
	if levels == 0 {
		return s
	}
	for _, p := range network.Params() {
		gradient := workspace.Gradient(p)
		if gradient != nil && p.Kind == nn.Statistic {
			s.statistics = append(s.statistics, gradient)
		}
		for from := 0; from < len(gradient); from += pieceSize {
			piece := sumPiece{gradient: gradient[from:min(from+pieceSize, len(gradient))]}
			for range levels {
				piece.kept = append(piece.kept, make([]float32, len(piece.gradient)))
			}
			s.pieces = append(s.pieces, piece)
		}
	}
	s.keepPiece = func(chunk, _ int) { copy(s.pieces[chunk].kept[s.level], s.pieces[chunk].gradient) }
	s.addKept = func(chunk, _ int) { simd.Add(s.pieces[chunk].gradient, s.pieces[chunk].kept[s.level]) }
	return s
}

func (s *partialSums) keep(level int) {
	s.level, s.losses[level] = level, s.loss
	par.For(len(s.pieces), s.workers, s.keepPiece)
}

func (s *partialSums) add(level int) {
	s.level, s.loss = level, s.losses[level]+s.loss
	par.For(len(s.pieces), s.workers, s.addKept)
}
