package train

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/deepfry/deepfry/checkpoint"
)

// Keys of the notes that deepfry train gives to Trainer.Save: what must be known to
// use the network. Notes with other keys are kept, too.
const (
	NoteData        = "data"        // name of the data set, or absolute path of its folder
	NoteClasses     = "class_names" // names of the classes, a JSON list: SetClasses, Classes
	NotePictures    = "pictures"    // "true" if the data are a folder of pictures, whose paper and ink are not told apart
	NotePreparation = "preparation" // how a picture becomes the network's input
	NoteSplit       = "split"       // version of the rule that split a folder without test pictures
	NoteTranspose   = "transpose"   // "true" if rows and columns of IDX images were exchanged
)

// oldNoteClasses holds the names in files of earlier versions, a line each.
const oldNoteClasses = "classes"

// Notes returns the notes that were given to Save, also those that Inference kept.
// It fails with ErrNoState for a checkpoint that no trainer saved, and for a state
// that this version does not understand.
func Notes(extra checkpoint.Extra) (map[string]string, error) {
	text, ok := extra.Metadata[notesKey]
	if !ok {
		stored, err := readState(extra)
		return stored.Notes, err
	}
	var notes map[string]string
	if err := json.Unmarshal([]byte(text), &notes); err != nil {
		return nil, fmt.Errorf("the notes of the training: %w", err)
	}
	return notes, nil
}

// SetClasses notes the names of classes, in the order of labels. It fails if a name
// is not UTF-8, which a file could not give back.
func SetClasses(notes map[string]string, classes []string) error {
	for i, name := range classes {
		if !utf8.ValidString(name) {
			return fmt.Errorf("train: the name of class %d, %q, is not UTF-8: rename it", i, name)
		}
	}
	text, err := json.Marshal(classes)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	notes[NoteClasses] = string(text)
	return nil
}

// Classes returns the names of classes that are noted, also by earlier versions, or
// nil if none are.
func Classes(notes map[string]string) ([]string, error) {
	text, ok := notes[NoteClasses]
	if !ok {
		if names := notes[oldNoteClasses]; names != "" {
			return strings.Split(names, "\n"), nil
		}
		return nil, nil
	}
	var classes []string
	if err := json.Unmarshal([]byte(text), &classes); err != nil {
		return nil, fmt.Errorf("train: the names of classes in the notes: %w", err)
	}
	return classes, nil
}

// maxHashes is of how many pictures the hashes are stored. Those of a part would
// pass the others for pictures that were not trained on.
const maxHashes = 100_000

// encodeHashes returns the hashes in order, 8 bytes each, or nil if they are too many.
func encodeHashes(hashes []uint64) []byte {
	if len(hashes) > maxHashes {
		return nil
	}
	var content []byte
	for _, hash := range slices.Compact(slices.Sorted(slices.Values(hashes))) {
		content = binary.LittleEndian.AppendUint64(content, hash)
	}
	return content
}

// TrainedOn returns the hashes (dataset.Images.Hashes) of the pictures that the
// network was trained on. It is nil if they are not known: they were more than
// 100,000, or no files, or Inference dropped them.
func TrainedOn(extra checkpoint.Extra) (map[uint64]bool, error) {
	stored, err := readState(extra)
	if errors.Is(err, ErrNoState) || err == nil && len(stored.Trained) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if len(stored.Trained)%8 != 0 {
		return nil, fmt.Errorf("train: the hashes of pictures have %d bytes: want 8 each", len(stored.Trained))
	}
	hashes := map[uint64]bool{}
	for content := stored.Trained; len(content) > 0; content = content[8:] {
		hashes[binary.LittleEndian.Uint64(content)] = true
	}
	return hashes, nil
}
