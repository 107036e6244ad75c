package predict

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/dataset/table"
	"github.com/deepfry/deepfry/internal/check"
	"github.com/deepfry/deepfry/kernel/machine"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/onnx"
	"pgregory.net/rapid"
)

// perceptron is a network of one dense layer and what comes behind it.
func perceptron(t testing.TB, input nn.Shape, outputs int, behind ...nn.Op) *nn.Network {
	t.Helper()
	ops := append([]nn.Op{nn.Dense{Out: outputs}}, behind...)
	d := nn.Description{Name: "perceptron", Input: input}
	for i, op := range ops {
		d.Nodes = append(d.Nodes, nn.Node{Name: fmt.Sprintf("layer%d", i), Op: op})
	}
	network, err := nn.New(d, 1)
	if err != nil {
		t.Fatal(err)
	}
	return network
}

func normals(n int) []float32 {
	source := rand.New(rand.NewPCG(1, uint64(n)))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(source.NormFloat64())
	}
	return x
}

// TestAnswers compares answers for any number of samples, by many goroutines at once,
// with the network's own outputs.
func TestAnswers(t *testing.T) {
	const inputs, outputs = 5, 4
	network := perceptron(t, nn.Shape{inputs}, outputs)
	p, err := FromNetwork(network, nil, "test")
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for _, n := range []int{1, 2, 63, 64, 65, 200} {
		group.Go(func() {
			x, workspace := normals(n*inputs), network.NewWorkspace(n, false)
			want := workspace.Forward(x)
			answers, err := p.Answers(x)
			if err != nil || len(answers) != n {
				t.Errorf("%d answers for %d samples (%v)", len(answers), n, err)
				return
			}
			for i, a := range answers {
				scores := want[i*outputs:][:outputs]
				near := func(a, b float32) int { // products of one row sum in another order than those of many
					if math.Abs(float64(a-b)) < 1e-5 {
						return 0
					}
					return 1
				}
				if slices.CompareFunc(a.Scores, scores, near) != 0 || scores[a.Class] != slices.Max(scores) || a.Name != fmt.Sprint(a.Class) {
					t.Errorf("sample %d of %d: %+v, want the scores %v", i, n, a, scores)
				}
				checkProbabilities(t, a)
			}
		})
	}
	group.Wait()
}

// checkProbabilities fails unless they are the softmax of the scores.
func checkProbabilities(t *testing.T, a Answer) {
	t.Helper()
	sum := 0.0
	for _, v := range a.Scores {
		sum += math.Exp(float64(v))
	}
	for i, v := range a.Scores {
		if want := math.Exp(float64(v)) / sum; math.Abs(a.Probabilities[i]-want) > 1e-6 {
			t.Errorf("probability %d is %v, want %v", i, a.Probabilities[i], want)
		}
	}
	if a.Probability != a.Probabilities[a.Class] {
		t.Errorf("the class %d has the probability %v, not %v", a.Class, a.Probabilities[a.Class], a.Probability)
	}
}

// TestSoftmaxOnce gives the same probabilities for a network, and for one that ends
// in a softmax or its logarithm.
func TestSoftmaxOnce(t *testing.T) {
	x := normals(5)
	var want []float64
	for i, behind := range [][]nn.Op{nil, {nn.SoftmaxLayer{}}, {nn.SoftmaxLayer{Log: true}}} {
		p, err := FromNetwork(perceptron(t, nn.Shape{5}, 3, behind...), nil, "test")
		if err != nil {
			t.Fatal(err)
		}
		a, err := p.Answer(x)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			want = a.Probabilities
		}
		for k, v := range a.Probabilities {
			if math.Abs(v-want[k]) > 1e-6 {
				t.Errorf("with %v the probabilities are %v, want %v", behind, a.Probabilities, want)
			}
		}
	}
}

