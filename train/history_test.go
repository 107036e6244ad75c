package train

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/checkpoint"
)

func TestStoredHistory(t *testing.T) {
	want := storedHistory{
		{Epoch: 1, Loss: 0.30000000000000004, TrainErrorPercent: 100. / 3},
		{Epoch: 2, Loss: 1e-9, Test: &Evaluation{Images: 10000, Errors: 66, ErrorPercent: 100 * 66. / 10000, Loss: 1. / 3}},
		{Epoch: 3, Validation: &Evaluation{Images: 4, Errors: 1, ErrorPercent: 25, Loss: 2}},
		{Epoch: 4, Test: &Evaluation{Images: 2, Errors: 0, Loss: 3}, Validation: &Evaluation{Images: 4, Errors: 1, ErrorPercent: 25, Loss: 2}},
	}
	timed := slices.Clone(want)
	timed[0].Seconds, timed[1].Seconds = 1.25, 2
	rows, err := json.Marshal(timed)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(rows); text != "[[0.30000000000000004,33.333333333333336],[1e-9,0,10000,66,0.3333333333333333],[0,0,0,0,0,4,1,2],[0,0,2,0,3,4,1,2]]" {
		t.Errorf("stored as %s", text)
	}
	var got storedHistory
	if err := json.Unmarshal(rows, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s: error %v, history %+v", rows, err, got)
	}
	named, err := json.Marshal([]EpochResult(timed)) // as it was once stored
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]storedHistory{string(named): timed, "[[0.30000000000000004,33.333333333333336,1.25],[1e-9,0,2,10000,66,0.3333333333333333]]": timed[:2]} {
		var got storedHistory
		if err := json.Unmarshal([]byte(text), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: error %v, history %+v", text, err, got)
		}
	}
	for _, text := range []string{"{}", "[1]", "[[1]]", "[[1,2,3,4]]", "[[1,2,3,4,5,6,7]]", "[[1,2,0,0,0]]", "[[1,2,5,6,0]]", "[[1,2,3,0,0,0]]", "[[1,2,3,5,6,0]]", "[[1,2,3,1e300,6,0]]", `[{"nome":1}]`, `["a"]`, "[[1,2,null,4]]", "[[1,2,0,0,0,0,0,0]]", "[[1,2,0,0,1,4,1,2]]", "[[1,2,4,1,2,4,5,2]]", "[[1,2,3,4,1,2,4,1,2]]"} {
		var got storedHistory
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

// TestInference: notes stay, also when a file without a state is exported again; what
// is there to go on training does not.
func TestInference(t *testing.T) {
	images, dir := stripes(50), t.TempDir()
	trainer := newTrainer(t, smallRecipe(), images)
	if err := trainer.RunEpoch(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "run.safetensors")
	if err := trainer.Save(path, map[string]string{"data": "stripes"}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		network, extra, err := checkpoint.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if extra.Metadata == nil {
			t.Fatal("no metadata")
		}
		extra.Metadata["author"] = "me"
		small, err := Inference(extra)
		if err != nil {
			t.Fatal(err)
		}
		if len(small.Tensors) > 0 || len(small.Metadata) != 2 || small.Metadata["author"] != "me" {
			t.Errorf("what is left: %+v", small)
		}
		if notes, err := Notes(small); err != nil || notes["data"] != "stripes" || len(notes) != 1 {
			t.Errorf("notes %v, error %v", notes, err)
		}
		path = filepath.Join(dir, "small.safetensors")
		if err := checkpoint.Save(path, network, small); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Resume(path, images); !errors.Is(err, ErrNoState) {
		t.Errorf("resumed from an inference file: error %v", err)
	}
	for key, text := range map[string]string{stateKey: `{"step":"x"}`, notesKey: "[]"} {
		if _, err := Inference(checkpoint.Extra{Metadata: map[string]string{key: text}}); err == nil || !strings.Contains(err.Error(), "training") {
			t.Errorf("%s = %s: error %v", key, text, err)
		}
	}
	if got, err := Inference(checkpoint.Extra{}); err != nil || len(got.Metadata) > 0 {
		t.Errorf("of nothing: %+v, error %v", got, err)
	}
}
