package figures

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/predict"
)

func TestFormats(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 4.126e-6: "4.126e-06", 0.00012346: "0.0001235", 0.37: "0.3700", 14: "14.00", 12.3456: "12.35", 1000001.3: "1000001", 97065610540: "9.707e+10",
		1.25e20: "1.250e+20", math.Copysign(0, -1): "0", 99.99999: "100.0", 9999999.6: "1.000e+07", 0.9999999: "1.000", -2.5: "-2.500", math.Inf(1): "+Inf",
	} {
		if got := Error(v); got != want {
			t.Errorf("the error %v: %s, want %s", v, got, want)
		}
	}
	for v, want := range map[float64]string{
		0: "0.0000", 1: "1.0000", 0.5: "0.5000", 0.98765: "0.9877", 0.9973: "0.9973", 0.99996: "0.99996", 0.999990012: "0.999990", 0.9999912: "0.999991",
		0.999999972: "0.99999997", 4e-6: "0.0000", -1e-10: "0.0000", -0.5: "-0.5000", math.Copysign(0, -1): "0.0000", -123456.7: "-123457", 1 - 1e-16: "1.0000",
	} {
		if got := Share(v); got != want {
			t.Errorf("the share %v: %s, want %s", v, got, want)
		}
	}
}

func answer(class int, probabilities ...float64) predict.Answer {
	a := predict.Answer{Class: class, Probabilities: probabilities}
	for _, p := range probabilities {
		a.Scores = append(a.Scores, float32(math.Log(p)))
	}
	return a
}

func TestSummaryAndConfusion(t *testing.T) {
	tally := predict.NewTally(2)
	tally.Add(0, answer(0, 0.75, 0.25))
	tally.Add(1, answer(0, 0.5, 0.5))
	tally.Add(-1, answer(1, 0.25, 0.75))
	tally.Add(-2, answer(0, 0.75, 0.25))
	want, others := "3 of 4 rows predicted wrongly: 75.00% error, balanced accuracy 25.00%, log loss 0.4904, AUC 1.0000; 2 of a class that the model does not know", "; log loss and AUC are of the other 2"
	if got := Summary(tally, "row"); got != want+others {
		t.Errorf("%s\nwant %s", got, want+others)
	}
	if m := Of(tally); m.KnownRows == nil || *m.KnownRows != 2 {
		t.Errorf("%+v: want 2 rows of known classes", m)
	}
	if got, named := Summary(tally, "row", "maybe", "never"), want+" (maybe: 1, never: 1)"+others; got != named {
		t.Errorf("%s\nwant %s", got, named)
	}
	if got, named := Summary(tally, "row", "maybe"), want+" (maybe: 1, and 1 more)"+others; got != named {
		t.Errorf("%s\nwant %s", got, named)
	}
	var b strings.Builder
	if err := Confusion(&b, tally, []string{"n\no", "a\tlong name of a class"}, []string{"maybe"}); err != nil {
		t.Fatal(err)
	}
	want = `
     is \ taken for  n\no  a\tlong nam…
                n\no   1             ·
      a\tlong nam…   1             ·
   maybe, not known   ·             1
 another, not known   1             ·`
	if squeezed(b.String()) != squeezed(want) {
		t.Errorf("%s\nwant %s", b.String(), want)
	}
	many := predict.NewTally(20)
	names := strings.Fields(strings.Repeat("x ", 20))
	many.Add(-1, predict.Answer{Class: 3})
	many.Add(-1, predict.Answer{Class: 3})
	many.Add(2, predict.Answer{Class: 4})
	b.Reset()
	Confusion(&b, many, names, []string{"new"})
	if got, want := b.String(), "2 of class new, which is not known, taken for x\n1 of class x taken for x\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func squeezed(text string) string { return strings.Join(strings.Fields(text), " ") }

func TestSummaryOfValues(t *testing.T) {
	value := func(v, half float64) predict.Answer {
		return predict.Answer{Class: -1, Estimate: predict.Estimate{Value: v, Low: v - half, High: v + half}}
	}
	tally := predict.NewTally(0)
	tally.Add(1, value(2, 1.5))
	tally.AddWeighted(4, 3, value(4, 0))
	if got, want := Summary(tally, "row"), "RMSE 0.5000, R² 0.8519, MAE 0.2500, 95% intervals cover 100.00% on 2 rows, by weight"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	constant := predict.NewTally(0)
	constant.Add(1, value(2, 0))
	constant.Add(1, value(2, 0))
	if got, want := Summary(constant, "row"), "RMSE 1.000, MAE 1.000 on 2 rows; all targets are equal, so that there is no R²"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	weightless := predict.NewTally(2)
	weightless.AddWeighted(1, 0, answer(0, 0.5, 0.5))
	if got, want := Summary(weightless, "row"), "nothing to measure on: 0 rows that count, by their weights"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	for _, tally := range []*predict.Tally{tally, constant, weightless} {
		if err := json.NewEncoder(&bytes.Buffer{}).Encode(Of(tally)); err != nil {
			t.Error(err)
		}
	}
}