func TestOneOutputIsAValue(t *testing.T) {
	p, err := FromNetwork(perceptron(t, nn.Shape{2}, 1), nil, "test")
	if err != nil {
		t.Fatal(err)
	}
	a, err := p.Answer([]float32{1, 2})
	want := p.Network.NewWorkspace(1, false).Forward([]float32{1, 2})[0]
	if err != nil || a.Class != -1 || a.Name != "" || float32(a.Value) != float32(want) {
		t.Errorf("%+v (%v), want the value %v", a, err, want)
	}
}

func TestDamagedNetwork(t *testing.T) {
	network := perceptron(t, nn.Shape{2}, 3)
	network.Params()[0].Data[0] = float32(math.NaN())
	p, err := FromNetwork(network, nil, "test")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Answer([]float32{1, 1}); err == nil || !strings.Contains(err.Error(), "not finite") {
		t.Errorf("error %v", err)
	}
}

func TestMeaningComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Meaning{
			Data:        rapid.String().Draw(t, "data"),
			Classes:     rapid.SliceOf(rapid.String()).Draw(t, "classes"), // with line ends, too
			Preparation: rapid.SampledFrom([]Preparation{Digit, Ink, Stretched, Covered}).Draw(t, "preparation"),
			Split:       rapid.IntRange(0, 9).Draw(t, "split"),
			Transpose:   rapid.Bool().Draw(t, "transpose"),
			Sideways:    rapid.Bool().Draw(t, "sideways"),
			Others:      map[string]string{"mine": rapid.String().Draw(t, "other")},
		}
		if len(m.Classes) == 0 {
			m.Classes = nil
		}
		got, err := ReadMeaning(m.Notes())
		if err != nil || !reflect.DeepEqual(got, m) {
			t.Fatalf("%+v became %+v (%v)", m, got, err)
		}
	})
}

func TestOldNotes(t *testing.T) {
	for _, test := range []struct {
		notes       map[string]string
		input       nn.Shape
		preparation Preparation
		silent      bool
	}{
		{map[string]string{"data": "mnist", "classes": "zero\none"}, nn.Shape{1, 28, 28}, Digit, true},
		{map[string]string{"data": "fashion", "classes": "zero\none"}, nn.Shape{1, 28, 28}, Ink, true},
		{map[string]string{"data": "/home/me/idx", "classes": "zero\none"}, nn.Shape{1, 20, 20}, Ink, true},
		{map[string]string{"data": "/home/me/cats", "classes": "zero\none", "pictures": "true"}, nn.Shape{1, 28, 28}, Stretched, true},
		{nil, nn.Shape{1, 28, 28}, Digit, false},
		{nil, nn.Shape{3, 32, 32}, Stretched, false},
		{nil, nn.Shape{7}, "", true},
	} {
		p, err := FromNetwork(perceptron(t, test.input, 3), test.notes, "test")
		if err != nil {
			t.Fatal(err)
		}
		names := []string{"0", "1", "2"}
		if test.notes != nil {
			names = []string{"zero", "one", "output 2"}
		}
		if p.Preparation != test.preparation || !slices.Equal(p.Classes, names) || (p.Said == nil) != test.silent || p.Named != (test.notes != nil) {
			t.Errorf("%v with %v: %q, %q, said %q", test.notes, test.input, p.Preparation, p.Classes, p.Said)
		}
	}
}

func TestBadNotes(t *testing.T) {
	network := perceptron(t, nn.Shape{2}, 2)
	for key, value := range map[string]string{ClassesKey: `{"a":1}`, PreparationKey: "fried", SplitKey: "x", TransposeKey: "perhaps", SidewaysKey: "perhaps"} {
		if _, err := FromNetwork(network, map[string]string{key: value}, "net.safetensors"); err == nil || !strings.Contains(err.Error(), "net.safetensors: the note "+key) {
			t.Errorf("%s=%s: error %v", key, value, err)
		}
	}
	if _, err := FromNetwork(network, map[string]string{ClassesKey: `["a","b","c"]`}, "n"); err == nil || !strings.Contains(err.Error(), "3 classes are named, but the network has 2 outputs") {
		t.Errorf("error %v", err)
	}
}

