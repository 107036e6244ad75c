package onnx

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/fastfood"
	"github.com/deepfry/deepfry/nn"
	"google.golang.org/protobuf/encoding/protowire"
)

// corpus returns valid files: PyTorch's, and ours with everything.
func corpus(t testing.TB) map[string][]byte {
	files := map[string][]byte{"mlp": encoded(t, mlp(t))}
	for _, name := range goldens(t) {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = content
	}
	for _, d := range oneLayer() {
		if d.Name != "fastfood mixed" {
			files[d.Name] = encoded(t, exported(t, shaken(t, d), Options{Fastfood: Function, Weights: map[string]DataType{"dense": Float16, "monarch ragged": Int8, "fastfood blocks": Int8}[d.Name]}))
		}
	}
	return files
}

// allowed is what the package may allocate for a file.
func allowed(file []byte) uint64 { return 16<<20 + 8*uint64(len(file)) }

// allocatedBytes returns how much has been allocated in all.
func allocatedBytes() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// Compress compresses the file at a path. hostile_compress_test.go sets it, in a
// package that may import compress, which imports this one.
var Compress func(t testing.TB, path string)

// useFile does everything with a file that is done with files, in a folder where
// the data of externalModel are, and fails if that allocates out of proportion. Panics
// are the caller's to see.
func useFile(t testing.TB, folder string, file []byte) {
	t.Helper()
	path := filepath.Join(folder, externalName)
	if err := os.WriteFile(path, file, 0o644); err != nil {
		t.Fatal(err)
	}
	within := func(what string, do func()) {
		t.Helper()
		before := allocatedBytes()
		do()
		if n := allocatedBytes() - before; n > allowed(file) {
			t.Errorf("%s %d bytes allocated %d", what, len(file), n)
		}
	}
	var m *Model
	within("parsing", func() { m, _ = Open(path) })
	if m == nil {
		return
	}
	within("writing", func() {
		if !m.hasExternal() && !bytes.Equal(encoded(t, m), file) {
			t.Error("a file that nobody changed was written otherwise")
		}
	})
	for _, o := range []ImportOptions{{}, {FoldBatchNorm: true, Logits: true, Input: nn.Shape{2}}, {FoldBatchNorm: true}} {
		var network *nn.Network
		within("importing", func() { network, _ = Import(m, o) })
		if network != nil {
			runSmall(network)
		}
	}
	within("rewriting", func() { rewriteFirst(t, folder, m) })
}

// compressToo is useFile and Compress, which takes longer.
func compressToo(t testing.TB, folder string, file []byte) {
	t.Helper()
	useFile(t, folder, file)
	Compress(t, filepath.Join(folder, externalName))
}

// rewriteFirst reads the layers of a model and replaces the first one.
func rewriteFirst(t testing.TB, folder string, m *Model) {
	layers, _ := m.Linears()
	for i, l := range layers {
		if _, err := l.Weights(); err != nil || l.Inputs+l.Outputs > 10000 {
			continue
		}
		network, weights := products(t, l.Inputs, make([]float32, l.Inputs), make([]float32, l.Outputs)), DataType(0)
		if l.Bytes()%8 == 0 && len(l.Nodes()) < 10 { // a dozen nodes take the place of one
			transform, err := fastfood.Sample(l.Inputs, l.Outputs, 1, uint64(i))
			if err != nil {
				t.Fatal(err)
			}
			network, weights = fried(t, transform), Float16
		}
		if err := m.Replace(l, network, weights); err != nil {
			continue
		}
		var err error
		if m.hasExternal() {
			path := filepath.Join(folder, "rewritten.onnx")
			if err := m.Save(path); err != nil {
				return
			}
			_, err = Open(path)
		} else { // without waiting for the disk, as Save does
			_, err = Parse(encoded(t, m))
		}
		if err != nil {
			t.Errorf("what was rewritten can't be read: %v", err)
		}
		return // one is enough
	}
}

// externalName is that of a model with external data, which are in a file named
// so with .data behind it.
const externalName = "net.onnx"

