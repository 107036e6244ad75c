package flags

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/models"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// RecipeChoice says how a network is trained.
type RecipeChoice struct {
	Recipe    string   `default:"default" placeholder:"NAME" help:"Optimizer, schedule and details of the network: default, caffe, the plain one of Caffe's LeNet example, or a file with the JSON of a recipe, such as --log has."`
	Epochs    *int     `placeholder:"N" help:"Passes over the training images. Default: 10, 11 by the caffe recipe, or what --steps says."`
	Steps     *int     `placeholder:"N" help:"End after so many steps instead, which is the default of smallvgg on folders of pictures: 2500."`
	Augment   *bool    `negatable:"" help:"Distort the training images a little: shift, rotate, zoom and bend them, by which the default recipe has batches of 64, the rate 0.003 and no dropout; or, for smallvgg on folders of pictures, where it is the default, mirror, shift, crop and colour them."`
	Batch     *int     `placeholder:"N" help:"Images a step, instead of the recipe's."`
	Parts     *int     `placeholder:"N" help:"Cut the images of a step into so many parts, which run one after another in less memory."`
	Rate      *float64 `placeholder:"X" help:"Learning rate, instead of the recipe's."`
	Diagonals *float64 `placeholder:"X" help:"Factor of the learning rate for S, G and B, instead of the recipe's; 0 freezes them."`
	Decay     *float64 `placeholder:"X" help:"Weight decay, instead of the recipe's."`
	Dropout   *float64 `placeholder:"P" help:"Dropout between the fully-connected layers, instead of the recipe's."`
	Smoothing *float64 `placeholder:"X" help:"Label smoothing, instead of the recipe's."`
	Keep      string   `default:"" enum:",last,best" placeholder:"last" help:"The network of the last epoch (last), or that of the epoch with the fewest errors in validation (best), instead of the recipe's, which is last unless a file says otherwise."`
}

// Choose returns the recipe, as the flags change it, and the details of the network that
// go with it. Pictures is as for RecipeByName; characters says that these are digits or
// letters, which have a left and a right.
func (f RecipeChoice) Choose(pictures nn.Shape, characters bool) (train.Recipe, models.Options, error) {
	recipe, options, err := f.plain(pictures, characters)
	if err != nil {
		return recipe, options, err
	}
	switch {
	case f.Epochs != nil && f.Steps != nil:
		return recipe, options, errors.New("--epochs and --steps: a run ends by one of the two: leave the other out")
	case f.Epochs != nil:
		recipe.Epochs, recipe.Steps = *f.Epochs, 0
	case f.Steps != nil:
		recipe.Epochs, recipe.Steps = 0, *f.Steps
	}
	Override(&recipe.Parts, f.Parts)
	switch f.Keep {
	case "best":
		recipe.Keep = f.Keep
	case "last":
		recipe.Keep = ""
	}
	Override(&recipe.BatchSize, f.Batch)
	Override(&recipe.Optimizer.Rate, f.Rate)
	Override(&recipe.Optimizer.Decay, f.Decay)
	Override(&recipe.Smoothing, f.Smoothing)
	if f.Diagonals != nil {
		group := recipe.Group(nn.Diagonal)
		group.RateFactor = *f.Diagonals
		if recipe.Groups = maps.Clone(recipe.Groups); recipe.Groups == nil {
			recipe.Groups = map[nn.ParamKind]train.Group{}
		}
		recipe.Groups[nn.Diagonal] = group
	}
	if p := f.Dropout; p != nil {
		if !(*p >= 0 && *p < 1) {
			return recipe, options, fmt.Errorf("--dropout %v: want at least 0 and less than 1", *p)
		}
		options.Dropout = p
	}
	return recipe, options, recipe.Check()
}

// plain returns the named recipe, or that of a file, before flags change it.
func (f RecipeChoice) plain(pictures nn.Shape, characters bool) (train.Recipe, models.Options, error) {
	if f.Recipe == "default" || f.Recipe == "caffe" {
		recipe, options, err := RecipeByName(f.Recipe, f.Augment, pictures)
		if characters && recipe.Augment != nil {
			recipe.Augment.Flip = false
		}
		return recipe, options, err
	}
	recipe, err := readRecipe(f.Recipe)
	if err != nil {
		return recipe, models.Options{}, err
	}
	plain, options, err := RecipeByName("default", f.Augment, pictures)
	if f.Augment != nil && (!*f.Augment || recipe.Augment == nil) {
		recipe.Augment = plain.Augment
	}
	return recipe, options, err
}

