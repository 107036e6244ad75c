package approximation

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/flags"
	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/dataset/table"
	"github.com/deepfry/deepfry/internal/random"
)

// rowSet is rows of numbers.
type rowSet struct {
	data   []float32 // [len, inputs]
	inputs int
}

func (r rowSet) len() int { return len(r.data) / r.inputs }

func (r rowSet) first(n int) rowSet { return rowSet{r.data[:n*r.inputs], r.inputs} }

// load reads as many rows as are wanted, drawn by the seed, and completes --train.
func (c *Command) load(term *console.Terminal) (rowSet, error) {
	if flags.IsImages(c.Table) {
		set, err := dataset.Open(c.Table)
		if err != nil {
			return rowSet{}, err
		}
		flags.Say(term.Stderr, set.Said)
		images, err := dataset.InMemory(set.Train)
		if err != nil {
			return rowSet{}, err
		}
		return c.draw(term, images.Len(), images.Channels*images.Height*images.Width, func(x []float32, i int) error {
			copy(x, dataset.Unit(images.Pixels[i*len(x):][:len(x)]))
			return nil
		})
	}
	options := c.TableFormat.Options()
	options.Categories, options.Drop = c.Category, c.Drop
	if c.Target != "" {
		options.Targets = []string{c.Target}
	}
	t, err := table.Read(c.Table, options)
	if err != nil {
		return rowSet{}, err
	}
	all := make([]int, t.Len())
	for i := range all {
		all[i] = i
	}
	encoder, err := table.NewEncoder(t, all, table.EncoderOptions{Impute: table.Impute(c.Impute), Raw: c.Raw})
	if err != nil {
		return rowSet{}, err
	}
	return c.draw(term, t.Len(), encoder.Width(), func(x []float32, i int) error { return encoder.Encode(x, t.Row(i)) })
}

// draw reads rows in a random order.
func (c *Command) draw(term *console.Terminal, total, inputs int, read func(x []float32, row int) error) (rowSet, error) {
	if total < 2 || inputs < 1 {
		return rowSet{}, fmt.Errorf("%s has %d rows of %d numbers: want at least 2 rows, of 1", c.Table, total, inputs)
	}
	if total < c.Rows {
		fmt.Fprintf(term.Stderr, "%s has only %d rows\n", c.Table, total)
	}
	c.completeTrain(total)
	wanted := min(total, max(c.Rows, predictionRows, slices.Max(append(c.Train, 0))))
	if err := c.checkMemory(min(c.Rows, total), wanted, inputs); err != nil {
		return rowSet{}, err
	}
	rows := rowSet{make([]float32, wanted*inputs), inputs}
	order := rand.New(random.New(c.Seed, random.For("deepfry kernel rows"), 0, 0)).Perm(total)
	for i := range wanted {
		if err := read(rows.data[i*inputs:][:inputs], order[i]); err != nil {
			return rowSet{}, fmt.Errorf("%s: %w", c.Table, err)
		}
	}
	return rows, nil
}

// completeTrain sets the default of --train, and leaves out what there are too
// few rows for.
func (c *Command) completeTrain(total int) {
	const fewest, most = 50, 7
	if c.Train == nil {
		for n := total; len(c.Train) < most && (n >= fewest || n == total); n /= 2 {
			c.Train = append(c.Train, n)
		}
		slices.Reverse(c.Train)
	}
	c.Train = slices.Compact(slices.DeleteFunc(c.Train, func(n int) bool { return n == 0 || n > total }))
}

// checkMemory fails if the rows, the Gram matrices of some, the features or the
// exact machine's kernel values need too much.
func (c *Command) checkMemory(gram, wanted, inputs int) error {
	rows, n := int64(gram), int64(slices.Max(c.N))
	bytes := 4 * (2*rows*rows + rows*2*n + (2*n+int64(wanted))*int64(inputs))
	if len(c.Train) > 0 {
		bytes += 4 * predictionRows * (int64(slices.Max(c.Train)) + 2*n)
	}
	return c.MemoryLimit.Check(fmt.Sprintf("a Gram matrix of %d rows with n = %d", rows, n), bytes)
}
