package train

import (
	"encoding/json"
	"fmt"
	"strings"
)

// storedHistory is a history in a checkpoint: a row an epoch, as small as a number
// that comes back unchanged can be, [loss, train error], or with a test
// [loss, train error, images, errors, loss]. Seconds are not stored, so that equal
// runs give equal files.
type storedHistory []EpochResult

func (h storedHistory) MarshalJSON() ([]byte, error) {
	rows := make([][]float64, len(h))
	for i, e := range h {
		rows[i] = []float64{e.Loss, e.TrainErrorPercent}
		if e.Test != nil {
			rows[i] = append(rows[i], float64(e.Test.Images), float64(e.Test.Errors), e.Test.Loss)
		}
	}
	return json.Marshal(rows)
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
	if n := len(row); n != 2 && n != 3 && n != 5 && n != 6 {
		return EpochResult{}, fmt.Errorf("%d numbers, want 2, or 5 with a test", n)
	}
	result := EpochResult{Loss: row[0], TrainErrorPercent: row[1]}
	test := row[2:]
	if len(row)%3 == 0 { // of an earlier version
		result.Seconds, test = row[2], row[3:]
	}
	if len(test) == 3 {
		images, errors := test[0], test[1]
		if !(images >= 1 && errors >= 0 && errors <= images && images < 1<<53) {
			return EpochResult{}, fmt.Errorf("%v errors in %v images", errors, images)
		}
		result.Test = &Evaluation{Images: int(images), Errors: int(errors), Loss: test[2]}
		result.Test.ErrorPercent = 100 * float64(result.Test.Errors) / float64(result.Test.Images)
	}
	return result, nil
}
