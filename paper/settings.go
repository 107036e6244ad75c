package paper

import "github.com/deepfry/deepfry/train"

// Settings are how a trial is trained: by the default recipe without its decay, but for
// these.
type Settings struct {
	Epochs  int     `json:"epochs"`
	Rate    float64 `json:"rate"`
	Dropout float64 `json:"dropout"` // before the classifier
}

func (s Settings) recipe() train.Recipe {
	r := train.Default()
	r.Epochs, r.Optimizer.Rate, r.Optimizer.Decay = s.Epochs, s.Rate, 0
	return r
}

// chosen returns the settings of a trial. Those with frozen convolutions had the least
// error of rates 0.002, 0.005 and 0.01 and dropouts 0, 0.25 and 0.5 on the last 5,000
// training images, at rank 25 or 1,024 outputs, of a reference of the seed 101. Where
// all layers are trained from random numbers, they are those of train.Default, which
// were chosen in the same way; with the reference's 10 epochs, fine-tuned networks have
// had as many epochs as these.
func chosen(data string, t Trial) Settings {
	switch {
	case t.Form == Dense:
		return Settings{Epochs: 10, Rate: 0.005, Dropout: 0.5}
	case t.Untrained:
		return Settings{}
	case t.Frozen && data == "fashion":
		return frozenSettings[t.Form].fashion
	case t.Frozen:
		return frozenSettings[t.Form].mnist
	}
	switch t.Form {
	case SVD, DataSVD, Monarch:
		return Settings{Epochs: 5, Rate: 0.001, Dropout: 0.5}
	case Projection:
		return Settings{Epochs: 5, Rate: 0.003, Dropout: 0.5}
	case Pooling:
		return Settings{Epochs: 15, Rate: 0.01}
	}
	return Settings{Epochs: 15, Rate: 0.005, Dropout: 0.5}
}

var frozenSettings = map[Form]struct{ mnist, fashion Settings }{
	SVD:        {Settings{20, 0.002, 0.5}, Settings{20, 0.002, 0.5}},
	DataSVD:    {Settings{20, 0.002, 0.5}, Settings{20, 0.002, 0.5}},
	LowRank:    {Settings{20, 0.002, 0.5}, Settings{20, 0.005, 0.25}},
	Adaptive:   {Settings{20, 0.005, 0}, Settings{20, 0.002, 0.5}},
	Fixed:      {Settings{20, 0.005, 0}, Settings{20, 0.002, 0.25}},
	Block:      {Settings{20, 0.005, 0}, Settings{20, 0.002, 0.5}},   // Adaptive's; not chosen on their own
	Monarch:    {Settings{20, 0.002, 0.5}, Settings{20, 0.002, 0.5}}, // DataSVD's
	Projection: {Settings{20, 0.01, 0}, Settings{20, 0.005, 0.25}},
	Pooling:    {Settings{20, 0.01, 0}, Settings{20, 0.01, 0}},
}
