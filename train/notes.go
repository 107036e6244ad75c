package train

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/deepfry/deepfry/checkpoint"
)

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