// externalModel returns a model with external data, and these.
func externalModel(t testing.TB) (file, data []byte) {
	t.Helper()
	defer func(n int64) { maxFile = n }(maxFile)
	m, err := FromNetwork(shaken(t, nn.Description{Name: "external", Input: nn.Shape{16}, Nodes: []nn.Node{
		{Name: "fc1", Op: nn.Dense{Out: 20}}, {Name: "relu", Op: nn.ReLU{}}, {Name: "fc2", Op: nn.Dense{Out: 17}},
	}}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	maxFile = 2000
	path := filepath.Join(t.TempDir(), externalName)
	if err = m.Save(path); err == nil {
		if file, err = os.ReadFile(path); err == nil {
			data, err = os.ReadFile(path + ".data")
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return file, data
}

// newFolder returns a folder with external data.
func newFolder(t testing.TB, data []byte) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, externalName+".data"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	return folder
}

// runSmall runs a network once, if that takes little.
func runSmall(network *nn.Network) {
	work := 0
	for _, l := range network.Layers() {
		if work += l.MultiplyAdds; l.MultiplyAdds < 0 || work > 1e7 {
			return
		}
	}
	if size, err := nn.WorkspaceBytes(network.Description, 1, false); err != nil || size > 1<<20 {
		return
	}
	network.NewWorkspace(1, false).Forward(make([]float32, network.Description.Input.Size()))
}

func TestTruncatedAtEveryByte(t *testing.T) {
	step := 1
	if testing.Short() {
		step = 7
	}
	files := corpus(t)
	var data []byte
	files["external"], data = externalModel(t)
	folder := newFolder(t, data)
	for name, file := range files {
		for n := 0; n < len(file); n += step {
			if _, err := Parse(file[:n:n]); err == nil {
				// What ends behind the graph, between two fields, is whole.
				compressToo(t, folder, file[:n])
			} else if !strings.Contains(err.Error(), "byte ") && !strings.Contains(err.Error(), "no graph") {
				t.Fatalf("%s cut off at byte %d: the error does not say where: %v", name, n, err)
			}
		}
	}
}

// TestMutations changes one to four things of valid files and does everything
// with them.
func TestMutations(t *testing.T) {
	rounds := 40 // FuzzMutations does more
	if testing.Short() {
		rounds = 5
	}
	source := rand.New(rand.NewPCG(1, 2))
	files := corpus(t)
	var data []byte
	files["external"], data = externalModel(t)
	folder := newFolder(t, data)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		words := newTree("model", files[name]).words()
		for round := range rounds {
			use := useFile
			if round%20 == 0 {
				use = compressToo
			}
			use(t, folder, mutated(files[name], words, source))
			if t.Failed() {
				t.Fatalf("a mutation of %s", name)
			}
		}
	}
}

// FuzzMutations is TestMutations for as long as one likes, on more files. Seed 0
// leaves a file as it is: the corpus alone covers 85% of the package.
func FuzzMutations(f *testing.F) {
	files := corpus(f)
	for _, d := range drawings() {
		files[d.name] = encoded(f, d.model(f))
	}
	for name, d := range refusedDrawings() {
		files["refused "+name] = encoded(f, d.model(f))
	}
	for _, k := range allKinds() {
		files["kind "+k.name] = encoded(f, k.model(f))
	}
	var data []byte
	files["external"], data = externalModel(f)
	var all [][]byte
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if len(files[name]) > 100_000 {
			continue // slow, and others have the same layers
		}
		f.Add(uint64(len(all)), uint64(0))
		f.Add(uint64(len(all)), uint64(1))
		all = append(all, files[name])
	}
	f.Fuzz(func(t *testing.T, which, seed uint64) {
		file := all[which%uint64(len(all))]
		if seed != 0 {
			file = mutated(file, newTree("model", file).words(), rand.New(rand.NewPCG(which, seed)))
		}
		compressToo(t, newFolder(t, data), file)
	})
}

// TestSmallFilesForMuch are files whose parts are small, but stand for much.
func TestSmallFilesForMuch(t *testing.T) {
	graph := func(field []byte, n int) []byte { return appendMessage(nil, modelGraph, bytes.Repeat(field, n)) }
	tensor := func(dims ...int64) []byte {
		var message []byte
		for _, d := range dims {
			message = appendInt(message, tensorDims, d)
		}
		return appendMessage(nil, graphInitializer, appendInt(appendText(message, tensorName, "t"), tensorType, int64(Float)))
	}
	packed := func(number protowire.Number) []byte {
		return appendMessage(nil, graphInitializer, appendMessage(appendInt(nil, tensorDims, 1<<21), number, make([]byte, 1<<21)))
	}
	for name, file := range map[string][]byte{
		"nodes":            graph([]byte{graphNode<<3 | 2, 0}, 1<<21),
		"inputs":           graph([]byte{graphInput<<3 | 2, 0}, 1<<21),
		"tensors":          graph([]byte{graphInitializer<<3 | 2, 0}, 1<<21),
		"unknown":          graph([]byte{14 << 3, 0}, 1<<21),
		"inputs of a node": graph(appendMessage(nil, graphNode, bytes.Repeat([]byte{nodeInput<<3 | 2, 0}, 1<<21)), 1),
		"a large tensor":   graph(tensor(1<<20, 1<<20), 1),
		"too large":        graph(tensor(1<<31, 1<<31, 1<<31), 1),
		"negative":         graph(tensor(-1, -1), 1),
		"dimensions":       graph(tensor(make([]int64, 1000)...), 1),
		"packed":           graph(packed(tensorInt64Data), 1),
		"models":           bytes.Repeat([]byte{30 << 3 & 0x7f, 1, 0}, 1<<20),
	} {
		compressToo(t, t.TempDir(), file)
		if m, err := Parse(file); err == nil {
			for _, tensor := range m.Initializers() {
				before := allocatedBytes()
				_, _ = tensor.Floats()
				_, _ = tensor.Ints()
				if n := allocatedBytes() - before; n > allowed(file) {
					t.Errorf("%s: a tensor's data allocate %d", name, n)
				}
			}
		}
	}
}

// chain returns nodes one behind another, from x on.
func chain(n int, next func(i int, from, to string) *Node) (nodes []*Node) {
	from := "x"
	for i := range n {
		to := "v" + strconv.Itoa(i)
		nodes = append(nodes, next(i, from, to))
		from = to
	}
	return nodes
}

// TestManyForOne are valid models that make much of little, or take long.
func TestManyForOne(t *testing.T) {
	long := strings.Repeat("long", 1<<10)
	ints := NewIntTensor("ints", make([]int64, maxFolded/2)...)
	big := NewTensor("w", []int{256, 256}, make([]float32, 1<<16))
	for _, d := range []drawn{
		{name: "a long name", input: nn.Shape{2}, tensors: []*Tensor{NewTensor(long+".weight", []int{2, 2}, make([]float32, 4))}, nodes: chain(300, func(i int, from, to string) *Node {
			return NewNode("MatMul", "", []string{from, long + ".weight"}, []string{to})
		})},
		{name: "the same name", input: nn.Shape{2}, nodes: chain(20000, func(i int, from, to string) *Node {
			return NewNode("Relu", "same", []string{from}, []string{to})
		})},
		{name: "a large matrix", input: nn.Shape{256}, tensors: []*Tensor{big}, nodes: chain(1000, func(i int, from, to string) *Node {
			return NewNode("MatMul", "", []string{from, "w"}, []string{to})
		})},
		{name: "a large matrix elsewhere", input: nn.Shape{256}, tensors: []*Tensor{big}, nodes: append(chain(1000, func(i int, from, to string) *Node {
			return NewNode("MatMul", "", []string{from, "w"}, []string{to})
		}), op("Einsum", "y", "v999"))}, // it can't be imported
		{name: "integers", input: nn.Shape{2}, tensors: []*Tensor{ints}, nodes: append(chain(5000, func(i int, from, to string) *Node {
			return NewNode("Concat", "", []string{"ints", "ints"}, []string{to}, IntAttribute("axis", 0))
		}), chain(5000, func(i int, from, to string) *Node {
			if i > 0 {
				from = "r" + from
			}
			return NewNode("Reshape", "", []string{from, "v" + strconv.Itoa(i)}, []string{"r" + to})
		})...)},
		{name: "a sum", input: nn.Shape{2}, nodes: []*Node{op("Relu", "a", "x"), op("Sum", "y", strings.Repeat("a ", 50000))}},
	} {
		compressToo(t, t.TempDir(), encoded(t, d.model(t)))
		if t.Failed() {
			t.Fatal(d.name)
		}
	}
}

// TestLargePartsOfMany are models in which many nodes take what is long to read, or to
// compare: that is done once.
func TestLargePartsOfMany(t *testing.T) {
	one := func(name string) *Tensor { return NewTensor(name, []int{1, 1}, []float32{1}) }
	hidden := typed("c", Float, nil, tensorFloatData, []byte{0, 0, 128, 63}) // a number behind many other fields
	hidden.message = append(bytes.Repeat(appendInt(nil, 1000, 1), 80000), hidden.message...)
	hidden.wire = appendMessage(nil, graphInitializer, hidden.message)
	var branch []*Node
	for i := range 4000 {
		branch = append(branch, op("Abs", "i"+strconv.Itoa(i), "q"))
	}
	for _, d := range []drawn{
		{name: "many layers of one weight", input: nn.Shape{1}, tensors: []*Tensor{one("w")}, nodes: chain(20000, func(i int, from, to string) *Node {
			return NewNode("Gemm", "", []string{from, "w"}, []string{to}, FloatAttribute("alpha", float32(2+i)))
		})},
		{name: "many layers of one weight that many nodes make", input: nn.Shape{1}, tensors: []*Tensor{one("u")}, nodes: append(slices.Repeat([]*Node{op("Identity", "w", "u")}, 10000), chain(10000, func(i int, from, to string) *Node {
			return NewNode("Gemm", "", []string{from, "w"}, []string{to}, FloatAttribute("alpha", float32(2+i)))
		})...)},
		{name: "a number behind many fields", input: nn.Shape{1}, tensors: []*Tensor{hidden}, nodes: chain(4000, func(i int, from, to string) *Node {
			return NewNode("Mul", "", []string{from, "c"}, []string{to})
		})},
		{name: "a large branch behind many", input: nn.Shape{1}, tensors: []*Tensor{one("k")}, nodes: append([]*Node{
			NewNode("If", "if", []string{"yes"}, []string{"m"}, graphAttributeOf("then_branch", branch, nil, Value{"i0", Float, nil})), op("Mul", "s", "m k"), op("Add", "t", "s k"), op("Pow", "p", "t k"),
		}, chain(4000, func(i int, from, to string) *Node {
			return NewNode("Div", "", []string{from, "p"}, []string{to})
		})...)},
		{name: "a large transposition behind many", input: nn.Shape{1}, tensors: []*Tensor{NewIntTensor("flat", -1, 1)}, nodes: append([]*Node{
			NewNode("Transpose", "turn", []string{"x"}, []string{"m"}, IntsAttribute("perm", make([]int64, 80000)...)), op("Reshape", "s", "m flat"),
		}, chain(4000, func(i int, from, to string) *Node {
			return NewNode("Add", "", []string{"s", from}, []string{to})
		})...)},
		{name: "a number of many, cut out for many", input: nn.Shape{1}, tensors: []*Tensor{
			newTensor("q", Int8, []int{1 << 18}, bytes.Repeat([]byte{1}, 1<<18)), NewTensor("scale", nil, []float32{1}), NewIntTensor("zero", 0), NewIntTensor("one", 1),
		}, nodes: append([]*Node{op("DequantizeLinear", "d", "q scale")}, chain(1000, func(i int, from, to string) *Node {
			if i%2 == 0 {
				return NewNode("Slice", "", []string{"d", "zero", "one", "zero"}, []string{to})
			}
			before := "x"
			if i > 2 {
				before = "v" + strconv.Itoa(i-2)
			}
			return NewNode("Mul", "", []string{before, from}, []string{to})
		})...)},
	} {
		useFile(t, t.TempDir(), encoded(t, d.model(t)))
		if t.Failed() {
			t.Fatal(d.name)
		}
	}
}

func FuzzUse(f *testing.F) {
	for _, file := range corpus(f) {
		if len(file) < 4000 {
			f.Add(file)
		}
	}
	f.Fuzz(func(t *testing.T, file []byte) { compressToo(t, t.TempDir(), file) })
}

func TestTwoConstantsOfAName(t *testing.T) {
	m := drawn{input: nn.Shape{2}, tensors: []*Tensor{NewTensor("w", []int{2, 2}, gaussian(4, 1))}, nodes: []*Node{op("MatMul", "y", "x w")}}.model(t)
	m.graph, m.graphWire = append(m.graph, part{tensor: NewTensor("w", []int{2, 2}, gaussian(4, 2))}), nil
	if _, err := Parse(encoded(t, m)); err == nil || !strings.Contains(err.Error(), `a second constant is called "w"`) {
		t.Errorf("error %v", err)
	}
}

func TestOtherFilesAreNamed(t *testing.T) {
	for content, want := range map[string]string{
		"\x89PNG\r\n\x1a\n....":                            "a PNG picture, not an ONNX model",
		"\x02\x00\x00\x00\x00\x00\x00\x00{}":               "a safetensors file, not",
		"PK\x03\x04..........................net/data.pkl": "a PyTorch file (.pt), not",
		"sepal,petal\n1,2\n":                               "a table as text",
	} {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.10q: error %v, want %q", content, err, want)
		}
	}
}