// TestFilesMeanTheSame answers alike by a checkpoint and by its ONNX export.
func TestFilesMeanTheSame(t *testing.T) {
	network := perceptron(t, nn.Shape{1, 6, 5}, 3)
	meaning := Meaning{Data: "fashion", Classes: []string{"coat", "bag\nof two lines", "sandal"}, Preparation: Stretched}
	notes, err := json.Marshal(meaning.Notes())
	if err != nil {
		t.Fatal(err)
	}
	metadata := map[string]string{"deepfry.notes": string(notes)}
	dir := t.TempDir()
	paths := []string{filepath.Join(dir, "net.safetensors"), filepath.Join(dir, "net.onnx")}
	if err := checkpoint.Save(paths[0], network, checkpoint.Extra{Metadata: metadata}); err != nil {
		t.Fatal(err)
	}
	model, err := onnx.FromNetwork(network, onnx.Options{Metadata: metadata})
	if err == nil {
		err = model.Save(paths[1])
	}
	if err != nil {
		t.Fatal(err)
	}
	x := normals(30)
	var answers []Answer
	for _, path := range paths {
		p, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if p.Data != "fashion" || !slices.Equal(p.Classes, meaning.Classes) || p.Preparation != Stretched || p.Said != nil || !slices.Equal(p.Input, []int{1, 6, 5}) {
			t.Errorf("%s means %+v of %v, and says %q", path, p.Meaning, p.Input, p.Said)
		}
		a, err := p.Answer(x)
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, a)
	}
	if !reflect.DeepEqual(answers[0], answers[1]) {
		t.Errorf("%+v by the checkpoint, %+v by the ONNX file", answers[0], answers[1])
	}
}

func TestLabels(t *testing.T) {
	p := &Predictor{Meaning: Meaning{Classes: []string{"cat", "dog", "egg"}}, Named: true}
	if labels, err := p.Labels([]string{"egg", "cat"}); err != nil || !slices.Equal(labels, []int{2, 0}) {
		t.Errorf("%v (%v), want 2 and 0", labels, err)
	}
	if _, err := p.Labels([]string{"egg", "Cat", "wolf"}); err == nil || !strings.Contains(err.Error(), "does not know: Cat, wolf; the file's are cat, dog, egg") {
		t.Errorf("error %v", err)
	}
	p.Named = false // as many classes as outputs, or fewer
	if labels, err := p.Labels([]string{"x", "y"}); err != nil || !slices.Equal(labels, []int{0, 1}) {
		t.Errorf("%v (%v), want 0 and 1", labels, err)
	}
	if _, err := p.Labels([]string{"w", "x", "y", "z"}); err == nil {
		t.Error("four classes for three outputs: no error")
	}
}

func TestEvaluate(t *testing.T) {
	network := perceptron(t, nn.Shape{1, 1, 2}, 2)
	copy(network.Param("layer0.weight").Data, []float32{1, 0, 0, 1}) // the brighter pixel wins
	p, err := FromNetwork(network, map[string]string{ClassesKey: `["left","right"]`}, "test")
	if err != nil {
		t.Fatal(err)
	}
	images := &dataset.Images{
		Channels: 1, Height: 1, Width: 2, Classes: []string{"right", "left"}, // not the network's order
		Pixels: []byte{9, 0, 0, 9, 8, 1, 1, 8}, Labels: []int32{1, 0, 0, 1},
	}
	var seen []string
	tally, err := p.Evaluate(t.Context(), images, func(i int, a Answer) { seen = append(seen, fmt.Sprint(i, a.Name)) })
	if err != nil {
		t.Fatal(err)
	}
	if tally.Errors != 2 || tally.Rows != 4 || fmt.Sprint(tally.Confusion) != "[[1 1] [1 1]]" || fmt.Sprint(seen) != "[0left 1right 2left 3right]" {
		t.Errorf("%+v, seen %v", tally, seen)
	}
	images.Width, images.Height = 1, 2
	if _, err := p.Evaluate(t.Context(), images, nil); err == nil || !strings.Contains(err.Error(), "takes images of 1×1×2") {
		t.Errorf("error %v", err)
	}
}

