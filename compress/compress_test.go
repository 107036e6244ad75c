package compress

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/internal/linear"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/onnx"
	"github.com/deepfry/deepfry/train"
	"gonum.org/v1/gonum/mat"
)

func normals(n int, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// layer returns a layer whose singular values fall, as trained ones do.
func layer(inputs, outputs int) *Layer {
	l := &Layer{Name: "fc", Inputs: inputs, Outputs: outputs, weights: make([]float32, inputs*outputs), bias: normals(outputs, 5)}
	for k := range min(inputs, outputs) {
		u, v := normals(outputs, uint64(100+k)), normals(inputs, uint64(9000+k))
		for i := range outputs {
			linear.Subtract(l.weights[i*inputs:(i+1)*inputs], v, u[i]/float32((k+1)*(k+1)))
		}
	}
	return l
}

func errorOf(t *testing.T, l *Layer, chain *nn.Network, x []float32) float64 {
	t.Helper()
	original, err := l.dense()
	if err != nil {
		t.Fatal(err)
	}
	return linear.RelativeError(train.Outputs(chain, x), train.Outputs(original, x))
}

func TestFullRankIsIdentity(t *testing.T) {
	for _, sizes := range [][2]int{{60, 40}, {40, 60}, {70, 270}, {270, 260}, {5, 2100}} { // the last one by a basis of its inputs
		l := layer(sizes[0], sizes[1])
		for _, data := range []bool{false, true} {
			f := &target{Layer: l}
			if data {
				f.x = normals(500*l.Inputs, 1)
				original, _ := l.dense()
				f.y = train.Outputs(original, f.x)
			}
			chain, err := SVD.fit(context.Background(), f, min(l.Inputs, l.Outputs))
			if err != nil {
				t.Fatal(err)
			}
			if e := errorOf(t, l, chain, normals(50*l.Inputs, 2)); e > 1e-5 {
				t.Errorf("%v, data %v: the relative error at full rank is %g", sizes, data, e)
			}
		}
	}
}

// TestSVDNearOptimum compares with Eckart and Young's bound, by gonum's SVD.
func TestSVDNearOptimum(t *testing.T) {
	l := &Layer{Inputs: 150, Outputs: 300, weights: normals(150*300, 3)} // the slowest fall there is
	values := make([]float64, len(l.weights))
	for i, w := range l.weights {
		values[i] = float64(w)
	}
	var svd mat.SVD
	svd.Factorize(mat.NewDense(300, 150, values), mat.SVDNone)
	sigma := svd.Values(nil)
	for _, rank := range []int{5, 40, 100} {
		whole := &target{Layer: l}
		b := whole.basis(120)
		first, second := b.factors(l.weights, 150, 300, rank)
		var found, least float64
		for i := range 300 {
			row := append([]float32(nil), l.weights[i*150:(i+1)*150]...)
			for k := range rank {
				linear.Subtract(row, first[k*150:(k+1)*150], second[i*rank+k])
			}
			found += linear.Dot(row, row)
		}
		for _, s := range sigma[rank:] {
			least += s * s
		}
		if ratio := math.Sqrt(found / least); ratio > 1.02 || ratio < 0.999 {
			t.Errorf("rank %d: the error is %.4f of the least", rank, ratio)
		}
		kept := 1 - found/b.total
		if r, ok := whole.rankFor(kept, 120); !ok || r != rank {
			t.Errorf("rank %d keeps %.6f of the energy, but that is said to take rank %d, %v", rank, kept, r, ok)
		}
	}
}

// cut returns ‖W - B·A‖/‖W‖ of an SVD of the given rank.
func cut(t *testing.T, f *target, rank int) float64 {
	t.Helper()
	l := f.Layer
	chain, err := SVD.fit(context.Background(), f, rank)
	if err != nil {
		t.Fatal(err)
	}
	product := mat.NewDense(l.Outputs, l.Inputs, nil)
	wide := func(p *nn.Param, rows, columns int) *mat.Dense {
		m := mat.NewDense(rows, columns, nil)
		for i, v := range p.Data {
			m.Set(i/columns, i%columns, float64(v))
		}
		return m
	}
	product.Mul(wide(chain.Param("2.weight"), l.Outputs, rank), wide(chain.Param("1.weight"), rank, l.Inputs))
	w := mat.NewDense(l.Outputs, l.Inputs, nil)
	for i, v := range l.weights {
		w.Set(i/l.Inputs, i%l.Inputs, float64(v))
	}
	product.Sub(product, w)
	return mat.Norm(product, 2) / mat.Norm(w, 2)
}

// TestSVDOfSteepSpectrum has singular values 10^(-k/4), which squares in float32
// would hide from 1e-4 of the largest on.
func TestSVDOfSteepSpectrum(t *testing.T) {
	for _, sizes := range [][2]int{{50, 70}, {70, 50}, {280, 300}, {60, 500}} {
		inputs, outputs := sizes[0], sizes[1]
		l := &Layer{Inputs: inputs, Outputs: outputs, weights: make([]float32, inputs*outputs)}
		var u, v mat.QR // of random numbers: orthonormal columns
		for seed, side := range map[uint64]*mat.QR{1: &u, 2: &v} {
			n := []int{0, outputs, inputs}[seed]
			values := make([]float64, n*30)
			for i, w := range normals(n*30, seed) {
				values[i] = float64(w)
			}
			side.Factorize(mat.NewDense(n, 30, values))
		}
		var left, right mat.Dense
		u.QTo(&left)
		v.QTo(&right)
		for i := range l.weights {
			sum := 0.0
			for k := range 30 {
				sum += math.Pow(10, -float64(k)/4) * left.At(i/inputs, k) * right.At(i%inputs, k)
			}
			l.weights[i] = float32(sum)
		}
		f := &target{Layer: l}
		for rank := 28; rank > 0; rank -= 3 {
			if e, least := cut(t, f, rank), math.Pow(10, -float64(rank)/4); e > max(1.03*least, 2e-6) {
				t.Errorf("%v: the error at rank %d is %.3g, want %.3g", sizes, rank, e, least)
			}
		}
	}
}

// TestDataHelpSVD has inputs that vary in a few directions only.
func TestDataHelpSVD(t *testing.T) {
	l := &Layer{Inputs: 64, Outputs: 48, weights: normals(64*48, 3)}
	inputs := func(seed uint64) []float32 {
		x := make([]float32, 400*64)
		latent := normals(400*6, seed)
		for i := range 400 {
			for k := range 6 {
				linear.Subtract(x[i*64:(i+1)*64], normals(64, uint64(50+k)), latent[i*6+k])
			}
			linear.Subtract(x[i*64:(i+1)*64], normals(64, seed+uint64(i)), 0.05)
		}
		return x
	}
	plain := &target{Layer: l}
	original, _ := l.dense()
	aware := &target{Layer: l, x: inputs(1)}
	aware.y = train.Outputs(original, aware.x)
	var errs [2]float64
	for i, f := range []*target{plain, aware} {
		chain, err := SVD.fit(context.Background(), f, 8)
		if err != nil {
			t.Fatal(err)
		}
		errs[i] = errorOf(t, l, chain, inputs(2000))
	}
	if errs[1] > errs[0]/3 {
		t.Errorf("on correlated inputs the error is %.3f with data and %.3f without", errs[1], errs[0])
	}
}

func TestFitsReduceErrors(t *testing.T) {
	l := layer(32, 24)
	f := &target{Layer: l, x: normals(600*32, 1)}
	original, _ := l.dense()
	f.y = train.Outputs(original, f.x)
	test := normals(100*32, 2)
	random, err := newChain(32, 0, Fastfood.ops(l, 2))
	if err != nil {
		t.Fatal(err)
	}
	fitted, err := Fastfood.fit(context.Background(), f, 2)
	if err != nil {
		t.Fatal(err)
	}
	if before, after := errorOf(t, l, random, test), errorOf(t, l, fitted, test); after > 0.5 || after > before/2 {
		t.Errorf("the fit of Fastfood takes the error from %.3f to %.3f", before, after)
	}
	projected, err := RandomProjection.fit(context.Background(), f, 32)
	if err != nil {
		t.Fatal(err)
	}
	if e := errorOf(t, l, projected, test); e > 0.05 { // 32 features of 32 inputs lose nothing but the ridge
		t.Errorf("as many random features as inputs: the error is %.3f", e)
	}
}

// classifier returns a network and data that it classifies well: every class has
// its own place.
func classifier(t *testing.T) (*nn.Network, *Data) {
	t.Helper()
	d := nn.Description{Name: "classifier", Input: nn.Shape{32}, Nodes: []nn.Node{
		{Name: "fc1", Op: nn.Dense{Out: 48, Gain: math.Sqrt2}}, {Name: "relu1", Op: nn.ReLU{}},
		{Name: "fc2", Op: nn.Dense{Out: 48, Gain: math.Sqrt2}}, {Name: "relu2", Op: nn.ReLU{}},
		{Name: "fc3", Op: nn.Dense{Out: 5}},
	}}
	network, err := nn.New(d, 1)
	if err != nil {
		t.Fatal(err)
	}
	sample := func(n int, seed uint64) Samples {
		s := Samples{Inputs: normals(n*32, seed), Labels: make([]int32, n)}
		linear.Scale(s.Inputs, 0.7)
		for i := range n {
			s.Labels[i] = int32(i % 5)
			linear.Subtract(s.Inputs[i*32:(i+1)*32], normals(32, uint64(i%5)), 1)
		}
		return s
	}
	data := &Data{Name: "places", Train: sample(1000, 10), Test: sample(300, 11)}
	if err := train.Rows(context.Background(), network, data.Train.Inputs, recipe(4, 0.005), 1, train.Classify(data.Train.Labels, 5), nil); err != nil {
		t.Fatal(err)
	}
	if e := errorPercent(network, data.Test); e > 5 {
		t.Fatalf("the classifier's error is %.1f%%", e)
	}
	return network, data
}

// errorPercent is the part of samples whose largest output is not at their label.
func errorPercent(network *nn.Network, s Samples) float64 {
	return 100 * float64(train.Wrong(network, s.Inputs, s.Labels)) / float64(len(s.Labels))
}

func TestGoals(t *testing.T) {
	network, data := classifier(t)
	model, err := FromNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]Options{
		"budget": {Methods: []Method{SVD}, Budget: 3},
		"auto":   {Methods: Auto(), Budget: 2},
		"size":   {Methods: []Method{SVD}, TargetBytes: 6000, Precisions: []checkpoint.Precision{checkpoint.Float32}},
		"drop":   {Methods: []Method{SVD}, MaxDrop: 1},
	} {
		o.Data, o.AllowSlower = data, true
		r, err := model.Compress(context.Background(), o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		report := r.Report
		if o.Budget > 0 && float64(report.WeightsAfter)*o.Budget > float64(report.WeightsBefore) {
			t.Errorf("%s: %d weights of %d", name, report.WeightsAfter, report.WeightsBefore)
		}
		if o.TargetBytes > 0 && report.After.Bytes > o.TargetBytes {
			t.Errorf("%s: %d bytes", name, report.After.Bytes)
		}
		if report.WeightsAfter != r.Network.Weights() || report.WeightsAfter >= report.WeightsBefore {
			t.Errorf("%s: the report has %d weights, the network %d", name, report.WeightsAfter, r.Network.Weights())
		}
		if lost := *report.ErrorAfter - *report.ErrorBefore; o.MaxDrop > 0 && lost > 3 {
			t.Errorf("%s: %.1f points are lost", name, lost)
		}
	}
	if _, err := model.Compress(context.Background(), Options{Budget: 1000, AllowSlower: true}); err == nil || !strings.Contains(err.Error(), "out of reach") {
		t.Errorf("a budget of 1000 gives %v", err)
	}
}

func TestFineTuning(t *testing.T) {
	network, data := classifier(t)
	model, err := FromNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	original := append([]float32(nil), network.Params()[0].Data...)
	for _, labels := range []bool{true, false} {
		d := *data
		if !labels {
			d.Train.Labels, d.Test.Labels = nil, nil
		}
		var errs [2]float64
		for i, epochs := range []int{0, 30} {
			r, err := model.Compress(context.Background(), Options{Rank: Rank{N: 4}, Data: &d, FineTune: epochs, AllowSlower: true})
			if err != nil {
				t.Fatal(err)
			}
			errs[i] = *r.Report.OutputError
			if labels {
				errs[i] = *r.Report.ErrorAfter
			}
		}
		if errs[1] > 0.9*errs[0] {
			t.Errorf("labels %v: fine-tuning takes the error from %.3f to %.3f", labels, errs[0], errs[1])
		}
	}
	if linear.RelativeError(network.Params()[0].Data, original) != 0 {
		t.Error("fine-tuning has changed the original")
	}
	r, err := model.Compress(context.Background(), Options{Methods: []Method{LowRank}, Rank: Rank{N: 4}, Data: data, FineTune: 15, AllowSlower: true})
	if err != nil {
		t.Fatal(err)
	}
	if *r.Report.ErrorAfter > 20 {
		t.Errorf("low rank from random numbers: the error is %.1f%%", *r.Report.ErrorAfter)
	}
}

func TestRefusal(t *testing.T) {
	network, data := classifier(t)
	model, err := FromNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	r, err := model.Compress(context.Background(), Options{Layers: []string{"fc2"}, Rank: Rank{N: 24}}) // 24·96 = 48²
	if !errors.Is(err, ErrNothing) || r == nil || !strings.Contains(r.Report.Layers[1].Note, "the break-even is rank 23") {
		t.Errorf("rank 24 of 48×48: %v", err)
	}
	if err := r.Save(filepath.Join(t.TempDir(), "x")); !errors.Is(err, ErrNothing) {
		t.Errorf("Save gives %v", err)
	}
	for want, o := range map[string]Options{
		"a method is nil":    {Methods: []Method{nil}},
		"given twice":        {Methods: []Method{SVD, SVD}},
		"there are: fc1":     {Layers: []string{"fc9"}},
		"fitted to data":     {Methods: []Method{Fastfood}},
		"choose one":         {Budget: 2, MaxDrop: 1},
		"auto chooses sizes": {Methods: Auto(), Rank: Rank{N: 3}, Data: data},
		"goal chooses":       {Budget: 2, Rank: Rank{N: 3}},
		"more than 1":        {Budget: 0.5},
		"measured on labels": {MaxDrop: 1},
		"needs epochs":       {Methods: []Method{LowRank}, Rank: Rank{N: 3}, Data: data},
		"no goal can be":     {Methods: []Method{LowRank}, Budget: 3, Data: data, FineTune: 1},
		"sample 0 is 7":      {Data: &Data{Train: Samples{Inputs: make([]float32, 32), Labels: []int32{7}}}},
		"are not samples":    {Data: &Data{Train: Samples{Inputs: make([]float32, 31)}}},
		"energy is kept":     {Methods: []Method{RandomProjection}, Rank: Rank{Energy: 0.5}, Data: data},
		"a drop of -1":       {MaxDrop: -1},
		"-1 epochs":          {FineTune: -1},
	} {
		if _, err := model.Compress(context.Background(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

func TestCancelled(t *testing.T) {
	network, data := classifier(t)
	model, err := FromNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []Options{{Budget: 2}, {Methods: []Method{Fastfood}, Data: data}, {Rank: Rank{N: 4}, Data: data, FineTune: 3}} {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		o.AllowSlower = true
		if _, err := model.Compress(ctx, o); !errors.Is(err, context.Canceled) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

const golden = "../onnx/testdata"

func goldenFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(golden, "*-17.onnx"))
	if err != nil || len(files) == 0 {
		t.Fatal("there are no golden files")
	}
	return files
}

// TestONNX has files of PyTorch's changed in place and written anew, and both
// compute what the network in memory does.
func TestONNX(t *testing.T) {
	for _, path := range goldenFiles(t) {
		model, err := Open(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r, err := model.Compress(context.Background(), Options{Rank: Rank{Part: 0.25}, AllowSlower: true})
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		x := normals(3*model.Network.Description.Input.Size(), 4)
		want := train.Outputs(r.Network, x)
		for _, anew := range []bool{false, true} {
			r.tuned = anew
			out := filepath.Join(t.TempDir(), "out.onnx")
			if err := r.Save(out); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			file, err := onnx.Open(out)
			if err != nil {
				t.Fatal(err)
			}
			network, err := onnx.Import(file, onnx.ImportOptions{})
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			if was := model.file; file.Inputs[0].Name != was.Inputs[0].Name || file.Outputs[0].Name != was.Outputs[0].Name {
				t.Errorf("%s, anew %v: from %s to %s, want from %s to %s", path, anew, file.Inputs[0].Name, file.Outputs[0].Name, was.Inputs[0].Name, was.Outputs[0].Name)
			}
			if e := linear.RelativeError(train.Outputs(network, x), want); e > 1e-4 {
				t.Errorf("%s, anew %v: the file computes something else, relative error %g", path, anew, e)
			}
		}
	}
}

// TestMutations feeds files with changed bytes through everything.
func TestMutations(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	path := filepath.Join(t.TempDir(), "mutated.onnx")
	compressed := 0
	for _, original := range goldenFiles(t) {
		content, err := os.ReadFile(original)
		if err != nil {
			t.Fatal(err)
		}
		for range 12 {
			mutated := append([]byte(nil), content...)
			for range 1 + random.IntN(3) {
				mutated[random.IntN(len(mutated))] = byte(random.IntN(256))
			}
			if random.IntN(4) == 0 {
				mutated = mutated[:random.IntN(len(mutated))]
			}
			if err := os.WriteFile(path, mutated, 0o644); err != nil {
				t.Fatal(err)
			}
			model, err := Open(path, nil)
			if err != nil {
				continue
			}
			r, err := model.Compress(context.Background(), Options{Rank: Rank{N: 2}, AllowSlower: true})
			if err != nil {
				continue
			}
			if err := r.Save(path + ".out.onnx"); err == nil {
				compressed++
			}
		}
	}
	if compressed < 10 {
		t.Errorf("only %d mutated files came through", compressed)
	}
}

func TestParseRank(t *testing.T) {
	for text, want := range map[string]Rank{"12": {N: 12}, "half": {Part: 0.5}, "quarter": {Part: 0.25}, "energy": {Energy: 0.95}, "energy:0.5": {Energy: 0.5}} {
		if got, err := ParseRank(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "0", "-3", "x", "energy:", "energy:2", "energy:NaN"} {
		if _, err := ParseRank(text); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
	// The paper's SVD-half and SVD-quarter of CaffeNet.
	for _, c := range []struct{ inputs, outputs, half, quarter int }{{9216, 4096, 2048, 1024}, {4096, 4096, 2048, 1024}, {4096, 1000, 500, 250}} {
		l := &Layer{Inputs: c.inputs, Outputs: c.outputs}
		half, quarter := (Rank{Part: 0.5}).size(l), (Rank{Part: 0.25}).size(l)
		if half != c.half || quarter != c.quarter {
			t.Errorf("%d×%d: half %d, quarter %d", c.inputs, c.outputs, half, quarter)
		}
	}
}
