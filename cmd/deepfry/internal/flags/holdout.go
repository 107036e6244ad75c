package flags

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/dataset"
)

// HoldOut takes the last n images to train on for validation, in place of others for
// that, as --holdout says. It fails if no image of a class would be left to train on,
// and has data tell of classes that none for validation is of.
func HoldOut(data *dataset.Dataset, n int) error {
	all := data.Train.Len()
	if n < 1 || n >= all {
		return fmt.Errorf("--holdout %d: want at least 1 and less than the %d training images", n, all)
	}
	if data.Validation != nil {
		data.Said = append(data.Said, fmt.Sprintf("--holdout: the %d images for validation are not used", data.Validation.Len()))
	}
	had := classesOf(data.Train)
	data.Validation = dataset.Slice(data.Train, all-n, all)
	data.Train = dataset.Slice(data.Train, 0, all-n)
	if lost := missing(data.Train, had); lost != "" {
		return console.Hint(fmt.Errorf("--holdout %d: the last %d images are all that there are of %s: none of it would be left to train on", n, n, lost),
			"the images seem to be in the order of their classes: shuffle them, or hold out fewer")
	}
	if lost := missing(data.Validation, had); lost != "" {
		data.Said = append(data.Said, fmt.Sprintf("--holdout %d: of the last %d images none is of %s: validation says nothing about it", n, n, lost))
	}
	return nil
}

func classesOf(images dataset.Source) []bool {
	found := make([]bool, len(images.ClassNames()))
	for i := range images.Len() {
		found[images.Label(i)] = true
	}
	return found
}

// missing names classes that are wanted and not among the images.
func missing(images dataset.Source, wanted []bool) string {
	var names []string
	for class, found := range classesOf(images) {
		if wanted[class] && !found {
			names = append(names, strconv.Quote(images.ClassNames()[class]))
		}
	}
	if more := len(names) - 5; more > 0 {
		names = append(names[:5], fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}
