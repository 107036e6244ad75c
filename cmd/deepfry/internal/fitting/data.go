package fitting

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/dataset/table"
	"github.com/deepfry/deepfry/internal/thousands"
	"github.com/deepfry/deepfry/kernel/machine"
	"github.com/deepfry/deepfry/predict"
)

// Data is what a machine is fitted to and measured on.
type Data struct {
	Name   string // in the names of files
	Task   table.Task
	Said   []string // lines that tell what was read
	Unseen []string // classes of the rows to measure on that there are none of to learn from

	all     rows // to fit to in the end
	learn   rows // to choose settings by and to fit to before measuring: all, or not those held out
	test    rows // to measure on
	scaling machine.Scaling
	preset  preset
	shape   dataset.Images    // channels, height, width and classes of images
	notes   map[string]string // for the model
}

// Rows returns how many rows a machine is fitted to.
func (d *Data) Rows() int { return d.all.len() }

// Targets returns the names of the targets, or nil for images.
func (d *Data) Targets() (names []string) {
	if d.all.images != nil {
		return nil
	}
	for _, t := range d.all.table.Schema.Targets {
		names = append(names, t.Name)
	}
	return names
}

// Images tells whether the data are images.
func (d *Data) Images() bool { return d.all.images != nil }

// inputs is about how many numbers a row of a table becomes.
func (d *Data) inputs() (n int) {
	for _, c := range d.all.table.Schema.Inputs {
		n += max(1, len(c.Categories))
	}
	return n
}

func (d *Data) targets() int {
	if d.all.images != nil {
		return d.all.images.Columns().Targets()
	}
	schema := &d.all.table.Schema
	return max(len(schema.Targets), len(schema.Targets[0].Categories))
}

// preset holds settings for a data set: what flags say by default. Zeros are
// chosen anew.
type preset struct {
	kernel  string  // that gamma is for
	gamma   float64 // found on a hold-out
	machine string
	n       int
	epochs  int
	shift   float64 // in pixels at most, of the images that sgd learns from, anew in each pass
}

// presets were found on the last 5,000 training images, for rows of unit length:
// for MNIST among the Gaussian and a Matérn kernel, γ of 0.7, 1 and 1.4, n from 8,192 to
// 65,536, 1 to 8 epochs, and no distortions, shifts, and shifts with rotations, other
// sizes and elastic displacements; for Fashion-MNIST among γ of 1 and 3, which do alike.
var presets = map[string]preset{
	"mnist":   {kernel: "gaussian", gamma: 1, machine: "sgd", n: 65536, epochs: 8, shift: 1},
	"fashion": {kernel: "gaussian", gamma: 3, machine: "sgd", n: 32768, epochs: 6},
}

// OpenImages takes the data set's own test images to measure on, or a part of the
// training images unless holdout is 0.
func OpenImages(name string, options dataset.Options, holdout float64, seed uint64) (*Data, error) {
	data, err := dataset.OpenWith(name, options)
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
	d := &Data{
		Name: filepath.Base(name), Task: table.Classification, all: rows{images: all}, test: rows{images: test},
		scaling: machine.Scaling{UnitRows: true}, preset: preset{machine: "ridge", n: 8192}, notes: predict.ImageNotes(data, options),
	}
	d.shape.Channels, d.shape.Height, d.shape.Width = data.Train.Shape()
	d.shape.Classes = data.Train.ClassNames()
	if known, found := presets[name]; found {
		d.preset = known
	}
	if d.learn = d.all; holdout > 0 {
		if d.learn, d.test, err = d.all.split(holdout, seed); err != nil {
			return nil, err
		}
	}
	if data.Validation != nil {
		data.Said = append(data.Said, fmt.Sprintf("the %d images for validation are not used", data.Validation.Len()))
	}
	d.Said = append(data.Said, fmt.Sprintf("%s training images, %s to measure on", thousands.Apart(d.learn.len()), thousands.Apart(d.test.len())))
	return d, nil
}

// imageTable returns images with pixels from 0 to 1.
func imageTable(source dataset.Source) (*machine.Table, error) {
	images, err := dataset.InMemory(source)
	if err != nil {
		return nil, err
	}
	x := dataset.Unit(images.Pixels)
	return machine.NewClasses(len(x)/images.Len(), x, images.Labels, images.Classes)
}

// TableOptions say how a table is read and parted.
type TableOptions struct {
	table.Options
	Task    string  // auto, classification or regression
	Test    string  // a table to measure on; "": rows are held out
	Holdout float64 // the part of them
	Impute  table.Impute
	Seed    uint64
}

// OpenTable reads a table.
func OpenTable(path string, o TableOptions) (*Data, error) {
	t, err := table.Read(path, o.Options)
	if err != nil {
		return nil, err
	}
	task, why := guessTask(o.Task, t)
	if err := t.SetTask(task); err != nil {
		return nil, err
	}
	d := &Data{Name: tableName(path), Task: task, preset: preset{machine: "ridge"}}
	d.Said = append(d.Said, fmt.Sprintf("%s: %s, %s", t.Name, console.Counted(t.Len(), "row"), t.How),
		fmt.Sprintf("%s of %s: %s", task, targetNames(t), why))
	if n := len(t.Schema.Targets[0].Categories); n > 0 {
		d.Said = append(d.Said, fmt.Sprintf("%d classes: %s", n, shortList(t.Schema.Targets[0].Categories)))
	}
	d.Said = append(d.Said, t.LeftOut...)
	d.Said = append(d.Said, t.Said...)
	return d, d.part(t, o)
}

