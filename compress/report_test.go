package compress

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// testReport is a report of many large layers, with names that are hard to write.
func testReport() *Report {
	r := &Report{
		Model: "folder/<script>&.onnx", Method: "auto", Date: time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC),
		Version: "v1", Command: "deepfry compress '<b>'", Machine: "a machine", Data: "<data>", Samples: &Split{48000, 12000, 5000, 5000},
		WeightsBefore: 40 * 1605632, WeightsAfter: 40 * 82944, FileBefore: 40 * 6426624, FileAfter: 40 * 335872, FineTune: 1000,
		Before: &Cost{40 * 1605632, 40 * 6426624, 40 * 1605632, 76123.4}, After: &Cost{40 * 82944, 40 * 335872, 40 * 82944, 3512.3},
		ErrorBefore: new(12.01), ErrorAfter: new(9.49), OutputError: new(0.7362), Notes: []string{"a <note>"},
	}
	for i := range 40 {
		l := LayerReport{
			Name: fmt.Sprintf("%s/layers.%d/<MatMul> \"quoted\" & so on", strings.Repeat("/encoder", i%7), i), Inputs: 1568, Outputs: 1024,
			Method: "svd", Size: 32, Error: new(0.0664), Before: Cost{1605632, 6426624, 1605632, 1903.1}, After: Cost{82944, 335872, 82944, 87.8},
		}
		for k, m := range registry {
			for n := 1; n <= 64; n *= 2 {
				l.Tried = append(l.Tried, Trial{Method: m.Name(), Size: n, Weights: (2592 + k) * n, Error: new(1 / float64(n+k))})
			}
		}
		l.Tried = append(l.Tried, Trial{Method: "svd", Size: 2000, Weights: 5184000, Note: "no less"})
		r.Layers = append(r.Layers, l)
	}
	return r
}

// ungrouped finds numbers without thousands apart, but in shapes such as 1568×1024.
var ungrouped = regexp.MustCompile(`(?:^|[^0-9×])[0-9]{4,}(?:$|[^0-9×])`)

