package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/internal/check"

	"github.com/alecthomas/kong"
	"github.com/deepfry/deepfry/checkpoint"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/onnx"
	"github.com/rogpeppe/go-internal/testscript"
	"google.golang.org/protobuf/encoding/protowire"
)

// beDeepfry makes the test binary run as the command, for tests that kill it.
const beDeepfry = "DEEPFRY_TEST_BE_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(beDeepfry) != "" {
		main()
		return
	}
	testscript.Main(m, map[string]func(){"deepfry": main})
}

// TestScripts runs testdata/*.txtar. A script can call
//
//	makedata DIR TRAIN TEST   to write a data set of that many images
//	makepictures DIR N        to write so many pictures of each of three classes
//	makeletters DIR N         to write a set like EMNIST's, N images of each of 14 letters
//	makeletter FILE.png LABEL to draw one of them, upright, dark on light
//	makedigit FILE.png LABEL  to write one such image, dark on light
//	maketable FILE ROWS       to write a table, in the format that FILE ends in
//	makelines FILE.csv ROWS   to write a table of a line, y, and the side of it, class, with
//	                          a tab in a name, and with weights, w
//	makefries FILE.png W H    to write a picture in colours
//	makesamples FILE.npz N A  to write N images as arrays of the names A, such as
//	                          x,y or x_train,y_train,x_test,y_test, all parts alike
//	makemodel FILE C H W [N]  to write a small network, of N outputs or ten, as a checkpoint
//	                          or ONNX file
//	makeexternal FILE.onnx N  to write an Erf and a product by N×N weights, which are in
//	                          FILE.onnx.data
//	damage FILE OLD NEW       to replace bytes of a file, which may be \x00
//	jsonlast FILE KEY VALUE   to check a field of a file's last JSON line
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"makedata": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(makeData(ts.MkAbs(args[0]), atoi(args[1]), atoi(args[2])))
			},
			"makepictures": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(makePictures(ts.MkAbs(args[0]), atoi(args[1])))
			},
			"makeletters": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(makeLetters(ts.MkAbs(args[0]), atoi(args[1])))
			},
			"makeletter": func(ts *testscript.TestScript, _ bool, args []string) {
				picture := image.NewGray(image.Rect(0, 0, 280, 280))
				for i := range picture.Pix {
					picture.Pix[i] = 255 - letter(atoi(args[1]))[i/280/10*28+i%280/10]
				}
				ts.Check(writePNG(ts.MkAbs(args[0]), picture))
			},
			"makedigit": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(makeDigit(ts.MkAbs(args[0]), atoi(args[1])))
			},
			"maketable": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(makeTable(ts.MkAbs(args[0]), atoi(args[1])))
			},
			"makelines": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), lines(atoi(args[1])), 0o644))
			},
			"makefries": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(writePNG(ts.MkAbs(args[0]), check.Fries(atoi(args[1]), atoi(args[2]))))
			},
			"makesamples": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(makeSamples(ts.MkAbs(args[0]), atoi(args[1]), strings.Split(args[2], ",")))
			},
			"makemodel": func(ts *testscript.TestScript, _ bool, args []string) {
				outputs := 10
				if len(args) > 4 {
					outputs = atoi(args[4])
				}
				ts.Check(makeModel(ts.MkAbs(args[0]), nn.Shape{atoi(args[1]), atoi(args[2]), atoi(args[3])}, outputs))
			},
			"makeexternal": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(makeExternal(ts.MkAbs(args[0]), atoi(args[1])))
			},
			"damage": func(ts *testscript.TestScript, _ bool, args []string) {
				was, err := strconv.Unquote(`"` + args[1] + `"`)
				ts.Check(err)
				is, err := strconv.Unquote(`"` + args[2] + `"`)
				ts.Check(err)
				content := ts.ReadFile(args[0])
				if !strings.Contains(content, was) {
					ts.Fatalf("%s has no %q", args[0], was)
				}
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.ReplaceAll(content, was, is)), 0o644))
			},
			"jsonlast": func(ts *testscript.TestScript, _ bool, args []string) {
				lines := strings.Split(strings.TrimSpace(ts.ReadFile(args[0])), "\n")
				var object map[string]any
				ts.Check(json.Unmarshal([]byte(lines[len(lines)-1]), &object))
				got, err := json.Marshal(object[args[1]])
				ts.Check(err)
				if string(got) != args[2] {
					ts.Fatalf("%s: %s is %s, want %s", args[0], args[1], got, args[2])
				}
			},
		},
	})
}

// lines returns a table of rows whose target is linear in three numbers, but for noise.
func lines(rows int) []byte {
	r := rand.New(rand.NewPCG(5, 0))
	text := "a,b,c,w,class,y\n"
	for i := range rows {
		a, b, c, class := r.NormFloat64(), r.NormFloat64(), r.NormFloat64(), `"u\tv"`
		y := a - b + c/2 + 0.3*r.NormFloat64()
		if y > 0 {
			class = "x"
		}
		text += fmt.Sprintf("%.4f,%.4f,%.4f,%v,%s,%.4f\n", a, b, c, 0.5+float64(i%2), strings.ReplaceAll(class, `\t`, "\t"), y)
	}
	return []byte(text)
}

