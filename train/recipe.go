package train

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strings"

	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/nn"
)

// Recipe holds every setting of a training run. It is stored in checkpoints,
// so that a resumed run goes on as it began.
type Recipe struct {
	// A run ends after so many epochs, or after so many steps, wherever in an epoch that
	// is: one of the two is 0.
	Epochs    int `json:"epochs,omitempty"`
	Steps     int `json:"steps,omitempty"`
	BatchSize int `json:"batch_size"`
	// Parts is into how many parts the batch of a step is cut (Stepper); 0 means 1.
	Parts     int       `json:"parts,omitempty"`
	Optimizer Optimizer `json:"optimizer"`
	Schedule  Schedule  `json:"schedule"`
	Smoothing float64   `json:"smoothing,omitempty"` // of labels
	// Augment is how the images are distorted; nil: not at all.
	Augment *dataset.Augmentation `json:"augment,omitempty"`
	// Keep says whose parameters the network has in the end: "" those of the last epoch,
	// "best" those of the epoch with the fewest errors in validation (Trainer.Judge).
	Keep string `json:"keep,omitempty"`
	// Groups sets what differs by kind of parameter, of those that learn.
	Groups map[nn.ParamKind]Group `json:"groups,omitempty"`
}

// Optimizer is the rule of a step.
type Optimizer struct {
	Kind  string  `json:"kind"` // "adamw" or "sgd"
	Rate  float64 `json:"rate"` // base learning rate
	Decay float64 `json:"decay,omitempty"`

	Momentum float64 `json:"momentum,omitempty"` // sgd

	Beta1   float64 `json:"beta1,omitempty"` // adamw
	Beta2   float64 `json:"beta2,omitempty"`
	Epsilon float64 `json:"epsilon,omitempty"`
}

// Group changes rate and decay for one kind of parameter. A kind without a
// group has the factor 1 for both.
type Group struct {
	RateFactor  float64 `json:"rate_factor"`
	DecayFactor float64 `json:"decay_factor"`
}

// Group returns the group of a kind of parameter.
func (r Recipe) Group(kind nn.ParamKind) Group {
	if group, ok := r.Groups[kind]; ok {
		return group
	}
	return Group{RateFactor: 1, DecayFactor: 1}
}

// Default is the recipe that deepfry train uses: AdamW (Loshchilov and Hutter,
// ICLR 2019) under a one-cycle schedule, with a higher rate for the diagonals and
// a decay of the weights alone. It was chosen on training images of MNIST that were
// held out; see docs/results.md.
func Default() Recipe {
	return Recipe{
		Epochs: 10, BatchSize: 128,
		Optimizer: Optimizer{Kind: "adamw", Rate: 0.005, Decay: 0.3, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8},
		Schedule:  Schedule{Kind: "onecycle"},
		Groups: map[nn.ParamKind]Group{
			nn.Diagonal: {RateFactor: 3},
			nn.Bias:     {RateFactor: 1},
			nn.Scale:    {RateFactor: 1},
		},
	}
}

// Augmented is Default for images that are shifted, rotated, zoomed and bent,
// of which a network of this size is far from learning all by heart: it takes
// more and smaller steps. It was chosen in the same way.
func Augmented() Recipe {
	r := Default()
	r.Augment, r.BatchSize, r.Optimizer.Rate = dataset.Light(), 64, 0.003
	return r
}

// Pictures is the recipe for folders of pictures, which the network takes with so many
// pixels: as many steps for few pictures as for many.
func Pictures(height, width int) Recipe {
	r := Default()
	r.Epochs, r.Steps = 0, 2500
	r.BatchSize, r.Optimizer.Rate, r.Optimizer.Decay, r.Smoothing = 64, 0.003, 0.02, 0.1
	r.Augment = dataset.Photo(height, width)
	return r
}

// Caffe is the recipe of Caffe's examples/mnist/lenet_solver.prototxt:
// stochastic gradient descent with momentum and decay under the inv policy,
// twice the rate for biases, 10,000 steps of 64.
func Caffe() Recipe {
	return Recipe{
		Epochs: 11, BatchSize: 64, // 10,318 steps of 938 an epoch
		Optimizer: Optimizer{Kind: "sgd", Rate: 0.01, Decay: 0.0005, Momentum: 0.9},
		Schedule:  Schedule{Kind: "inv", Gamma: 0.0001, Power: 0.75},
		Groups:    map[nn.ParamKind]Group{nn.Bias: {RateFactor: 2, DecayFactor: 1}},
	}
}

// ByName returns the recipe "default" or "caffe".
func ByName(name string) (Recipe, error) {
	switch name {
	case "default":
		return Default(), nil
	case "caffe":
		return Caffe(), nil
	}
	return Recipe{}, fmt.Errorf("train: there is no recipe %q; there are: default, caffe", name)
}

// ParseRecipe reads a recipe from the JSON that checkpoints hold. It fails, and names it,
// for a field that there is not, and as Check does.
func ParseRecipe(data []byte) (Recipe, error) {
	var r Recipe
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&r)
	if err == nil && len(bytes.TrimSpace(data[decoder.InputOffset():])) > 0 {
		err = errors.New("there is more behind its end")
	}
	if err != nil {
		return Recipe{}, fmt.Errorf("train: the recipe: %w", jsonError(err))
	}
	if len(r.Groups) == 0 { // as a checkpoint gives it back
		r.Groups = nil
	}
	return r, r.Check()
}

