package train

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// storedHistory is a history in a checkpoint: a row an epoch, as small as a number
// that comes back unchanged can be:
//
//	[loss, train error]
//	[loss, train error, images, errors, loss]                          with a test
//	[loss, train error, images, errors, loss, images, errors, loss]    with a test and validation
//
// Validation without a test has a test of 0, 0, 0. Seconds are not stored, so that equal
// runs give equal files.
type storedHistory []EpochResult

func (h storedHistory) MarshalJSON() ([]byte, error) {
	rows := make([][]float64, len(h))
	for i, e := range h {
		rows[i] = []float64{e.Loss, e.TrainErrorPercent}
		switch {
		case e.Validation != nil:
			rows[i] = slices.Concat(rows[i], evaluationRow(e.Test), evaluationRow(e.Validation))
		case e.Test != nil:
			rows[i] = append(rows[i], evaluationRow(e.Test)...)
		}
	}
	return json.Marshal(rows)
}

func evaluationRow(e *Evaluation) []float64 {
	if e == nil {
		return []float64{0, 0, 0}
	}
	return []float64{float64(e.Images), float64(e.Errors), e.Loss}
}

// UnmarshalJSON also reads what was once stored: seconds after the train error, and
// epochs with names for their numbers.
func (h *storedHistory) UnmarshalJSON(data []byte) error {
	var stored []json.RawMessage
	if err := json.Unmarshal(data, &stored); err != nil {
		return err
	}
	*h = nil
	for i, text := range stored {
		result, err := decodeEpoch(text)
		if err != nil {
			return fmt.Errorf("epoch %d of the history: %w", i+1, err)
		}
		result.Epoch = i + 1
		*h = append(*h, result)
	}
	return nil
}

func decodeEpoch(text json.RawMessage) (EpochResult, error) {
	if strings.HasPrefix(string(text), "{") {
		var result EpochResult
		decoder := json.NewDecoder(strings.NewReader(string(text)))
		decoder.DisallowUnknownFields()
		err := decoder.Decode(&result)
		return result, err
	}
	var row []float64
	if err := json.Unmarshal(text, &row); err != nil {
		return EpochResult{}, err
	}
	if n := len(row); n != 2 && n != 3 && n != 5 && n != 6 && n != 8 {
		return EpochResult{}, fmt.Errorf("%d numbers, want 2, 5 with a test, or 8 with validation", n)
	}
	result := EpochResult{Loss: row[0], TrainErrorPercent: row[1]}
	rest := row[2:]
	if len(row)%3 == 0 { // of an earlier version
		result.Seconds, rest = row[2], row[3:]
	}
	var err error
	if len(rest) == 6 {
		if result.Validation, err = decodeEvaluation(rest[3:]); err != nil {
			return EpochResult{}, err
		}
		if rest = rest[:3]; rest[0] == 0 && rest[1] == 0 && rest[2] == 0 {
			rest = nil
		}
	}
	if len(rest) > 0 {
		result.Test, err = decodeEvaluation(rest)
	}
	return result, err
}

func decodeEvaluation(row []float64) (*Evaluation, error) {
	images, errors := row[0], row[1]
	if !(images >= 1 && errors >= 0 && errors <= images && images < 1<<53) {
		return nil, fmt.Errorf("%v errors in %v images", errors, images)
	}
	e := &Evaluation{Images: int(images), Errors: int(errors), Loss: row[2]}
	e.ErrorPercent = 100 * float64(e.Errors) / float64(e.Images)
	return e, nil
}
