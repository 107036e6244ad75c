package flags

import (
	"errors"

	"github.com/deepfry/deepfry/checkpoint"
)

// Precision says in which numbers weights are stored.
type Precision struct {
	Float16 bool `name:"float16" help:"Store weights as float16: half the file. Inputs, outputs and computation stay float32."`
	Int8    bool `name:"int8" help:"Store weights as numbers of eight bits, with a scale for each row: a quarter of the file."`
}

// Choose returns what the flags say, float32 where they say nothing.
func (p Precision) Choose() (checkpoint.Precision, error) {
	switch {
	case p.Float16 && p.Int8:
		return "", errors.New("--float16 and --int8: choose one of them")
	case p.Float16:
		return checkpoint.Float16, nil
	case p.Int8:
		return checkpoint.Int8, nil
	}
	return checkpoint.Float32, nil
}
