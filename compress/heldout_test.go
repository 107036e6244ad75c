package compress

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/internal/linear"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

// TestSplitOfRows: the parts have no row in common and all rows together, in an
// order of the seed's alone.
func TestSplitOfRows(t *testing.T) {
	network, data := classifier(t)
	model, err := FromNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	split := func(n int, seed uint64) *compressor {
		c := &compressor{model: model, Options: Options{Data: &Data{Train: data.Train.Slice(0, n, 32), Test: data.Test}, Seed: seed}}
		c.split()
		return c
	}
	c := split(1000, 1)
	if len(c.held.index) != 200 || len(c.fitted.index) != 800 || len(c.notes) != 0 {
		t.Errorf("%d and %d rows, notes %q", len(c.held.index), len(c.fitted.index), c.notes)
	}
	all := slices.Sorted(slices.Values(slices.Concat(c.held.index, c.fitted.index)))
	for i, row := range all {
		if i != row {
			t.Fatalf("row %d is in no part, or in both", i)
		}
	}
	if slices.IsSorted(c.held.index) || !slices.Equal(c.held.index, split(1000, 1).held.index) || slices.Equal(c.held.index, split(1000, 2).held.index) {
		t.Error("the order is not one of the seed's")
	}
	part := c.held.head(3).copy()
	for i, row := range c.held.index[:3] {
		if part.Labels[i] != data.Train.Labels[row] || !slices.Equal(part.Inputs[i*32:(i+1)*32], data.Train.Inputs[row*32:(row+1)*32]) {
			t.Errorf("row %d is not that of the data", row)
		}
	}
	if y := train.Outputs(network, c.fitted.copy().Inputs); !slices.Equal(c.fitted.outputs(network), y) {
		t.Error("in parts, the outputs are others")
	}
	c.MaxDrop = 0.5
	if c.split(); len(c.held.index) != 500 || len(c.fitted.index) != 500 {
		t.Errorf("for a drop: %d and %d rows", len(c.held.index), len(c.fitted.index))
	}
	if c = split(4, 1); len(c.held.index) != 4 || len(c.fitted.index) != 4 || len(c.notes) != 1 {
		t.Errorf("of four: %d and %d rows, notes %q", len(c.held.index), len(c.fitted.index), c.notes)
	}
}

// TestSplitOfTests takes half of the test samples for choices where labels decide and
// they are many, and otherwise none.
func TestSplitOfTests(t *testing.T) {
	network, data := classifier(t)
	model, err := FromNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	many := *data
	many.Test = data.Train // 1,000
	unlabelled := many
	unlabelled.Train.Labels, unlabelled.Test.Labels = nil, nil
	for _, c := range []struct {
		o     Options
		fresh int
	}{
		{Options{Data: &many, MaxDrop: 1}, 500}, {Options{Data: &many, FineTune: 1}, 500},
		{Options{Data: &many, Budget: 3}, 0}, {Options{Data: data, MaxDrop: 1}, 0}, {Options{Data: &unlabelled, FineTune: 1}, 0},
	} {
		k := &compressor{model: model, Options: c.o}
		k.split()
		if len(k.fresh.index) != c.fresh || len(k.fresh.index)+len(k.test.index) != len(c.o.Data.Test.Inputs)/32 {
			t.Errorf("%d fresh and %d test samples, want %d fresh", len(k.fresh.index), len(k.test.index), c.fresh)
		}
		all := slices.Sorted(slices.Values(slices.Concat(k.fresh.index, k.test.index)))
		if len(slices.Compact(all)) != len(c.o.Data.Test.Inputs)/32 {
			t.Error("a test sample is in both parts")
		}
	}
}

// TestEitherSetMaySay asks sets of which one has the labels that the original says, so
// that another network loses much, and one has that network's.
func TestEitherSetMaySay(t *testing.T) {
	network, data := classifier(t)
	model, err := FromNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	other, err := network.Clone()
	if err != nil {
		t.Fatal(err)
	}
	linear.Subtract(other.Param("fc3.weight").Data, normals(5*48, 9), 0.5)
	labelled := func(by *nn.Network) Samples {
		s := Samples{Inputs: data.Train.Inputs, Labels: make([]int32, len(data.Train.Labels))}
		for i := range s.Labels {
			s.Labels[i] = answer(by, s.Inputs[i*32:(i+1)*32])
		}
		return s
	}
	first, second := labelled(network), labelled(other)
	for _, c := range []struct {
		held, fresh Samples
		want        bool
	}{{first, first, false}, {first, second, true}, {second, first, true}} {
		k := &compressor{model: model, logits: network, Options: Options{Data: data, MaxDrop: 2}}
		k.split()
		k.held.of, k.fresh = c.held, rows{c.fresh, 32, k.fitted.index}
		within, err := k.judge()
		if err != nil {
			t.Fatal(err)
		}
		if got := within(other, "the other"); got != c.want {
			t.Errorf("the other network is within the drop: %v, want %v", got, c.want)
		}
	}
}

