package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"github.com/deepfry/deepfry/train"
)

// runLog writes a JSON object a line to a file. The first failure is kept in
// err. Without a file it does nothing.
type runLog struct {
	file *os.File
	err  error
}

// openLog begins a log, or adds to the one that is there.
func openLog(path string, add bool) (*runLog, error) {
	if path == "" {
		return &runLog{}, nil
	}
	how := os.O_TRUNC
	if add {
		how = os.O_APPEND
		if content, err := os.ReadFile(path); err == nil && len(content) > 0 && !bytes.HasPrefix(content, []byte(`{"event":"start"`)) {
			return nil, fmt.Errorf("--log: %s is no log of deepfry train: want another file", path)
		}
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|how, 0o644)
	if err != nil {
		return nil, fmt.Errorf("--log: %w", err)
	}
	return &runLog{file: file}, nil
}

func (l *runLog) close() {
	if l.file != nil {
		l.file.Close()
	}
}

func (l *runLog) write(event any) {
	if l.file != nil && l.err == nil {
		if err := json.NewEncoder(l.file).Encode(event); err != nil {
			l.err = fmt.Errorf("--log: %w", err)
		}
	}
}

// start writes what is known of the run, also epochs before it was resumed.
func (l *runLog) start(c *trainCommand, contestants []*contestant) error {
	for _, k := range contestants {
		l.write(struct {
			Event   string       `json:"event"`
			Network string       `json:"network"`
			Weights int          `json:"weights"`
			Data    string       `json:"data"`
			Holdout *int         `json:"holdout,omitempty"`
			Seed    uint64       `json:"seed"`
			Recipe  train.Recipe `json:"recipe"`
		}{"start", k.fc, k.trainer.Network.Weights(), c.Data, c.Holdout, k.trainer.Seed, k.recipe})
	}
	for _, k := range contestants {
		for _, result := range k.trainer.History {
			l.epoch(k, result)
		}
	}
	return l.err
}

// step writes every k-th step's mean loss, and the base learning rate as the schedule
// has it.
func (l *runLog) step(k *contestant, p train.Progress, every int) {
	if p.Step%every != 0 {
		return
	}
	l.write(struct {
		Event   string  `json:"event"`
		Network string  `json:"network"`
		Epoch   int     `json:"epoch"`
		Step    int     `json:"step"`
		Loss    float64 `json:"loss"`
		Rate    float64 `json:"rate"`
	}{"step", k.fc, p.Epoch, p.Step, p.StepLoss, p.Rate})
}

func (l *runLog) epoch(k *contestant, r train.EpochResult) {
	if r.Test == nil && r.Validation == nil {
		return // interrupted between training and measuring: it is measured again
	}
	l.write(struct {
		Event   string `json:"event"`
		Network string `json:"network"`
		train.EpochResult
		ErrorPercent float64 `json:"error_percent"` // in validation, or without that on the test images
	}{"epoch", k.fc, r, errorPercent(r)})
}

// networkResult is a network's part of the last line.
type networkResult struct {
	Network       string  `json:"network"`
	Weights       int     `json:"weights"`
	ErrorPercent  float64 `json:"error_percent"`
	Checkpoint    string  `json:"checkpoint"`
	LearntNothing bool    `json:"learnt_nothing,omitempty"` // the loss ends no lower than that of chance
}

// done writes the last line: the result of the last network, which is the fried
// one of a side-by-side run, and the list of all.
func (l *runLog) done(contestants []*contestant) error {
	var all []networkResult
	for _, k := range contestants {
		all = append(all, networkResult{k.fc, k.trainer.Network.Weights(), k.final().Test.ErrorPercent, k.path, k.learntNothing()})
	}
	l.write(struct {
		Event string `json:"event"`
		networkResult
		Networks []networkResult `json:"networks"`
	}{"done", all[len(all)-1], all})
	return l.err
}