// readRecipe reads the file of a recipe that --recipe names. Editors and shells of Windows
// mark text as UTF-8 or UTF-16.
func readRecipe(path string) (train.Recipe, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return train.Recipe{}, console.Hint(fmt.Errorf("--recipe: %w", err), "default and caffe are recipes, too")
	}
	if text, _, err = transform.Bytes(unicode.BOMOverride(transform.Nop), text); err != nil {
		return train.Recipe{}, fmt.Errorf("--recipe %s: %w", path, err)
	}
	recipe, err := train.ParseRecipe(text)
	if err != nil {
		err = fmt.Errorf("--recipe %s: %w", path, err)
	}
	return recipe, err
}

// RecipeByName returns a recipe, and the details of the network that go with it. Augment
// says whether images are augmented: nil leaves it to the recipe. Pictures is the input
// of a network for a folder of pictures, for which the default recipe is another one, or
// nil.
func RecipeByName(name string, augment *bool, pictures nn.Shape) (train.Recipe, models.Options, error) {
	recipe, err := train.ByName(name)
	var options models.Options
	light := dataset.Light()
	switch {
	case name == "default" && pictures != nil:
		recipe, options = train.Pictures(pictures[1], pictures[2]), models.Options{ConvReLU: true, Normalize: true}
		light = recipe.Augment
	case name == "default" && augment != nil && *augment:
		recipe, options = train.Augmented(), models.Options{ConvReLU: true, Normalize: true}
	case name == "default":
		options = models.Options{ConvReLU: true, Dropout: new(0.5), Normalize: true}
	}
	if augment != nil && *augment {
		recipe.Augment = light
	} else if augment != nil {
		recipe.Augment = nil
	}
	return recipe, options, err
}

// Changes names what the flags change of the recipe, such as epochs20 and rate0.001. The
// arguments are as for Choose, which has checked the flags.
func (f RecipeChoice) Changes(pictures nn.Shape, characters bool) (names []string) {
	recipe, options, _ := f.Choose(pictures, characters)
	plain, plainOptions, _ := f.plain(pictures, characters)
	add := func(name string, is, was any) {
		if is != was {
			names = append(names, fmt.Sprint(name, is))
		}
	}
	value := func(v *float64) any {
		if v == nil { // the model's own
			return nil
		}
		return *v
	}
	if recipe.Epochs > 0 {
		add("epochs", recipe.Epochs, plain.Epochs)
	} else {
		add("steps", recipe.Steps, plain.Steps)
	}
	add("parts", recipe.Parts, plain.Parts)
	add("keep", cmp.Or(recipe.Keep, "last"), cmp.Or(plain.Keep, "last"))
	add("batch", recipe.BatchSize, plain.BatchSize)
	add("rate", recipe.Optimizer.Rate, plain.Optimizer.Rate)
	add("diagonals", recipe.Group(nn.Diagonal).RateFactor, plain.Group(nn.Diagonal).RateFactor)
	add("decay", recipe.Optimizer.Decay, plain.Optimizer.Decay)
	add("dropout", value(options.Dropout), value(plainOptions.Dropout))
	add("smoothing", recipe.Smoothing, plain.Smoothing)
	return names
}

// GivesLength tells whether a flag, not the recipe, says how long the run is.
func (f RecipeChoice) GivesLength() bool { return f.Epochs != nil || f.Steps != nil }

// numbers are the words for the ten digits.
var numbers = []string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}

// AreCharacters tells whether the classes of pictures are called as digits and letters
// are: A, 7, seven.
func AreCharacters(pictures *dataset.Description) bool {
	return !slices.ContainsFunc(pictures.Classes, func(class dataset.ClassCount) bool {
		return utf8.RuneCountInString(class.Name) != 1 && !slices.Contains(numbers, strings.ToLower(class.Name))
	})
}

// Override sets a setting to the value of a flag, if that was given.
func Override[T any](setting, flag *T) {
	if flag != nil {
		*setting = *flag
	}
}