// lineMachine predicts twice the first number of two, or which of two classes.
func lineMachine(t *testing.T, csv string, classes []string) *Predictor {
	t.Helper()
	path := filepath.Join(t.TempDir(), "train.csv")
	if err := os.WriteFile(path, []byte(csv), 0o644); err != nil {
		t.Fatal(err)
	}
	tab, err := table.Read(path, table.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if classes != nil {
		if err := tab.SetTask(table.Classification); err != nil {
			t.Fatal(err)
		}
	}
	rows := make([]int, tab.Len())
	for i := range rows {
		rows[i] = i
	}
	encoder, err := table.NewEncoder(tab, rows, table.EncoderOptions{Raw: true})
	if err != nil {
		t.Fatal(err)
	}
	note, err := json.Marshal(encoder)
	if err != nil {
		t.Fatal(err)
	}
	m := &machine.Model{Columns: machine.Columns{Inputs: 2, Outputs: 1}, Weights: []float32{2, 0}, Bias: []float64{0}, Notes: map[string]string{TableKey: string(note)}}
	if classes != nil {
		m.Columns = machine.Columns{Inputs: 2, Classes: classes}
		m.Weights, m.Bias, m.Logits = []float32{1, 0, -1, 0}, []float64{0, 0}, true
	}
	p, err := FromMachine(m, "line")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRows(t *testing.T) {
	p := lineMachine(t, "a,b,y\n1,5,2.5\n2,6,3.5\n3,7,6.25\n", nil)
	var got []string
	for row, err := range p.Rows(strings.NewReader("y,b,a\n2,0,1\n5,0,3\n"), "new", table.Options{}) { // another order
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(row.Line, row.Value, row.Targets[0]))
	}
	if want := []string{"2 2 2", "3 6 5"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if a, err := p.Row("4", "0"); err != nil || a.Value != 8 || a.Class != -1 {
		t.Errorf("%+v (%v), want 8", a, err)
	}
	if _, err := p.Row("4"); err == nil || !strings.Contains(err.Error(), "a row of 1 cells, want 2") {
		t.Errorf("error %v", err)
	}
	if _, err := p.Row("4", "x"); err == nil || !strings.Contains(err.Error(), "not a number") {
		t.Errorf("error %v", err)
	}
	for _, header := range []string{"", "p,q,class\n"} {
		classes := lineMachine(t, header+"1,5,yes\n-2,6,no\n3,7,yes\n", []string{"yes", "no"})
		if a, err := classes.Row("-1", "0"); err != nil || a.Name != "no" || a.String() != "no (88.1%)" || math.Abs(a.Probability-1/(1+math.Exp(-2))) > 1e-6 {
			t.Errorf("with the header %q: %+v (%v), want no", header, a, err)
		}
	}
	libsvm := lineMachine(t, "0 1:2 2:3\n1.5 1:1\n2 1:4 2:1\n", nil)
	if a, err := libsvm.Row("4", "1"); err != nil || a.Value != 8 {
		t.Errorf("LIBSVM: %+v (%v), want 8", a, err)
	}
	if _, err := (&Predictor{}).Row("1"); err == nil {
		t.Error("a file that takes no rows: no error")
	}
}

// TestRowsAndSourcesAgree: the figures of a table are the same to the bit, whether it is
// read row by row or as a source.
func TestRowsAndSourcesAgree(t *testing.T) {
	classes := []string{"no", "yes"}
	p := lineMachine(t, "p,q,class\n1,5,yes\n-2,6,no\n3,7,yes\n", classes)
	text := "p,q,class\n"
	var x []float32
	var labels []int32
	for i := range 300 { // more than are answered at a time
		v := float32(i%7) - 3
		x, labels = append(x, v, 0), append(labels, int32(i%2))
		text += fmt.Sprintf("%v,0,%s\n", v, classes[i%2])
	}
	tallies := p.Tallies()
	for row, err := range p.Rows(strings.NewReader(text), "new", table.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		tallies.Add(row.Targets, row.Weight, row.Answer)
	}
	source, err := machine.NewClasses(2, x, labels, classes)
	if err != nil {
		t.Fatal(err)
	}
	same, err := p.EvaluateRows(t.Context(), source)
	if err != nil || !reflect.DeepEqual(tallies, same) {
		t.Errorf("%+v and %+v (%v)", *tallies[0], *same[0], err)
	}
	source, err = source.WithWeights(slices.Repeat([]float64{0.5, 2}, 150))
	if err != nil {
		t.Fatal(err)
	}
	weighted, err := p.EvaluateRows(t.Context(), source)
	if w := weighted[0]; err != nil || !w.Weighted() || w.Errors != tallies[0].Errors || w.ErrorPercent() == tallies[0].ErrorPercent() {
		t.Errorf("by weight %+v (%v)", *weighted[0], err)
	}
}

func TestRowsEndWithAnError(t *testing.T) {
	p := lineMachine(t, "a,b,y\n1,5,2.5\n2,6,3.5\n3,7,6.25\n", nil)
	rows, failed := 0, error(nil)
	for _, err := range p.Rows(strings.NewReader("a,b\n1,0\n2,oops\n3,0\n"), "new.csv", table.Options{}) {
		if err != nil {
			failed = err
		} else {
			rows++
		}
	}
	if rows != 1 || failed == nil || !strings.Contains(failed.Error(), "new.csv: line 3") {
		t.Errorf("%d rows, then %v", rows, failed)
	}
}

func TestReadKnowsMachines(t *testing.T) {
	p := lineMachine(t, "a,b,y\n1,5,2.5\n2,6,3.5\n3,7,6.25\n", nil)
	path := filepath.Join(t.TempDir(), "m.safetensors")
	if err := p.Machine.Save(path); err != nil {
		t.Fatal(err)
	}
	opened, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if a, err := opened.Row("4", "0"); err != nil || a.Value != 8 {
		t.Errorf("%+v (%v), want 8", a, err)
	}
	if _, err := Read(bytes.NewReader([]byte("no model")), "text.safetensors"); err == nil || !strings.Contains(err.Error(), "text.safetensors: ") {
		t.Errorf("error %v", err)
	}
}

// TestOldFile opens a checkpoint from before classes were a list and files had a
// checksum.
func TestOldFile(t *testing.T) {
	p, err := Open("../train/testdata/without-checksum.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	if p.Data != "stripes" || !p.Named || len(p.Classes) != 8 || p.TrainedOn != nil || p.Preparation != Ink {
		t.Errorf("%+v, %q, prepared %q", p.Meaning, p.Said, p.Preparation)
	}
}

// TestOtherFiles: what is no model is named.
func TestOtherFiles(t *testing.T) {
	dir := t.TempDir()
	for content, want := range map[string]string{
		"\x89PNG\r\n\x1a\n": "a PNG picture", "a,b\n1,2\n": "a table as text", "": "an empty file", "{}": "a JSON file",
	} {
		path := filepath.Join(dir, "net.onnx") // the content decides
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "net.onnx: expected a network or a kernel machine, as a safetensors or ONNX file, found "+want) {
			t.Errorf("%q: error %v", content, err)
		}
	}
	if _, err := Open(dir); err == nil {
		t.Error("a folder: no error")
	}
}

func TestPreparationOf(t *testing.T) {
	figures := &dataset.Images{Channels: 1, Height: 28, Width: 28, Pixels: make([]byte, 100*784), Labels: make([]int32, 100)}
	for i := range figures.Len() {
		for at := range 784 {
			if y, x := at/28, at%28; y >= 4 && y < 24 && x >= 4 && x < 24 {
				figures.Pixels[i*784+at] = byte(i * at)
			}
		}
	}
	if got := preparationOf(&dataset.Dataset{Train: figures}); got != Digit {
		t.Errorf("figures with a margin: %q", got)
	}
	if got := preparationOf(&dataset.Dataset{Train: figures, Pictures: true}); got != Stretched {
		t.Errorf("a folder of them: %q", got)
	}
	if got := preparationOf(&dataset.Dataset{Train: figures, Pictures: true, Cover: true}); got != Covered {
		t.Errorf("a folder of them that keep their proportions: %q", got)
	}
	for i := range 11 {
		figures.Pixels[i*784] = 255
	}
	if got := preparationOf(&dataset.Dataset{Train: figures}); got != Ink {
		t.Errorf("eleven of a hundred without a margin: %q", got)
	}
	figures.Channels, figures.Height = 2, 14
	if got := preparationOf(&dataset.Dataset{Train: figures}); got != Ink {
		t.Errorf("images of 2×14×28: %q", got)
	}
	for name, want := range map[string]Preparation{"mnist": Digit, "fashion": Ink} {
		data, err := dataset.Open(name)
		if err != nil {
			t.Skip(err) // Fashion-MNIST does not come with the modules
		}
		if got := preparationOf(data); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// TestSeveralTargets: an estimate for each, their names and tallies, and rows that do not
// know all of them.
func TestSeveralTargets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "train.csv")
	if err := os.WriteFile(path, []byte("a,p,q,w\n1,5,1.5,1\n2,6,2.5,3\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	tab, err := table.Read(path, table.Options{Targets: []string{"q", "p"}, Weight: "w"})
	if err != nil {
		t.Fatal(err)
	}
	encoder, err := table.NewEncoder(tab, []int{0, 1}, table.EncoderOptions{Raw: true})
	if err != nil {
		t.Fatal(err)
	}
	note, err := json.Marshal(encoder)
	if err != nil {
		t.Fatal(err)
	}
	m := &machine.Model{Columns: machine.Columns{Inputs: 1, Outputs: 2}, Weights: []float32{1, 10}, Bias: []float64{0, 5}, Notes: map[string]string{TableKey: string(note)}}
	p, err := FromMachine(m, "two")
	if err != nil {
		t.Fatal(err)
	}
	tallies := p.Tallies()
	for row, err := range p.Rows(strings.NewReader("w,a,p,q\n2,1,16,1\n1,2,,5\n"), "new", table.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		if row.Value != row.Estimates[0].Value || row.Estimates[1].Value != 10*row.Value+5 {
			t.Errorf("estimates %+v", row.Estimates)
		}
		tallies.Add(row.Targets, row.Weight, row.Answer)
	}
	if q, p := tallies[0], tallies[1]; q.Rows != 2 || p.Rows != 1 || q.MAE() != 1 || p.MAE() != 1 || q.RMSE() != math.Sqrt(3) {
		t.Errorf("q: %+v\np: %+v", *q, *p)
	}
	if a, err := p.Row("2"); err != nil || a.Value != 2 || a.Estimates[1].Value != 25 || a.String() != "2, 25" {
		t.Errorf("%v (%v)", a, err)
	}
	source, err := machine.NewTargets(1, 2, []float32{1, 2}, []float64{1, 16, 5, 25})
	if err != nil {
		t.Fatal(err)
	}
	same, err := p.EvaluateRows(t.Context(), source)
	if err != nil || len(same) != 2 || same[0].RMSE() != math.Sqrt(4.5) || same[1].MAE() != 0.5 {
		t.Errorf("%+v (%v)", same, err)
	}
	m.Columns.Outputs, m.Weights, m.Bias = 3, []float32{1, 2, 3}, []float64{0, 0, 0}
	if _, err := FromMachine(m, "three"); err == nil || !strings.Contains(err.Error(), "three: the machine has 3 values for a row, but 2 targets are noted") {
		t.Errorf("error %v", err)
	}
}

func TestSamples(t *testing.T) {
	p, err := FromNetwork(perceptron(t, nn.Shape{2}, 3), nil, "test")
	if err != nil {
		t.Fatal(err)
	}
	samples := &dataset.Samples{Inputs: normals(600), Labels: make([]int32, 300)} // more than are answered at once
	seen := 0
	tally, err := p.EvaluateSamples(t.Context(), samples, func(i int, a Answer) error {
		if want, err := p.Answer(samples.Inputs[2*i : 2*i+2]); err != nil || want.Class != a.Class || i != seen {
			t.Errorf("sample %d is of class %d, alone %d (%v)", i, a.Class, want.Class, err)
		}
		seen++
		return nil
	})
	if err != nil || seen != 300 || tally.Rows != 300 || tally.Errors == 0 || tally.Errors == 300 {
		t.Errorf("%d seen, %+v (%v)", seen, tally, err)
	}
	samples.Labels = nil
	if tally, err := p.EvaluateSamples(t.Context(), samples, nil); err != nil || tally != nil {
		t.Errorf("%+v (%v), want none without labels", tally, err)
	}
}

// TestStandardize has a network from elsewhere, for which values are standardised
// wherever they come from, and one of Deepfry's own.
func TestStandardize(t *testing.T) {
	network := perceptron(t, nn.Shape{1, 1, 2}, 2)
	copy(network.Param("layer0.weight").Data, []float32{1, 0, 0, 1}) // outputs are inputs
	p, err := FromNetwork(network, nil, "test")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Standardize(dataset.Standardization{Mean: []float32{0.2}, Deviation: []float32{0.5}}); err != nil {
		t.Fatal(err)
	}
	want := []float32{(1 - 0.2) / 0.5, (0.4 - 0.2) / 0.5} // of the bytes 255 and 102
	near := func(from string, got []float32) {
		t.Helper()
		if len(got) != 2 || math.Abs(float64(got[0]-want[0])) > 1e-6 || math.Abs(float64(got[1]-want[1])) > 1e-6 {
			t.Errorf("%s: outputs %v, want %v", from, got, want)
		}
	}
	images := &dataset.Images{Channels: 1, Height: 1, Width: 2, Classes: []string{"0", "1"}, Pixels: []byte{255, 102}, Labels: []int32{0}}
	if _, err := p.Evaluate(t.Context(), images, func(_ int, a Answer) { near("images", a.Scores) }); err != nil {
		t.Error(err)
	}
	picture := image.NewGray(image.Rect(0, 0, 2, 1))
	copy(picture.Pix, images.Pixels)
	answer, prepared, err := p.Image(picture)
	if err != nil {
		t.Fatal(err)
	}
	near("a picture", answer.Scores)
	near("the input of a picture", prepared.Input)
	if bytes, err := p.PrepareBytes(picture); err != nil || !slices.Equal(bytes, images.Pixels) {
		t.Errorf("bytes %v, %v", bytes, err)
	}
	path := filepath.Join(t.TempDir(), "x.npz")
	for from, values := range map[string]any{"bytes": images.Pixels, "numbers": []float32{1, 0.4}} {
		if err := os.WriteFile(path, check.NPZ(map[string]check.Array{"x": {Shape: []int{1, 1, 1, 2}, Values: values}}), 0o644); err != nil {
			t.Fatal(err)
		}
		samples, _, err := p.OpenSamples(path)
		if err != nil {
			t.Fatal(err)
		}
		near(from, samples.Inputs)
	}
	if err := p.Standardize(dataset.Standardization{Mean: []float32{128}}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Evaluate(t.Context(), images, nil); err == nil || !strings.Contains(err.Error(), "by 255") {
		t.Errorf("a mean of bytes: %v", err)
	}

	if err := p.Standardize(dataset.Standardization{Mean: []float32{1, 2, 3}}); err == nil || !strings.Contains(err.Error(), "the mean has 3 numbers") {
		t.Errorf("three means for one channel: %v", err)
	}
	for _, notes := range []map[string]string{{DataKey: "mnist"}, {PreparationKey: "ink"}} {
		own, err := FromNetwork(network, notes, "test")
		if err != nil {
			t.Fatal(err)
		}
		if err := own.Standardize(dataset.Standardization{}); err != nil {
			t.Errorf("nothing is to be standardised: %v", err)
		}
		if err := own.Standardize(dataset.Standardization{Deviation: []float32{0.5}}); err == nil || !strings.Contains(err.Error(), "networks from elsewhere") {
			t.Errorf("%v: %v", notes, err)
		}
	}
}

func TestTakesSamples(t *testing.T) {
	for _, c := range []struct {
		input nn.Shape
		data  string
		want  bool
	}{
		{nn.Shape{1, 1, 2}, "", true}, // from elsewhere
		{nn.Shape{1, 1, 2}, "mnist", false},
		{nn.Shape{2}, "mnist", true},
	} {
		p, err := FromNetwork(perceptron(t, c.input, 2), map[string]string{DataKey: c.data}, "test")
		if err != nil {
			t.Fatal(err)
		}
		if got := p.TakesSamples("some.NPZ"); got != c.want || p.TakesSamples("folder") {
			t.Errorf("%v, trained on %q: %v", c.input, c.data, got)
		}
	}
}

// TestLargeValues keep the digits of float64.
func TestLargeValues(t *testing.T) {
	m := &machine.Model{Columns: machine.Columns{Inputs: 1, Outputs: 1}, Weights: []float32{0.5}, Bias: []float64{1700000001.3}}
	p, err := FromMachine(m, "large")
	if err != nil {
		t.Fatal(err)
	}
	if a, err := p.Answer([]float32{0.25}); err != nil || a.Value != 1700000001.425 {
		t.Errorf("%v, %v", a.Value, err)
	}
}

// TestCovered: a picture, and one in a folder, are prepared as those of the training,
// which kept their proportions.
func TestCovered(t *testing.T) {
	wide := image.NewRGBA(image.Rect(0, 0, 40, 8)) // red, and in the middle green
	draw.Draw(wide, wide.Rect, image.NewUniform(color.RGBA{255, 0, 0, 255}), image.Point{}, draw.Src)
	draw.Draw(wide, image.Rect(16, 0, 24, 8), image.NewUniform(color.RGBA{0, 255, 0, 255}), image.Point{}, draw.Src)
	green := slices.Concat(make([]float32, 16), slices.Repeat([]float32{1}, 16), make([]float32, 16))
	dir := t.TempDir()
	for _, class := range []string{"zero", "one"} {
		for i := range 4 {
			path := filepath.Join(dir, class, fmt.Sprint(i, ".png"))
			var file bytes.Buffer
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), png.Encode(&file, wide), os.WriteFile(path, file.Bytes(), 0o666)); err != nil {
				t.Fatal(err)
			}
			wide.Pix[0] -= 10 // in a corner, so that the files differ
		}
	}
	options := dataset.Options{Input: []int{3, 4, 4}, Cover: true}
	trained, err := dataset.OpenWith(dir, options)
	if err != nil {
		t.Fatal(err)
	}
	p, err := FromNetwork(perceptron(t, nn.Shape{3, 4, 4}, 2), MeaningOf(trained, options).Notes(), "test")
	if err != nil {
		t.Fatal(err)
	}
	if prepared, err := p.Prepare(wide); err != nil || !slices.Equal(prepared.Input, green) {
		t.Errorf("a picture became %v (%v)", prepared.Input, err)
	}
	for _, memory := range []int64{0, 1} { // kept, and read anew
		data, err := p.OpenImages(dir, dataset.Options{Memory: memory})
		if err != nil {
			t.Fatal(err)
		}
		got, err := data.Test.Image(0, make([]byte, 48))
		if err != nil || !slices.Equal(dataset.Unit(got), green) || !data.Cover {
			t.Errorf("a picture of a folder became %v (%v), cover %v", got, err, data.Cover)
		}
		options := dataset.Options{Input: []int{3, 4, 4}, Memory: memory}
		stretched, err := dataset.OpenWith(dir, options)
		if err != nil || stretched.Cover || stretched.Train.Identity() == data.Train.Identity() {
			t.Errorf("stretched pictures have the identity of covered ones (%v), cover %v", err, stretched.Cover)
		}
	}
}