func TestEveryCommandHasExamples(t *testing.T) {
	parser, err := kong.New(&commands{}, kong.Bind(&console.Terminal{}))
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range parser.Model.Leaves(false) {
		if !strings.Contains(leaf.Detail, "Examples:\n\n  deepfry ") {
			t.Errorf("%s has no examples", leaf.Path())
		}
	}
}

func atoi(s string) int {
	n := 0
	for _, digit := range s {
		n = 10*n + int(digit-'0')
	}
	return n
}

// makeModel writes a network of two dense layers and 10 outputs.
func makeModel(path string, input nn.Shape, outputs int) error {
	network, err := nn.New(nn.Description{Name: "small", Input: input, Nodes: []nn.Node{
		{Name: "fc1", Op: nn.Dense{Out: 16}}, {Name: "tanh", Op: nn.Tanh{}}, {Name: "fc2", Op: nn.Dense{Out: outputs}},
	}}, 1)
	if err != nil {
		return err
	}
	if !strings.HasSuffix(path, ".onnx") {
		return checkpoint.Save(path, network, checkpoint.Extra{})
	}
	model, err := onnx.FromNetwork(network, onnx.Options{})
	if err != nil {
		return err
	}
	return model.Save(path)
}

// makeExternal writes an ONNX file of x → Erf → MatMul by weights in another file.
func makeExternal(path string, n int) error {
	text := func(message []byte, number protowire.Number, texts ...string) []byte {
		for _, t := range texts {
			message = protowire.AppendString(protowire.AppendTag(message, number, protowire.BytesType), t)
		}
		return message
	}
	number := func(message []byte, field protowire.Number, v int) []byte {
		return protowire.AppendVarint(protowire.AppendTag(message, field, protowire.VarintType), uint64(v))
	}
	weights := number(number(number(nil, 1, n), 1, n), 2, 1) // n×n of float32
	weights = text(text(weights, 8, "fc.weight"), 13, string(text(text(nil, 1, "location"), 2, filepath.Base(path)+".data")))
	graph := text(nil, 1, string(text(text(text(nil, 1, "x"), 2, "h"), 4, "Erf")), string(text(text(text(nil, 1, "h", "fc.weight"), 2, "y"), 4, "MatMul")))
	graph = text(graph, 5, string(number(weights, 14, 1)))
	tensor := number(nil, 1, 1) // float32, [1, n]
	tensor = text(tensor, 2, string(text(nil, 1, string(number(nil, 1, 1)), string(number(nil, 1, n)))))
	kind := string(text(nil, 1, string(tensor)))
	graph = text(text(graph, 11, string(text(text(nil, 1, "x"), 2, kind))), 12, string(text(text(nil, 1, "y"), 2, kind)))
	file := text(text(number(nil, 1, 8), 7, string(graph)), 8, string(number(nil, 2, 17)))
	if err := os.WriteFile(path+".data", make([]byte, 4*n*n), 0o644); err != nil {
		return err
	}
	return os.WriteFile(path, file, 0o644)
}

// stripes draws images like digits: two bright rows, which the label places,
// on a noisy ground.
func stripes(source *rand.Rand, label int) []byte {
	pixels := make([]byte, 28*28)
	for i := range pixels {
		pixels[i] = byte(source.IntN(60))
		if row := i / 28; row == 3+2*label || row == 4+2*label {
			pixels[i] += 190
		}
	}
	return pixels
}

// makeData writes the four IDX files.
func makeData(dir string, train, test int) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	source := rand.New(rand.NewPCG(1, 2))
	for i, name := range []string{"train", "t10k"} {
		n := []int{train, test}[i]
		images := header(0x803, n, 28, 28)
		labels := header(0x801, n)
		for i := range n {
			label := i % 10
			images = append(images, stripes(source, label)...)
			labels = append(labels, byte(label))
		}
		if err := os.WriteFile(filepath.Join(dir, name+"-images-idx3-ubyte"), images, 0o644); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name+"-labels-idx1-ubyte"), labels, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// makeSamples writes such images, in the order of their labels, from 0 to 9, as arrays of
// inputs and labels in turns.
func makeSamples(path string, n int, names []string) error {
	source := rand.New(rand.NewPCG(3, 4))
	var images []byte
	labels := make([]int64, n)
	for i := range n {
		labels[i] = int64(10 * i / n)
		images = append(images, stripes(source, 10*i/n)...)
	}
	arrays := map[string]check.Array{}
	for i, name := range names {
		arrays[name] = check.Array{Shape: []int{n, 1, 28, 28}, Values: images}
		if i%2 == 1 {
			arrays[name] = check.Array{Shape: []int{n}, Values: labels}
		}
	}
	return os.WriteFile(path, check.NPZ(arrays), 0o644)
}