func TestReportText(t *testing.T) {
	r := testReport()
	var text strings.Builder
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if got := ungrouped.FindString(text.String()); got != "" {
		t.Errorf("%s… has no thousands apart:\n%s", got, text.String())
	}
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	want := "64,225,280 weights → 3,317,760, 19.4 times less; error on <data> 12.01% → 9.49%; file 257,064,960 bytes → 13,434,880"
	if last := lines[len(lines)-1]; last != want {
		t.Errorf("the last line is %q", last)
	}
	// Short names leave 80 columns, and each number is under its heading.
	r.Layers = r.Layers[:1]
	r.Layers[0].Name = "fc1"
	r.Before, r.After = &r.Layers[0].Before, &r.Layers[0].After
	text.Reset()
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	want = `                            --- weights ----  ---- kB ----  ---- µs ----  output
layer         size     now     before  after  before after  before after   error
fc1      1568×1024  svd 32  1,605,632 82,944   6,427   336   1,903  87.8   6.64%
network                     1,605,632 82,944   6,427   336   1,903  87.8  73.62%

`
	if got := text.String(); !strings.HasPrefix(got, want) {
		t.Errorf("the table is\n%s", got)
	}
	for line := range strings.Lines(want) {
		if n := utf8.RuneCountInString(line) - 1; n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// TestReportPage reads the page as XML, which finds tags and quotes that do not match,
// and looks at all text that is no note.
func TestReportPage(t *testing.T) {
	var page strings.Builder
	if err := testReport().WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "http://", "https://", "ZgotmplZ", "NaN", "Inf", "<MatMul>", "<data>", "<b>", "<note>"} {
		if strings.Contains(page.String(), bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	texts := map[string]int{}
	decoder := xml.NewDecoder(strings.NewReader(page.String()))
	var open []string
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			open = append(open, token.Name.Local)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			text := string(token)
			texts[text]++
			quoted := slices.ContainsFunc(open, func(tag string) bool { return tag == "style" || tag == "dd" }) // dates and commands
			if !quoted && ungrouped.MatchString(text) {
				t.Errorf("in %v: %q has no thousands apart", open, text)
			}
		}
	}
	for _, want := range []string{
		"<script>&.onnx, compressed", "2 January 2026, 03:04 UTC", "v1", "deepfry compress '<b>'", "a machine", "19.4× less", "-2.52 points",
		"svd", "fastfood", "rp", "lowrank", "svd 32", "weights of the layer (logarithmic)", "100,000", "1,605,632", "a <note>", "bytes of a layer", "before", "after",
	} {
		if texts[want] == 0 {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Index(page.String(), "legend\"") > strings.Index(page.String(), "<figure>") {
		t.Error("the legend is behind the charts")
	}
}

// TestMethodsLookDifferent: each method of a report has a colour and a shape of its own.
func TestMethodsLookDifferent(t *testing.T) {
	if len(registry) > styles {
		t.Errorf("%d methods have %d colours and shapes", len(registry), styles)
	}
	for i := range styles {
		if want := fmt.Sprintf(`id="m%d"`, i); !strings.Contains(reportHTML, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

// TestContrast has texts, in light and in dark, at a ratio of 4.5 or more to the
// paper (WCAG 2.2, 1.4.3), and bars at 3.
func TestContrast(t *testing.T) {
	colours := regexp.MustCompile(`--(\w+): #(\w+)`)
	light, dark, _ := strings.Cut(reportHTML, "@media (prefers-color-scheme: dark)")
	for scheme, css := range map[string]string{"light": light, "dark": dark} {
		found := map[string]float64{}
		for _, m := range colours.FindAllStringSubmatch(css, -1) {
			found[m[1]] = luminance(t, m[2])
		}
		for _, name := range []string{"ink", "quiet", "c0", "c1", "c2", "c3", "after", "before"} {
			least := 4.5
			if name == "before" {
				least = 3
			}
			a, b := found[name], found["paper"]
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < least {
				t.Errorf("%s: %s is at %.2f to the paper", scheme, name, ratio)
			}
		}
		// In grey, what was before is told from what is after.
		if a, b := found["before"], found["after"]; (max(a, b)+0.05)/(min(a, b)+0.05) < 2 {
			t.Errorf("%s: before and after are alike in grey", scheme)
		}
	}
}

// luminance is WCAG's relative luminance of a colour of three or six digits.
func luminance(t *testing.T, hex string) float64 {
	if len(hex) == 3 {
		hex = strings.Join([]string{hex[:1], hex[:1], hex[1:2], hex[1:2], hex[2:], hex[2:]}, "")
	}
	total := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		v, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(v) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		total += weight * c
	}
	return total
}

func TestEvenTicks(t *testing.T) {
	for most, want := range map[float64]string{
		0: "0 0.25 0.5 0.75 1", 3: "0 1 2 3", 18: "0 5 10 15 20", 98.2: "0 25 50 75 100", 400000: "0 100,000 200,000 300,000 400,000",
		1605632: "0 500,000 1,000,000 1,500,000 2,000,000", 5e9: "0 2,500,000,000 5,000,000,000",
	} {
		ticks, last := evenTicks(most)
		var texts []string
		for _, tick := range ticks {
			texts = append(texts, tick.Text)
		}
		if got := strings.Join(texts, " "); got != want || last < most {
			t.Errorf("%v: %s, want %s; the last is %v", most, got, want, last)
		}
	}
}

func TestShorten(t *testing.T) {
	for name, want := range map[string]string{
		"":    "",
		"fc1": "fc1",
		"/transformer/encoder/layers.10/linear1/MatMul": "/transform…/layers.10/linear1/MatMul",
		strings.Repeat("é", 37):                         strings.Repeat("é", 10) + "…" + strings.Repeat("é", 25),
		strings.Repeat("é", 36):                         strings.Repeat("é", 36),
	} {
		if got := shorten(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// TestPlotTrials: a layer that was kept is what was chosen; what was refused is not
// drawn; all marks are in the plot, and powers of ten that are many are every second one.
func TestPlotTrials(t *testing.T) {
	l := LayerReport{Method: "dense", Before: Cost{Weights: 100_000_000}, Tried: []Trial{
		{Method: "svd", Size: 4, Weights: 4000, Error: new(0.5)}, {Method: "svd", Size: 1, Weights: 10, Error: new(0.98)},
		{Method: "rp", Size: 1, Weights: 30, Note: "refused", Error: new(3.0)}, {Method: "svd", Size: 9, Weights: 9000, Note: "not made"},
	}}
	p := plotTrials(l)
	if p == nil || len(p.Marks) != 2 || len(p.Lines) != 1 || p.Chosen != p.Dense || p.Dense.X != 100 || p.Label != "as it was" {
		t.Fatalf("the plot is %+v", p)
	}
	var ticks []string
	for _, tick := range p.X {
		ticks = append(ticks, tick.Text)
	}
	if got := strings.Join(ticks, " "); got != "10 1,000 100,000 10,000,000" {
		t.Errorf("weights are at %s", got)
	}
	if a, b := p.Marks[0], p.Marks[1]; a.X != 0 || math.Abs(a.Y-2) > 1e-9 || b.X <= a.X || b.Y != 50 {
		t.Errorf("marks are at %v, %v and %v, %v", a.X, a.Y, b.X, b.Y)
	}
	l.Method, l.Size = "svd", 4
	if p := plotTrials(l); p.Chosen != p.Marks[1] || p.Label != "svd 4" {
		t.Errorf("%s at %v was chosen", p.Label, p.Chosen.X)
	}
	l.Tried = l.Tried[1:]
	if plotTrials(l) != nil {
		t.Error("a plot of a single trial")
	}
}

// TestReportOfRun writes the report of a network that was compressed.
func TestReportOfRun(t *testing.T) {
	network, data := classifier(t)
	model, err := FromNetwork(network)
	if err != nil {
		t.Fatal(err)
	}
	r, err := model.Compress(context.Background(), Options{Methods: []Method{SVD}, Budget: 2, Data: data, AllowSlower: true})
	if err != nil {
		t.Fatal(err)
	}
	var text, page strings.Builder
	if err := errors.Join(r.Report.WriteText(&text), r.Report.WriteHTML(&page)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\nfc1 ", "\nnetwork ", "times less; error on places"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the text lacks %q:\n%s", want, text.String())
		}
	}
	if plots := strings.Count(page.String(), `class="plot"`); plots != 3 {
		t.Errorf("%d plots for 3 layers", plots)
	}
	if rings := strings.Count(page.String(), `r="10"`); rings < 2 {
		t.Errorf("%d choices are marked", rings)
	}
	s := r.Report.Samples
	if s == nil || s.Fitted+s.Held != len(data.Train.Labels) || s.Chosen+s.Tested != len(data.Test.Labels) {
		t.Errorf("the samples are %+v of %d and %d", s, len(data.Train.Labels), len(data.Test.Labels))
	}
}
