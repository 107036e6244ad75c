package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/flags"
	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/dataset/table"
	"github.com/deepfry/deepfry/internal/thousands"
	"github.com/deepfry/deepfry/kernel/machine"
	"github.com/deepfry/deepfry/predict"
)

// fitData is what a machine is fitted to and measured on.
type fitData struct {
	name  string // in the names of files
	task  table.Task
	train int // rows of all

	all        machine.Source // rows to fit to: the two below
	learn      machine.Source // rows to fit to while settings are chosen
	validation machine.Source // rows to choose settings by
	test       machine.Source // rows to measure on

	scaling machine.Scaling
	preset  preset
	notes   map[string]string // for the model
	said    []string          // lines that tell what was read
}

func (c *fitCommand) open() (*fitData, error) {
	open := c.openTable
	if c.isImages() {
		open = c.openImages
	}
	data, err := open()
	if err != nil {
		return nil, err
	}
	if c.Posterior && data.task == table.Classification {
		return nil, errors.New("--posterior is for regression; this is a classification")
	}
	if c.Machine == "logistic" && data.task == table.Regression {
		return nil, console.Hint(errors.New("--machine logistic needs classes; this is a regression"), "--task classification takes numbers for classes")
	}
	return data, nil
}

// isImages tells whether it is not a table, but a data set of images.
func (c *fitCommand) isImages() bool { return flags.IsImages(c.Table) }

// openImages takes the data set's own test images to measure on, or the last
// training images with a hold-out.
func (c *fitCommand) openImages() (*fitData, error) {
	if err := c.refuseTableFlags(); err != nil {
		return nil, err
	}
	options := c.DataOptions.Options(nil)
	data, err := dataset.OpenWith(c.Table, options)
	if err != nil {
		return nil, err
	}
	all, err := imageTable(data.Train)
	if err != nil {
		return nil, err
	}
	test, err := imageTable(data.Test)
	if err != nil {
		return nil, err
	}
	if c.Holdout != nil {
		held := max(1, int(*c.Holdout*float64(all.Len())))
		if held >= all.Len() {
			return nil, fmt.Errorf("--holdout %v: nothing is left of %d images", *c.Holdout, all.Len())
		}
		test, all = all.Slice(all.Len()-held, all.Len()), all.Slice(0, all.Len()-held)
	}
	learn := all.Slice(0, all.Len()-max(all.Len()/12, 1)) // 55,000 of 60,000
	images := preset{machine: "ridge", n: 8192}
	if known, found := presets[c.Table]; found {
		images = known
	}
	d := &fitData{
		name: filepath.Base(c.Table), task: table.Classification, train: all.Len(), all: all, learn: learn, validation: all.Slice(learn.Len(), all.Len()), test: test,
		scaling: machine.Scaling{UnitRows: true}, preset: images, notes: predict.ImageNotes(data, options),
		said: append(data.Said, fmt.Sprintf("%s training images, %s to measure on", thousands.Apart(all.Len()), thousands.Apart(test.Len()))),
	}
	return d, nil
}

func (c *fitCommand) refuseTableFlags() error {
	if c.Target != "" || c.Test != "" || c.Category != nil || c.Drop != nil || c.Impute != "none" || c.Task == "regression" || c.Raw {
		return fmt.Errorf("%s: --target, --task, --test, --category, --drop, --impute and --raw are for tables", c.Table)
	}
	return nil
}

// imageTable returns images with pixels from 0 to 1.
func imageTable(images *dataset.Images) (*machine.Table, error) {
	x := dataset.Unit(images.Pixels)
	return machine.NewClasses(len(x)/images.Len(), x, images.Labels, images.Classes)
}

func (c *fitCommand) openTable() (*fitData, error) {
	if c.Transpose || c.SkipBad != 0 {
		return nil, fmt.Errorf("%s: --transpose and --skip-bad are for images", c.Table)
	}
	options := c.TableFormat.Options()
	options.Target, options.Categories, options.Drop = c.Target, c.Category, c.Drop
	t, err := table.Read(c.Table, options)
	if err != nil {
		return nil, err
	}
	task, why := c.task(t)
	if err := t.SetTask(task); err != nil {
		return nil, err
	}
	d := &fitData{name: tableName(c.Table), task: task, preset: preset{machine: "ridge"}}
	target := t.Schema.Target.Name
	if t.Schema.Format == table.CSV && !t.Schema.Header {
		target = "column " + target
	}
	d.said = append(d.said, fmt.Sprintf("%s: %s, %s", t.Name, console.Counted(t.Len(), "row"), t.How),
		fmt.Sprintf("%s of %s: %s", task, target, why))
	if n := len(t.Schema.Target.Categories); n > 0 {
		d.said = append(d.said, fmt.Sprintf("%d classes: %s", n, shortList(t.Schema.Target.Categories)))
	}
	d.said = append(append(d.said, t.Notes...), t.LeftOut...)
	if err := c.split(d, t); err != nil {
		return nil, err
	}
	return d, nil
}

// split parts the rows, and learns from those to fit to how they become vectors.
func (c *fitCommand) split(d *fitData, t *table.Table) error {
	if t.Len() < 3 {
		return fmt.Errorf("%s has %s: want 3 at least, to learn from, to choose settings by and to measure on", t.Name, console.Counted(t.Len(), "row"))
	}
	rows := make([]int, t.Len())
	for i := range rows {
		rows[i] = i
	}
	var held []int
	var err error
	if c.Test == "" {
		part := 0.2
		override(&part, c.Holdout)
		if rows, held, err = table.Split(t.Len(), part, c.Seed); err != nil {
			return err
		}
	}
	encoder, err := table.NewEncoder(t, rows, table.EncoderOptions{Impute: table.Impute(c.Impute), Raw: c.Raw})
	if err != nil {
		return err
	}
	note, err := json.Marshal(encoder)
	if err != nil {
		return err
	}
	d.notes = map[string]string{predict.TableKey: string(note)}
	source := func(t *table.Table, rows []int) *rowSource { return &rowSource{t, encoder, rows} }
	learn, validation, err := splitRows(rows, 0.2, c.Seed)
	if err != nil {
		return err
	}
	d.train, d.all, d.learn, d.validation = len(rows), source(t, rows), source(t, learn), source(t, validation)
	measured := console.Counted(len(held), "row") + " that were held out"
	d.test = source(t, held)
	if c.Test != "" {
		test, err := c.openTest(t)
		if err != nil {
			return err
		}
		held = make([]int, test.Len())
		for i := range held {
			held[i] = i
		}
		d.test = source(test, held)
		measured = console.Counted(len(held), "row") + " of " + test.Name
	}
	d.said = append(d.said, fmt.Sprintf("%s to learn from, %s (%s); measured on %s",
		console.Counted(len(rows), "row"), console.Counted(len(t.Schema.Inputs), "input"), console.Counted(encoder.Width(), "number"), measured))
	return nil
}

func (c *fitCommand) openTest(t *table.Table) (*table.Table, error) {
	options := c.TableFormat.Options()
	options.Schema, options.NoMissing = &t.Schema, c.Impute == "none"
	return table.Read(c.Test, options)
}

// splitRows is table.Split for the given rows.
func splitRows(rows []int, fraction float64, seed uint64) (most, held []int, err error) {
	most, held, err = table.Split(len(rows), fraction, seed)
	for _, part := range [][]int{most, held} {
		for i, number := range part {
			part[i] = rows[number]
		}
	}
	return most, held, err
}

// shortList names the first of many.
func shortList(names []string) string {
	const most = 12
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
