package train

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/dataset"
)

func TestParseRecipe(t *testing.T) {
	pictures := Pictures(64, 64)
	pictures.Parts, pictures.Keep = 4, "best"
	for _, want := range []Recipe{Default(), Augmented(), Caffe(), Pictures(64, 64), pictures} {
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseRecipe(append(text, '\n')); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, error %v", text, got, err)
		}
	}
	text, err := json.Marshal(Default())
	if err != nil {
		t.Fatal(err)
	}
	for old, want := range map[string]*dataset.Augmentation{`"augment":true,`: dataset.Light(), `"augment":null,`: nil, `"augment":{},`: nil, "": nil} {
		if got, err := ParseRecipe([]byte("{" + old + string(text[1:]))); err != nil || !reflect.DeepEqual(got.Augment, want) {
			t.Errorf("%s: %+v, error %v", old, got.Augment, err)
		}
	}
	for changed, want := range map[string]string{
		`{"epoch":3,` + string(text[1:]): `"epoch"`, `{"augment":{"spin":3},` + string(text[1:]): `"spin"`, string(text) + "{}": "behind its end",
		`{"steps":3,` + string(text[1:]): "10 epochs and 3 steps", "": "found nothing", "[]": "expected an object, such as {\"epochs\":10,\"batch_size\":128,...}, found array", "{}": "0 epochs", `{"augment":7,` + string(text[1:]): "recipe",
		`{"augment":{"rotation":1000},` + string(text[1:]): "rotation from 0 to 180", `{"epochs":`: "ends in the middle", `{epochs`: "byte 2", `{"epochs":"3"}`: "expected a whole number for epochs, found string",
		`{"epochs":3.5}`: "expected a whole number for epochs, found number 3.5", `{"optimizer":{"rate":"fast"}}`: "expected a number for optimizer.rate, found string", `{"groups":[]}`: "expected an object for groups, found array",
		`{"augment":{"shift":"far"}}`:                         "expected a number for shift, found string",
		strings.Replace(string(text), `"beta1"`, `"beta"`, 1): `"beta"`,
	} {
		if _, err := ParseRecipe([]byte(changed)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one that says %s", changed, err, want)
		} else if strings.Contains(err.Error(), "Go ") || strings.Contains(err.Error(), "json:") {
			t.Errorf("%s: error %v speaks of Go", changed, err)
		}
	}
}
