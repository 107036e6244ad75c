package predict

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/deepfry/deepfry/dataset"
)

// Meaning is what a file says beside the numbers of a network: its notes, which
// [train.Trainer.Save] keeps in a checkpoint and an export in an ONNX file's
// metadata.
type Meaning struct {
	// Data is what the network was trained on, as [dataset.Open] takes it; a folder's
	// path is absolute.
	Data string
	// Classes are the names of the outputs, in order.
	Classes []string
	// Preparation is how pictures become inputs; empty where the file does not say.
	Preparation Preparation
	// Split is the version of the rule that ordered the pictures of a folder, and held
	// some out for tests if it has none of its own; 0 for other data.
	Split int
	// Transpose says that the images were transposed when they were read
	// ([dataset.Options]).
	Transpose bool
	// Sideways says that the images it was trained on have height and width swapped
	// ([dataset.Dataset]); pictures that are upright are swapped, too.
	Sideways bool
	// Others are notes that this package does not know.
	Others map[string]string

	idx bool // an older version trained on IDX files
}

// Keys of the notes.
const (
	DataKey        = "data"        // Meaning.Data
	ClassesKey     = "class-names" // Meaning.Classes, a JSON array
	PreparationKey = "preparation" // Meaning.Preparation
	SplitKey       = "split"       // Meaning.Split, a number
	TransposeKey   = "transpose"   // "true"
	SidewaysKey    = "sideways"    // "true"
)

// Keys of notes that older versions wrote.
const (
	oldClassesKey  = "classes"  // names with line ends between them
	oldPicturesKey = "pictures" // "true": trained on a folder of pictures
)

// MeaningOf returns that of a network or a machine that is trained on a data set,
// which was opened with the options. The path of a folder becomes absolute.
func MeaningOf(data *dataset.Dataset, options dataset.Options) Meaning {
	return Meaning{
		Data: DataName(data.Name), Classes: data.Train.ClassNames(), Preparation: preparationOf(data),
		Split: data.Split, Transpose: options.Transpose, Sideways: data.Sideways,
	}
}

// DataName returns the name of a data set as [Meaning] has it: the path of a folder
// or file becomes absolute.
func DataName(name string) string {
	if absolute, err := filepath.Abs(name); err == nil && name != "" && name != "mnist" && name != "fashion" {
		return absolute
	}
	return name
}

// again returns options for opening Data as it was opened for the training: with the
// same classes, split and sides.
func (m Meaning) again(options dataset.Options) dataset.Options {
	options.Transpose = options.Transpose || m.Transpose
	options.Split = m.FolderSplit()
	return options
}

// FolderSplit returns the version of the rule by which a folder of pictures was split:
// Split, or that of the versions of Deepfry that did not note it.
func (m Meaning) FolderSplit() int { return cmp.Or(m.Split, dataset.SplitByName) }

// Notes returns the meaning as a file stores it.
func (m Meaning) Notes() map[string]string {
	notes := maps.Clone(m.Others)
	if notes == nil {
		notes = map[string]string{}
	}
	set := func(key, value string) {
		if value != "" {
			notes[key] = value
		}
	}
	set(DataKey, m.Data)
	set(PreparationKey, string(m.Preparation))
	if len(m.Classes) > 0 {
		names, err := json.Marshal(m.Classes)
		if err != nil {
			panic("predict: strings that can't be JSON")
		}
		set(ClassesKey, string(names))
	}
	if m.Split > 0 {
		set(SplitKey, strconv.Itoa(m.Split))
	}
	if m.Transpose {
		set(TransposeKey, "true")
	}
	if m.Sideways {
		set(SidewaysKey, "true")
	}
	return notes
}

// ReadMeaning reads notes, also those of older versions, which say less.
func ReadMeaning(notes map[string]string) (Meaning, error) {
	m := Meaning{Others: map[string]string{}}
	var old []string
	pictures := false
	for key, value := range notes {
		var err error
		switch key {
		case DataKey:
			m.Data = value
		case ClassesKey:
			err = json.Unmarshal([]byte(value), &m.Classes)
		case PreparationKey:
			m.Preparation, err = parsePreparation(value)
		case SplitKey:
			m.Split, err = strconv.Atoi(value)
		case TransposeKey:
			m.Transpose, err = strconv.ParseBool(value)
		case SidewaysKey:
			m.Sideways, err = strconv.ParseBool(value)
		case oldClassesKey:
			if value != "" {
				old = strings.Split(value, "\n")
			}
		case oldPicturesKey:
			pictures = value != ""
		default:
			m.Others[key] = value
		}
		if err != nil {
			return m, fmt.Errorf("the note %s, %.80q, is not what this version of Deepfry understands: %w", key, value, err)
		}
	}
	if m.Classes == nil {
		m.Classes = old
	}
	if m.Preparation == "" && pictures {
		m.Preparation = Stretched
	}
	m.idx = m.Preparation == "" && m.Data != ""
	return m, nil
}
