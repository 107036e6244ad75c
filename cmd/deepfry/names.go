package main

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/flags"
	"github.com/deepfry/deepfry/predict"
	"github.com/deepfry/deepfry/train"
)

// paths returns the path of a checkpoint, which is called after the data, the network,
// the recipe, the settings that differ from the recipe's, and the seed; and that without
// the settings, as older versions called it. Of folders with the same name, the first
// to be trained on has it, and the others have a hash behind it. Similar are files of runs
// that may differ in their length alone, where a flag gives this one's.
func (c *trainCommand) paths(model, fc string, layers flags.LayerChoice) (path, oldPath string, similar []string) {
	place := predict.DataName(c.Data)
	data := filepath.Base(place)
	settings := c.settings()
	path, oldPath = c.name(model, data, fc, layers, settings), c.name(model, data, fc, layers, nil)
	hash := fnv.New32a()
	hash.Write([]byte(place)) // never fails
	hashed := c.name(model, fmt.Sprintf("%s-%08x", data, hash.Sum32()), fc, layers, settings)
	if c.GivesLength() {
		similar = c.ofAnyLength(path, hashed, oldPath)
	}
	if other := meaningOf(path).Data; exists(hashed) || other != "" && other != place {
		path = hashed
	}
	return path, oldPath, similar
}

// lengthInName is how a name tells the length of a run, where that is not the recipe's.
var lengthInName = regexp.MustCompile(`-(epochs|steps)[0-9]+`)

// ofAnyLength returns the files of the folder that are called as one of the paths is, but
// for the length of the run.
func (c *trainCommand) ofAnyLength(paths ...string) (found []string) {
	without := func(path string) string { return lengthInName.ReplaceAllString(filepath.Base(path), "") }
	entries, _ := os.ReadDir(c.Out) // the folder may be still to be made
	for _, entry := range entries {
		if slices.ContainsFunc(paths, func(path string) bool { return without(path) == without(entry.Name()) }) {
			found = append(found, filepath.Join(c.Out, entry.Name()))
		}
	}
	return found
}

func (c *trainCommand) name(model, data, fc string, layers flags.LayerChoice, settings []string) string {
	parts := []string{model, data, strings.ReplaceAll(fc, ":", "-")}
	if layers.Classifier != "dense" {
		parts = append(parts, "classifier", layers.Classifier)
	}
	if layers.Padding == "mixed" {
		parts = append(parts, "mixed")
	}
	if c.Recipe != "default" {
		parts = append(parts, strings.TrimSuffix(filepath.Base(c.Recipe), ".json"))
	}
	if c.Augment != nil && *c.Augment {
		parts = append(parts, "augmented")
	} else if c.Augment != nil {
		parts = append(parts, "plain")
	}
	if c.Input != "" {
		parts = append(parts, c.Input)
	}
	parts = append(parts, settings...)
	parts = append(parts, seedName(c.Seed))
	return filepath.Join(c.Out, strings.Join(parts, "-"))
}

func seedName(seed uint64) string { return fmt.Sprintf("seed%d.safetensors", seed) }

// settings names what flags change of the recipe, and of how images are read.
func (c *trainCommand) settings() []string {
	names := c.Changes(c.pictures, c.characters)
	if fit := cmp.Or(c.Fit, c.plainFit()); fit != c.plainFit() {
		names = append(names, fit)
	}
	if c.Transpose {
		names = append(names, "transposed")
	}
	if c.Holdout != nil {
		names = append(names, fmt.Sprint("holdout", *c.Holdout))
	}
	return names
}

// meaningOf returns what the checkpoint at path says of its training: nothing, if it
// can't be read.
func meaningOf(path string) predict.Meaning {
	_, extra, err := checkpoint.Load(path)
	if err != nil {
		return predict.Meaning{}
	}
	notes, _ := train.Notes(extra)
	meaning, _ := predict.ReadMeaning(notes)
	return meaning
}

func exists(path string) bool {
	_, missing := os.Stat(path)
	return missing == nil
}

// keepEarlier renames a file that a new one would replace.
func keepEarlier(term *console.Terminal, path string) error {
	if !exists(path) {
		return nil
	}
	var kept string
	for i := 1; kept == "" || exists(kept); i++ {
		kept = fmt.Sprintf("%s.previous%d.safetensors", strings.TrimSuffix(path, ".safetensors"), i)
	}
	if err := os.Rename(path, kept); err != nil {
		return err
	}
	fmt.Fprintf(term.Stderr, "%s is there already; it is now %s\n", path, kept)
	return nil
}