// TestTestsAreNotSeen: other test samples change what is told, but not the network.
func TestTestsAreNotSeen(t *testing.T) {
	network, data := classifier(t)
	model, err := FromNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	other := *data
	other.Test = Samples{Inputs: normals(40*32, 77), Labels: make([]int32, 40)}
	for _, o := range []Options{{MaxDrop: 2, Methods: []Method{SVD, RandomProjection}}, {Budget: 4, FineTune: 2, Methods: []Method{SVD}}} {
		o.AllowSlower = true
		var params [2][]float32
		for i, d := range []*Data{data, &other} {
			o.Data = d
			r, err := model.Compress(context.Background(), o)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range r.Network.Params() {
				params[i] = append(params[i], p.Data...)
			}
		}
		if !slices.Equal(params[0], params[1]) {
			t.Errorf("%+v: the network hangs on the test samples", o)
		}
	}
}

// TestDrop has a value of the formula by hand, and counts the networks of a chance of
// their own that lose more than is said: one of five.
func TestDrop(t *testing.T) {
	wrong := func(pattern string) (w []bool) {
		for _, r := range pattern {
			w = append(w, r == 'x')
		}
		return w
	}
	lost, most := drop(wrong("xx........"), wrong(".xxxx....."), 1)
	if want := 20 + 100*math.Sqrt(5-0.4)/10; lost != 20 || math.Abs(most-want) > 1e-9 {
		t.Errorf("%v points, at most %v, want %v", lost, most, want)
	}
	if lost, most := drop(wrong("x.x"), wrong("x.x"), 1); lost != 0 || math.Abs(most-100.0/3) > 1e-9 {
		t.Errorf("nothing lost of three: %v, at most %v", lost, most)
	}
	const networks, rows = 1000, 400
	noise := normals(networks*rows, 3)
	// says tells whether set i says that a drop is less than it is.
	says := func(i int, deviations float64) bool {
		before, after := make([]bool, rows), make([]bool, rows)
		for j, v := range noise[i*rows : (i+1)*rows] {
			before[j], after[j] = v > 1, v > 0.9 && v < 3 || v < -2 // 15.87% and 20.54% are wrong: 4.67 are lost
		}
		_, most := drop(before, after, deviations)
		return most < 4.67
	}
	one, either := 0, 0
	for i := range networks / 2 {
		if says(2*i, 1.2816) {
			one++
		}
		if says(2*i, 2.0537) || says(2*i+1, 1.4051) {
			either++
		}
	}
	// Of 500, 50 are wanted; a normal deviation beyond 3.35 comes once in 1,200.
	if one < 27 || one > 73 || either < 27 || either > 73 {
		t.Errorf("%d and %d of 500 networks lose more than is said, want about 50", one, either)
	}
}