// jsonError says what is wrong with the JSON of a recipe, in the words of JSON.
func jsonError(err error) error {
	expected := map[reflect.Kind]string{
		reflect.Int: "a whole number", reflect.Float64: "a number", reflect.String: "a text in quotes", reflect.Bool: "true or false",
	}
	var wrong *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrong) && wrong.Field == "":
		return fmt.Errorf("expected an object, such as {\"epochs\":10,\"batch_size\":128,...}, found %s", wrong.Value)
	case errors.As(err, &wrong):
		field := strings.TrimPrefix(wrong.Field, "plain.")
		return fmt.Errorf("expected %s for %s, found %s", cmp.Or(expected[wrong.Type.Kind()], "an object"), field, wrong.Value)
	case errors.Is(err, io.EOF):
		return errors.New("expected an object, such as {\"epochs\":10,\"batch_size\":128,...}, found nothing")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it ends in the middle of its JSON")
	case errors.As(err, &syntax):
		return fmt.Errorf("it is no JSON: byte %d: %w", syntax.Offset, err)
	}
	return errors.New(strings.ReplaceAll(err.Error(), "json: ", ""))
}

// UnmarshalJSON also reads what was once stored: "augment": true for dataset.Light. An
// augmentation that changes nothing is none. It fails for a field that there is not.
func (r *Recipe) UnmarshalJSON(data []byte) error {
	type plain Recipe
	stored := struct {
		*plain
		Augment json.RawMessage `json:"augment"`
	}{plain: (*plain)(r)}
	if err := strictly(data, &stored); err != nil {
		return err
	}
	r.Augment = nil
	switch string(stored.Augment) {
	case "":
		return nil
	case "true":
		r.Augment = dataset.Light()
		return nil
	}
	err := strictly(stored.Augment, &r.Augment)
	if r.Augment != nil && *r.Augment == (dataset.Augmentation{}) {
		r.Augment = nil
	}
	return err
}

func strictly(data []byte, value any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	return decoder.Decode(value)
}

// Check returns an error for a setting that makes no sense, or for a group of
// parameters that never learn.
func (r Recipe) Check() error {
	switch {
	case (r.Epochs == 0) == (r.Steps == 0) || r.Epochs < 0 || r.Steps < 0 || r.Epochs > maxLength || r.Steps > maxLength:
		return fmt.Errorf("train: %d epochs and %d steps: want one of the two, from 1 to %d, and not the other", r.Epochs, r.Steps, maxLength)
	case r.BatchSize < 1 || r.BatchSize > maxBatchSize:
		return fmt.Errorf("train: a batch of %d: want 1 to %d", r.BatchSize, maxBatchSize)
	case r.Parts > r.BatchSize:
		return fmt.Errorf("train: %d parts of a batch of %d: want at most one for each sample", r.Parts, r.BatchSize)
	case !(r.Smoothing >= 0 && r.Smoothing < 1):
		return fmt.Errorf("train: label smoothing %v: want at least 0 and less than 1", r.Smoothing)
	case r.Keep != "" && r.Keep != "best":
		return fmt.Errorf("train: keep %q: want best, or nothing for the last epoch", r.Keep)
	}
	if r.Augment != nil {
		if err := r.Augment.Check(); err != nil {
			return err
		}
	}
	return r.checkSteps()
}

// checkSteps returns an error for a setting of the optimizer's steps that makes no
// sense.
func (r Recipe) checkSteps() error {
	if r.Parts < 0 {
		return fmt.Errorf("train: %d parts of a batch: want at least 1, or 0 for one", r.Parts)
	}
	if err := r.Schedule.check(); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	for kind, g := range r.Groups {
		switch kind {
		case nn.Weight, nn.Bias, nn.Diagonal, nn.Scale:
		default:
			return fmt.Errorf("train: group %q: no parameter of this kind learns: want %s, %s, %s or %s", kind, nn.Weight, nn.Bias, nn.Diagonal, nn.Scale)
		}
		if !finite(g.RateFactor, g.DecayFactor) {
			return fmt.Errorf("train: group %s: factors %v and %v: want finite numbers that are not negative", kind, g.RateFactor, g.DecayFactor)
		}
	}
	return r.Optimizer.check()
}

const (
	maxBatchSize = 1 << 16 // keeps a mistyped batch from exhausting the memory
	maxLength    = 1 << 30 // in epochs or steps: no number of steps overflows
)

// parts returns the number of parts of a step.
func (r Recipe) parts() int { return max(1, r.Parts) }

func (o Optimizer) check() error {
	if !finite(o.Rate, o.Decay) || o.Rate == 0 {
		return fmt.Errorf("train: rate %v, decay %v: the rate must be positive and the decay not negative", o.Rate, o.Decay)
	}
	// Settings of the other kind are not used, but checkpoints hold numbers alone.
	if !finite(o.Momentum, o.Beta1, o.Beta2, o.Epsilon) {
		return fmt.Errorf("train: momentum %v, beta1 %v, beta2 %v, epsilon %v: want finite numbers that are not negative", o.Momentum, o.Beta1, o.Beta2, o.Epsilon)
	}
	switch o.Kind {
	case "sgd":
		if !(o.Momentum >= 0 && o.Momentum < 1) {
			return fmt.Errorf("train: momentum %v: want at least 0 and less than 1", o.Momentum)
		}
	case "adamw":
		if !(o.Beta1 >= 0 && o.Beta1 < 1 && o.Beta2 >= 0 && o.Beta2 < 1 && float32(o.Epsilon) > 0 && finite(float64(float32(o.Epsilon)))) {
			return fmt.Errorf("train: beta1 %v, beta2 %v, epsilon %v: the first two must be at least 0 and less than 1, the last positive and finite in float32", o.Beta1, o.Beta2, o.Epsilon)
		}
	default:
		return fmt.Errorf("train: optimizer %q: want adamw or sgd", o.Kind)
	}
	return nil
}

// finite tells whether all x are finite and not negative.
func finite(x ...float64) bool {
	for _, v := range x {
		if !(v >= 0) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}