func targetNames(t *table.Table) string {
	var names []string
	for _, target := range t.Schema.Targets {
		if t.Schema.Format == table.CSV && !t.Schema.Header {
			target.Name = "column " + target.Name
		}
		names = append(names, target.Name)
	}
	return strings.Join(names, ", ")
}

// part parts the rows.
func (d *Data) part(t *table.Table, o TableOptions) error {
	if t.Len() < 3 {
		return fmt.Errorf("%s has %s: want 3 at least, to learn from, to choose settings by and to measure on", t.Name, console.Counted(t.Len(), "row"))
	}
	d.all = rows{table: t, numbers: sequence(t.Len())}
	d.all.numbers = slices.DeleteFunc(d.all.numbers, func(i int) bool { return t.Row(i).Weight == 0 })
	if none := t.Len() - d.all.len(); none > 0 {
		d.Said = append(d.Said, fmt.Sprintf("%s of a weight of 0 left out", console.Counted(none, "row")))
		if d.all.len() < 3 {
			return fmt.Errorf("%s has %s of a weight above 0: want 3 at least", t.Name, console.Counted(d.all.len(), "row"))
		}
	}
	if o.Test != "" {
		d.learn = d.all
		return d.openTest(t, o)
	}
	var err error
	if d.learn, d.test, err = d.all.split(o.Holdout, o.Seed); err != nil {
		return err
	}
	if text := t.Unmeasured(d.learn.numbers, d.test.numbers); text != "" {
		d.Said = append(d.Said, text)
	}
	were := "were"
	if d.test.len() == 1 {
		were = "was"
	}
	d.sayParts(t, console.Counted(d.test.len(), "row")+" that "+were+" held out")
	return nil
}

func (d *Data) openTest(t *table.Table, o TableOptions) error {
	options := o.Options
	options.Schema, options.NoMissing = &t.Schema, o.Impute == table.NoImpute
	test, err := table.Read(o.Test, options)
	if err != nil {
		return err
	}
	d.test, d.Unseen = rows{table: test, numbers: sequence(test.Len())}, test.Unseen
	for _, line := range test.Said {
		d.Said = append(d.Said, test.Name+": "+line)
	}
	d.sayParts(t, console.Counted(test.Len(), "row")+" of "+test.Name)
	return nil
}

func (d *Data) sayParts(t *table.Table, measured string) {
	d.Said = append(d.Said, fmt.Sprintf("%s to learn from, %s; measured on %s",
		console.Counted(d.learn.len(), "row"), console.Counted(len(t.Schema.Inputs), "input"), measured))
}

func sequence(n int) []int {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	return numbers
}

// guessTask returns the task that is wanted or that the table suggests, and says why.
func guessTask(wanted string, t *table.Table) (task table.Task, why string) {
	if wanted != "auto" {
		return table.Task(wanted), "as --task says"
	}
	task = t.GuessTask()
	switch {
	case t.Schema.Targets[0].Kind == table.Category:
		return task, "its values are texts"
	case task == table.Classification:
		return task, "its values are few whole numbers; --task regression takes them for quantities"
	}
	return task, "its values are numbers"
}

// tableName is what a table is called in the names of files.
func tableName(path string) string {
	if path == "-" {
		return "table"
	}
	name := strings.TrimSuffix(filepath.Base(path), ".gz")
	return strings.TrimSuffix(name, filepath.Ext(name))
}

// shortList names the first of many.
func shortList(names []string) string {
	const most = 12
	if len(names) <= most {
		return console.OneLine(strings.Join(names, ", "))
	}
	return fmt.Sprintf("%s and %d more", console.OneLine(strings.Join(names[:most], ", ")), len(names)-most)
}

// Check refuses options that do not fit the data.
func (d *Data) Check(o Options) error {
	switch classes := d.Task == table.Classification; {
	case o.Posterior && classes:
		return errors.New("--posterior is for regression; this is a classification")
	case o.Machine == "logistic" && !classes:
		return console.Hint(errors.New("--machine logistic needs classes; this is a regression"), "--task classification takes numbers for classes")
	case o.Balanced && !classes:
		return errors.New("--balanced is for classes; this is a regression")
	case o.Machine == "auto" && o.Epochs > 0 && d.preset.machine != "sgd":
		return fmt.Errorf("--epochs: the machine is %s, and sgd alone has them: add --machine sgd", d.preset.machine)
	case o.Machine == "auto" && o.Ridge > 0 && d.preset.machine == "sgd":
		return errors.New("--ridge: the machine is sgd, which has none: add --machine ridge or logistic")
	case o.CV > 0 && d.Images():
		return errors.New("--cv is for tables")
	}
	return nil
}