// letter is an L of 20 pixels by 8 to 20, or the other way around; from label 8 on it is
// a J. Labels begin with 1.
func letter(label int) []byte {
	pixels := make([]byte, 28*28)
	size := [7][2]int{{20, 8}, {20, 12}, {20, 16}, {20, 20}, {16, 20}, {12, 20}, {8, 20}}[(label-1)%7]
	height, width := size[0], size[1]
	var ink []image.Point
	sum := image.Point{}
	for y := range height {
		for x := range width {
			down := x < 4 // the stroke
			if label > 7 {
				down = x >= width-4
			}
			if down || y >= height-4 {
				ink = append(ink, image.Pt(x, y))
				sum = sum.Add(image.Pt(x, y))
			}
		}
	}
	for _, p := range ink { // the centre of mass is in the middle
		p = p.Add(image.Pt(14, 14)).Sub(sum.Div(len(ink)))
		pixels[p.Y*28+p.X] = 250
	}
	return pixels
}

// makeLetters writes IDX files as EMNIST's are: with height and width swapped.
func makeLetters(dir string, n int) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var mapping strings.Builder
	for label := 1; label <= 14; label++ {
		fmt.Fprintf(&mapping, "%d %d\n", label, 'A'+label-1)
	}
	files := map[string][]byte{"emnist-letters-mapping.txt": []byte(mapping.String())}
	for _, part := range []string{"train", "test"} {
		images, labels := header(0x803, 14*n, 28, 28), header(0x801, 14*n)
		for i := range 14 * n {
			label := i%14 + 1
			upright := letter(label)
			for at := range upright {
				images = append(images, upright[at%28*28+at/28])
			}
			labels = append(labels, byte(label))
		}
		files["emnist-letters-"+part+"-images-idx3-ubyte"], files["emnist-letters-"+part+"-labels-idx1-ubyte"] = images, labels
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func header(numbers ...int) []byte {
	var content []byte
	for _, n := range numbers {
		content = binary.BigEndian.AppendUint32(content, uint32(n))
	}
	return content
}

// makeDigit writes an image as a user would have it: dark on light.
func makeDigit(path string, label int) error {
	picture := image.NewGray(image.Rect(0, 0, 28, 28))
	for i, v := range stripes(rand.New(rand.NewPCG(3, 4)), label) {
		picture.SetGray(i%28, i/28, color.Gray{Y: 255 - v})
	}
	return writePNG(path, picture)
}

// makePictures writes such images in a folder for each of three classes.
func makePictures(dir string, n int) error {
	source := rand.New(rand.NewPCG(7, 8))
	for label, class := range []string{"cheese", "egg", "fries"} {
		if err := os.MkdirAll(filepath.Join(dir, class), 0o755); err != nil {
			return err
		}
		for i := range n {
			picture := image.NewGray(image.Rect(0, 0, 28, 28))
			for j, v := range stripes(source, 3*label) {
				picture.Pix[j] = 255 - v
			}
			if err := writePNG(filepath.Join(dir, class, fmt.Sprintf("%03d.png", i)), picture); err != nil {
				return err
			}
		}
	}
	return nil
}

func writePNG(path string, picture image.Image) error {
	var content bytes.Buffer
	if err := png.Encode(&content, picture); err != nil {
		return err
	}
	return os.WriteFile(path, content.Bytes(), 0o644)
}

// makeTable writes points of a square in three colours, whether they are inside of
// a circle, and a height: as CSV, or, without the colours and with the inside for
// the label, as LIBSVM. The name of a gzipped one ends in .gz.
func makeTable(path string, rows int) error {
	source := rand.New(rand.NewPCG(5, 6))
	name, zipped := strings.CutSuffix(path, ".gz")
	var content bytes.Buffer
	if strings.HasSuffix(name, ".csv") {
		content.WriteString("x,y,color,inside,height\n")
	}
	for range rows {
		x, y, color := 2*source.Float64()-1, 2*source.Float64()-1, source.IntN(3)
		inside := x*x+y*y < 0.5
		height := math.Sin(3*x) + y*y + float64(color)/2 + 0.05*source.NormFloat64()
		if strings.HasSuffix(name, ".csv") {
			fmt.Fprintf(&content, "%.4f,%.4f,%s,%v,%.4f\n", x, y, []string{"red", "green", "blue"}[color], inside, height)
		} else if inside {
			fmt.Fprintf(&content, "+1 3:%.4f 1000:%.4f\n", x, y)
		} else {
			fmt.Fprintf(&content, "-1 3:%.4f 1000:%.4f\n", x, y)
		}
	}
	if zipped {
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		z.Write(content.Bytes()) // never fails
		z.Close()
		content = packed
	}
	return os.WriteFile(path, content.Bytes(), 0o644)
}
