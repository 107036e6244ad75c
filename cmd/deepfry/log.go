package main

import (
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

func openLog(path string) (*runLog, error) {
	if path == "" {
		return &runLog{}, nil
	}
	file, err := os.Create(path)
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

func (l *runLog) start(c *trainCommand, contestants []*contestant) {
	for _, k := range contestants {
		l.write(struct {
			Event   string       `json:"event"`
			Network string       `json:"network"`
			Weights int          `json:"weights"`
			Data    string       `json:"data"`
			Holdout *int         `json:"holdout,omitempty"`
			Seed    uint64       `json:"seed"`
			Recipe  train.Recipe `json:"recipe"`
		}{"start", k.fc, k.trainer.Network.Weights(), c.Data, c.Holdout, k.trainer.Seed, k.trainer.Recipe})
	}
}

func (l *runLog) epoch(k *contestant, r train.EpochResult) {
	if r.Test == nil {
		return // interrupted between training and measuring: it is measured again
	}
	l.write(struct {
		Event   string `json:"event"`
		Network string `json:"network"`
		train.EpochResult
		ErrorPercent float64 `json:"error_percent"` // on the test images
	}{"epoch", k.fc, r, r.Test.ErrorPercent})
}

// networkResult is a network's part of the last line.
type networkResult struct {
	Network      string  `json:"network"`
	Weights      int     `json:"weights"`
	ErrorPercent float64 `json:"error_percent"`
	Checkpoint   string  `json:"checkpoint"`
}

// done writes the last line: the result of the last network, which is the fried
// one of a side-by-side run, and the list of all.
func (l *runLog) done(contestants []*contestant) error {
	var all []networkResult
	for _, k := range contestants {
		all = append(all, networkResult{k.fc, k.trainer.Network.Weights(), k.final().Test.ErrorPercent, k.path})
	}
	l.write(struct {
		Event string `json:"event"`
		networkResult
		Networks []networkResult `json:"networks"`
	}{"done", all[len(all)-1], all})
	return l.err
}
