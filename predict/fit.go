package predict

import (
	"encoding/json"
	"fmt"
)

// FitKey is the key of a machine's note that says how it was fitted, if there is one.
const FitKey = "fit" // a [Fit] as JSON

// Fit says how a machine was fitted.
type Fit struct {
	Solver string  `json:"solver"`          // ridge, sgd or logistic
	Rows   int     `json:"rows"`            // fitted to
	Ridge  float64 `json:"ridge,omitempty"` // the regularisation
}

// Note returns what a machine has under FitKey.
func (f Fit) Note() string {
	text, err := json.Marshal(f)
	if err != nil {
		panic("predict: a fit that can't be JSON")
	}
	return string(text)
}

// readFit returns what a machine's notes say, or nil.
func readFit(notes map[string]string) (*Fit, error) {
	note, noted := notes[FitKey]
	if !noted {
		return nil, nil
	}
	f := &Fit{}
	if err := json.Unmarshal([]byte(note), f); err != nil {
		return nil, fmt.Errorf("what is noted about the fit: %w", err)
	}
	return f, nil
}
