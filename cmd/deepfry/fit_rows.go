package main

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"

	"github.com/deepfry/deepfry/dataset/table"
	"github.com/deepfry/deepfry/internal/random"
	"github.com/deepfry/deepfry/kernel/machine"
)

// rowSource gives some rows of a table to a machine. They are encoded anew in
// every pass, for sparse ones are many times as large when they are.
type rowSource struct {
	table   *table.Table
	encoder *table.Encoder
	rows    []int
}

func (s *rowSource) Columns() machine.Columns {
	c := machine.Columns{Inputs: s.encoder.Width(), Classes: s.encoder.Schema.Targets[0].Categories}
	if c.Classes == nil {
		c.Outputs = 1
	}
	return c
}

func (s *rowSource) Batches(size int) iter.Seq2[machine.Batch, error] {
	return func(yield func(machine.Batch, error) bool) {
		columns := s.Columns()
		var batch machine.Batch
		for rows := range slices.Chunk(s.rows, size) {
			batch.X = slices.Grow(batch.X[:0], len(rows)*columns.Inputs)[:len(rows)*columns.Inputs]
			batch.Labels, batch.Y = batch.Labels[:0], batch.Y[:0]
			for i, number := range rows {
				row := s.table.Row(number)
				if err := s.encoder.Encode(batch.X[i*columns.Inputs:][:columns.Inputs], row); err != nil {
					yield(machine.Batch{}, fmt.Errorf("table: %s: %w", s.table.Name, err))
					return
				}
				if columns.Classes != nil {
					batch.Labels = append(batch.Labels, int32(row.Targets[0]))
				} else {
					batch.Y = append(batch.Y, row.Targets[0])
				}
			}
			if !yield(batch, nil) {
				return
			}
		}
	}
}

// Shuffled returns the same rows in another order.
func (s *rowSource) Shuffled(seed uint64) machine.Source {
	shuffled := *s
	shuffled.rows = slices.Clone(s.rows)
	source := rand.New(random.New(seed, random.For("fit.shuffle"), 0, 0))
	source.Shuffle(len(shuffled.rows), func(i, j int) {
		shuffled.rows[i], shuffled.rows[j] = shuffled.rows[j], shuffled.rows[i]
	})
	return &shuffled
}