// TestFineTuningKeepsTheBetter: a training that ruins the network, or that diverges,
// leaves it as it was, and says so.
func TestFineTuningKeepsTheBetter(t *testing.T) {
	network, data := classifier(t)
	model, err := FromNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	unlabelled := *data
	unlabelled.Train.Labels, unlabelled.Test.Labels = nil, nil
	for _, d := range []*Data{data, &unlabelled} {
		o := Options{Rank: Rank{N: 12}, Data: d, AllowSlower: true}
		plain, err := model.Compress(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		o.FineTune, o.Rate = 1, 0.9
		tuned, err := model.Compress(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(train.Outputs(plain.Network, data.Test.Inputs), train.Outputs(tuned.Network, data.Test.Inputs)) {
			t.Errorf("the ruined network is kept: %v", tuned.Report.Summary())
		}
		if tuned.Report.FineTune != 0 || !strings.Contains(strings.Join(tuned.Report.Notes, "\n"), "fine-tuning was left out") {
			t.Errorf("%d epochs, notes: %q", tuned.Report.FineTune, tuned.Report.Notes)
		}
	}
}

// TestInterruptedFineTuning gets the better of before and what there is.
func TestInterruptedFineTuning(t *testing.T) {
	network, data := classifier(t)
	model, err := FromNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	o := Options{Rank: Rank{N: 4}, Data: data, AllowSlower: true, FineTune: 1000}
	o.Progress = func(text string) {
		if strings.Contains(text, "epoch 3 of 1000") {
			cancel()
		}
	}
	r, err := model.Compress(ctx, o)
	if !errors.Is(err, context.Canceled) || r == nil || r.Network == nil {
		t.Fatalf("no result, error %v", err)
	}
	if r.Report.FineTune != 3 || !strings.Contains(strings.Join(r.Report.Notes, "\n"), "interrupted in epoch 4 of 1000") {
		t.Errorf("%d epochs, notes: %q", r.Report.FineTune, r.Report.Notes)
	}
	if err := r.Save(filepath.Join(t.TempDir(), "net.onnx")); err != nil {
		t.Error(err)
	}
}

// TestDropAfterFineTuning cuts deeper where fine-tuning brings the network back.
func TestDropAfterFineTuning(t *testing.T) {
	network, data := classifier(t)
	model, err := FromNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	var weights [2]int
	for i, o := range []Options{{}, {FineTune: 6, Rate: 0.005}} {
		o.Methods, o.MaxDrop, o.Data = []Method{SVD}, 3, data
		r, err := model.Compress(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		if lost := *r.Report.ErrorAfter - *r.Report.ErrorBefore; lost > 5 {
			t.Errorf("%d epochs: %.1f points are lost", o.FineTune, lost)
		}
		weights[i] = r.Report.WeightsAfter
	}
	if weights[1] >= weights[0] {
		t.Errorf("%d weights without fine-tuning and %d with it", weights[0], weights[1])
	}
}

// TestWarningOfChance has labels that say other classes than the network does.
func TestWarningOfChance(t *testing.T) {
	network, data := classifier(t)
	model, err := FromNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	shuffled := *data
	shuffled.Test.Labels = slices.Clone(data.Test.Labels)
	for i := range shuffled.Test.Labels {
		shuffled.Test.Labels[i] = (shuffled.Test.Labels[i] + 1) % 5
	}
	for want, d := range map[bool]*Data{false: data, true: &shuffled} {
		r, err := model.Compress(context.Background(), Options{Rank: Rank{N: 12}, Data: d, AllowSlower: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(strings.Join(r.Report.Notes, "\n"), "chance would"); got != want {
			t.Errorf("want a warning: %v; notes: %q", want, r.Report.Notes)
		}
	}
}

// TestTargetBytes bounds files that are written, of either kind.
func TestTargetBytes(t *testing.T) {
	network, data := classifier(t)
	path := save(t, network)
	for _, c := range []struct {
		o      Options
		output string
	}{
		{Options{TargetBytes: 9000}, "net.onnx"}, {Options{TargetBytes: 9000}, "net.safetensors"},
		{Options{TargetBytes: 9000, Data: data, FineTune: 1, Methods: []Method{SVD}, Precisions: []checkpoint.Precision{checkpoint.Float32}}, "net.onnx"},
		{Options{TargetBytes: 5000, Data: data, FineTune: 1}, "net.onnx"},
		{Options{TargetBytes: 12000, Data: data, Methods: []Method{Fastfood}}, "net.onnx"}, // has operators beside its weights
	} {
		model, err := Open(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		c.o.Output, c.o.AllowSlower = filepath.Join(t.TempDir(), c.output), true
		r, err := model.Compress(context.Background(), c.o)
		if err != nil {
			t.Errorf("%+v: %v", c.o, err)
			continue
		}
		if err := r.Save(c.o.Output); err != nil {
			t.Fatal(err)
		}
		bytes, err := filesBytes(c.o.Output)
		if err != nil || bytes > c.o.TargetBytes || bytes != r.Report.FileAfter {
			t.Errorf("%s: %d bytes (%d by the report) for a target of %d, %v", c.output, bytes, r.Report.FileAfter, c.o.TargetBytes, err)
		}
	}
	model, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := model.Compress(context.Background(), Options{TargetBytes: 300}); err == nil || !strings.Contains(err.Error(), "the smallest file that was found has") {
		t.Errorf("300 bytes: %v", err)
	}
	r, err := model.Compress(context.Background(), Options{TargetBytes: 1 << 20})
	if !errors.Is(err, ErrNothing) || !strings.Contains(strings.Join(r.Report.Notes, "\n"), "no more than the target") {
		t.Errorf("more than there is: %v", err)
	}
}
