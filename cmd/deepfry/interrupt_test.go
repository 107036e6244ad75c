package main

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/models"
	"github.com/deepfry/deepfry/nn"
)

func TestInterruptedCommandsSaySo(t *testing.T) {
	data, path := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "lenet.safetensors")
	network, err := nn.New(models.LeNet(models.Options{}), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := makeData(data, 10, 10); err != nil {
		t.Fatal(err)
	}
	if err := checkpoint.Save(path, network, checkpoint.Extra{}); err != nil {
		t.Fatal(err)
	}
	table, model := filepath.Join(t.TempDir(), "t.csv"), filepath.Join(t.TempDir(), "model")
	if err := makeTable(table, 60); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancelCause(t.Context())
	cancel(console.Interruption{Signal: syscall.SIGINT})
	for _, args := range [][]string{{"eval", path, "--data", data}, {"compress", path, "-o", path + ".small.safetensors", "--data", data, "--budget", "2x"}, {"bench", "fwht", "--time", "1h"}, {"bench", "model", path, "--threads", "1,2", "--time", "1h"}, {"bench", "scaling", "--time", "1h"}, {"fit", table, "--json", "--out", model}} {
		var out, complaint bytes.Buffer
		if code := run(args, &console.Terminal{Context: cancelled, Stdout: &out, Stderr: &complaint}); code != 130 || complaint.String() != "deepfry: interrupted\n" {
			t.Errorf("%v: exit code %d, %q", args, code, complaint.String())
		}
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(model), "*")); err != nil || left != nil {
		t.Errorf("fit left %v (%v)", left, err)
	}
}

func TestInterruptedMeasurementsSaySo(t *testing.T) {
	data, picture := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "picture.png")
	if err := errors.Join(makeData(data, 20, 10), makeDigit(picture, 2)); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancelCause(t.Context())
	cancel(console.Interruption{Signal: syscall.SIGINT})
	for _, args := range [][]string{{"kernel", data, "--rows", "20", "--seeds", "1000"}, {"hadamard", picture}} {
		var out, complaint bytes.Buffer
		if code := run(args, &console.Terminal{Context: cancelled, Stdout: &out, Stderr: &complaint}); code != 130 || complaint.String() != "deepfry: interrupted\n" {
			t.Errorf("%v: exit code %d, %q", args, code, complaint.String())
		}
	}
}
