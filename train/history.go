package train

import (
	"encoding/json"
	"fmt"
	"strings"
)

// storedHistory is a history in a checkpoint: a row an epoch, as small as a number
// that comes back unchanged can be, [loss, train error, seconds], or with a test
// [loss, train error, seconds, images, errors, loss].
type storedHistory []EpochResult

func (h storedHistory) MarshalJSON() ([]byte, error) {
	rows := make([][]float64, len(h))
	for i, e := range h {
		rows[i] = []float64{e.Loss, e.TrainErrorPercent, e.Seconds}
		if e.Test != nil {
			rows[i] = append(rows[i], float64(e.Test.Images), float64(e.Test.Errors), e.Test.Loss)
		}
	}
	return json.Marshal(rows)
}

// UnmarshalJSON also reads epochs with names for their numbers, as they were once
// stored.
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
	if len(row) != 3 && len(row) != 6 {
		return EpochResult{}, fmt.Errorf("%d numbers, want 3, or 6 with a test", len(row))
	}
	result := EpochResult{Loss: row[0], TrainErrorPercent: row[1], Seconds: row[2]}
	if len(row) == 6 {
		if !(row[3] >= 1 && row[4] >= 0 && row[4] <= row[3] && row[3] < 1<<53) {
			return EpochResult{}, fmt.Errorf("%v errors in %v images", row[4], row[3])
		}
		result.Test = &Evaluation{Images: int(row[3]), Errors: int(row[4]), Loss: row[5]}
		result.Test.ErrorPercent = 100 * float64(result.Test.Errors) / float64(result.Test.Images)
	}
	return result, nil
}
