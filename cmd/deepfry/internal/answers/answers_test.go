package answers

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/dataset/table"
	"github.com/deepfry/deepfry/kernel/machine"
	"github.com/deepfry/deepfry/predict"
)

// linear returns the predictor of a machine with these weights for the numbers of a table
// with the given header, whose last columns are targets.
func linear(t *testing.T, header string, targets []string, m *machine.Model) *predict.Predictor {
	t.Helper()
	path := filepath.Join(t.TempDir(), "t.csv")
	cells := strings.Repeat("1,", strings.Count(header, ",")) + "1\n"
	if m.Columns.Classes != nil {
		cells = ""
		for _, class := range m.Columns.Classes {
			cells += strings.Repeat("1,", strings.Count(header, ",")) + class + "\n"
		}
	}
	if err := os.WriteFile(path, []byte(header+"\n"+cells), 0o644); err != nil {
		t.Fatal(err)
	}
	tab, err := table.Read(path, table.Options{Targets: targets, Dialect: table.Dialect{Header: table.WithHeader}})
	if err != nil {
		t.Fatal(err)
	}
	encoder, err := table.NewEncoder(tab, []int{0}, table.EncoderOptions{Raw: true})
	if err != nil {
		t.Fatal(err)
	}
	note, err := json.Marshal(encoder)
	if err != nil {
		t.Fatal(err)
	}
	m.Notes = map[string]string{predict.TableKey: string(note)}
	p, err := predict.FromMachine(m, "linear")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// written returns what a writer makes of tables.
func written(t *testing.T, p *predict.Predictor, make func(*strings.Builder) Writer, pass []string, tables ...string) (string, error) {
	t.Helper()
	var b strings.Builder
	w := make(&b)
	for _, content := range tables {
		reader, err := p.Reader(strings.NewReader(content), "new", table.Options{Pass: pass})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Begin("new", reader.Passed()); err != nil {
			return b.String(), err
		}
		for row, err := range p.ReadRows(reader) {
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Row(row); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.End(); err != nil {
			t.Fatal(err)
		}
	}
	return b.String(), nil
}

func TestWriters(t *testing.T) {
	value := linear(t, "x,y", nil, &machine.Model{Columns: machine.Columns{Inputs: 1, Outputs: 1}, Weights: []float32{1}, Bias: []float64{1e6}})
	several := linear(t, "x,y,z", []string{"z", "y"}, &machine.Model{Columns: machine.Columns{Inputs: 1, Outputs: 2}, Weights: []float32{1, -2}, Bias: []float64{0, 0}})
	classes := machine.Columns{Inputs: 1, Classes: []string{"a", "b"}}
	scores := linear(t, "x,c", nil, &machine.Model{Columns: classes, Weights: []float32{1, -1}, Bias: []float64{0, 0}})
	logits := linear(t, "x,c", nil, &machine.Model{Columns: classes, Weights: []float32{0, 0}, Bias: []float64{0, 0}, Logits: true})
	toText := func(p *predict.Predictor) func(*strings.Builder) Writer {
		return func(b *strings.Builder) Writer { return Text(b, p) }
	}
	toJSON := func(p *predict.Predictor) func(*strings.Builder) Writer {
		return func(b *strings.Builder) Writer { return JSON(b, p) }
	}
	toCSV := func(p *predict.Predictor) func(*strings.Builder) Writer {
		return func(b *strings.Builder) Writer { return CSV(b, p) }
	}
	for _, c := range []struct {
		p     *predict.Predictor
		write func(*strings.Builder) Writer
		pass  []string
		want  string
	}{
		{value, toText(value), nil, "new:2: 1000001.5\nnew:3: 999998\n"},
		{value, toJSON(value), nil, `{"table":"new","line":2,"value":1000001.5}` + "\n" + `{"table":"new","line":3,"value":999998}` + "\n"},
		{value, toCSV(value), []string{"id", "x"}, "id,x,prediction,low,high\n\"one, \"\"1\"\"\",1.50,1000001.5,,\n007,-2,999998,,\n"},
		{several, toText(several), nil, "new:2: z 1.5, y -3\nnew:3: z -2, y 4\n"},
		{several, toJSON(several), nil, `{"table":"new","line":2,"values":{"y":{"value":-3},"z":{"value":1.5}}}` + "\n" +
			`{"table":"new","line":3,"values":{"y":{"value":4},"z":{"value":-2}}}` + "\n"},
		{several, toCSV(several), nil, "prediction(z),low(z),high(z),prediction(y),low(y),high(y)\n1.5,,,-3,,\n-2,,,4,,\n"},
		{scores, toText(scores), nil, "new:2: a\nnew:3: b\n"},
		{scores, toJSON(scores), nil, `{"table":"new","line":2,"class":0,"name":"a","scores":{"a":1.5,"b":-1.5}}` + "\n" +
			`{"table":"new","line":3,"class":1,"name":"b","scores":{"a":-2,"b":2}}` + "\n"},
		{scores, toCSV(scores), []string{"all"}, "id,x,prediction,score(a),score(b)\n\"one, \"\"1\"\"\",1.50,a,1.5,-1.5\n007,-2,b,-2,2\n"},
		{logits, toText(logits), nil, "new:2: a (50.0%)\nnew:3: a (50.0%)\n"},
		{logits, toJSON(logits), nil, `{"table":"new","line":2,"class":0,"name":"a","probability":0.5,"probabilities":{"a":0.5,"b":0.5}}` + "\n" +
			`{"table":"new","line":3,"class":0,"name":"a","probability":0.5,"probabilities":{"a":0.5,"b":0.5}}` + "\n"},
		{logits, toCSV(logits), []string{"2"}, "x,prediction,p(a),p(b)\n1.50,a,0.5,0.5\n-2,a,0.5,0.5\n"},
	} {
		got, err := written(t, c.p, c.write, c.pass, "id,x\n\"one, \"\"1\"\"\",1.50\n007,-2\n")
		if err != nil || got != c.want {
			t.Errorf("%s\nwant %s(%v)", got, c.want, err)
		}
	}
}

func TestIntervals(t *testing.T) {
	low, high := 10.5, 14.0
	e := predict.Estimate{Value: 12.25, Low: low, High: high}
	a := predict.RowAnswer{Answer: predict.Answer{Class: -1, Estimate: e, Estimates: []predict.Estimate{e}}, Line: 7}
	p := linear(t, "x,y", nil, &machine.Model{Columns: machine.Columns{Inputs: 1, Outputs: 1}, Weights: []float32{1}, Bias: []float64{0}})
	var b strings.Builder
	for _, w := range []Writer{Text(&b, p), JSON(&b, p), CSV(&b, p)} {
		for _, err := range []error{w.Begin("t", nil), w.Row(a), w.End()} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	want := `t:7: 12.25 (10.5 to 14)
{"table":"t","line":7,"value":12.25,"low":10.5,"high":14}
prediction,low,high
12.25,10.5,14
`
	if b.String() != want {
		t.Errorf("%s\nwant %s", b.String(), want)
	}
}

// TestTablesBecomeOne: with one header, and only if their columns are the same.
func TestTablesBecomeOne(t *testing.T) {
	p := linear(t, "x,y", nil, &machine.Model{Columns: machine.Columns{Inputs: 1, Outputs: 1}, Weights: []float32{1}, Bias: []float64{0}})
	toCSV := func(b *strings.Builder) Writer { return CSV(b, p) }
	got, err := written(t, p, toCSV, []string{"id"}, "id,x\n1,2\n", "x,id\n3,4\n")
	if want := "id,prediction,low,high\n1,2,,\n4,3,,\n"; err != nil || got != want {
		t.Errorf("%q, want %q (%v)", got, want, err)
	}
	if _, err := written(t, p, toCSV, []string{"all"}, "id,x\n1,2\n", "x,id\n3,4\n"); err == nil || !strings.Contains(err.Error(), `new: the columns to pass through are ["x" "id"], but those of the first table ["id" "x"]`) {
		t.Errorf("error %v", err)
	}
	if _, err := written(t, p, toCSV, []string{"all"}, "x,low\n1,2\n"); !errors.Is(err, table.ErrColumn) || !strings.Contains(err.Error(), `"low" is what a column of the predictions is called`) {
		t.Errorf("error %v", err)
	}
}
