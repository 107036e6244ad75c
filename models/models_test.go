package models

import (
	"slices"
	"strings"
	"testing"

	"github.com/deepfry/deepfry/nn"
)

// TestWeights holds the counts of Yang et al. (ICCV 2015). The paper
// prints 38,821 for the first fried network: its own sum is 38,812.
func TestWeights(t *testing.T) {
	deviating := Options{ConvReLU: true, Dropout: new(0.4)}
	adaptive := func(outputs int) *nn.FryOptions { return &nn.FryOptions{Outputs: outputs, Learn: "SGB"} }
	mixed, classifier := adaptive(800), adaptive(1024)
	mixed.Padding = "mixed"
	classifier.Classifier, classifier.ClassifierLearn = true, "SGB"
	both16, both32 := adaptive(16384), adaptive(32768)
	both16.Classifier, both32.Classifier = true, true
	const lenetConv, caffeConv, vggConv = 500 + 25000, 2332704, 14710464
	const smallConv = 16*3*9 + 32*16*9 + 64*32*9 + 64*64*9 // at 64×64
	const smallNorm, smallFC = 16 + 32 + 64 + 64, 1024*512 + 512*10
	const tinyConv, tinyNorm = (12 + 12*12 + 12*20 + 20*20 + 20*24) * 9, 12 + 12 + 20 + 20 + 24
	normalised, small := Options{Normalize: true}, func(input ...int) nn.Description { return SmallVGG(Options{Input: input}) }
	for _, c := range []struct {
		name                 string
		d                    nn.Description
		fry                  *nn.FryOptions
		conv, fullyConnected int
	}{
		{"lenet", LeNet(Options{}), nil, lenetConv, 405000},
		{"lenet with relu and dropout", LeNet(deviating), nil, lenetConv, 405000},
		{"lenet, adaptive 1024", LeNet(deviating), adaptive(1024), lenetConv, 38812 - lenetConv},
		{"lenet, fixed 1024", LeNet(deviating), &nn.FryOptions{Outputs: 1024}, lenetConv, 38812 - lenetConv},
		{"lenet, adaptive 2048", LeNet(deviating), adaptive(2048), lenetConv, 52124 - lenetConv},
		{"lenet, adaptive 800, no padding", LeNet(deviating), mixed, lenetConv, 3*800 + 8000},
		{"lenet, classifier fried too", LeNet(deviating), classifier, lenetConv, 3*1024 + 3*1024},
		{"caffenet", CaffeNet(Options{}), nil, caffeConv, 58621952},
		{"alexnet", AlexNet(deviating), nil, caffeConv, 58621952},
		{"caffenet, adaptive 16384", CaffeNet(Options{}), adaptive(16384), caffeConv, 2*3*16384 + 16384*1000},
		{"caffenet, adaptive 32768", CaffeNet(Options{}), adaptive(32768), caffeConv, 2*3*32768 + 32768*1000},
		{"caffenet 16384, classifier fried too", CaffeNet(Options{}), both16, caffeConv, 3 * 3 * 16384},
		{"caffenet 32768, classifier fried too", CaffeNet(Options{}), both32, caffeConv, 3 * 3 * 32768},
		{"vgg16", VGG16(Options{}), nil, vggConv, 123633664},
		{"lenet, normalised, adaptive 1024", LeNet(normalised), adaptive(1024), lenetConv, 38812 - lenetConv},
		{"caffenet, normalised, adaptive 16384", CaffeNet(normalised), adaptive(16384), caffeConv, 2*3*16384 + 16384*1000},
		{"lenet for colours", LeNet(Options{Input: nn.Shape{3, 64, 64}}), nil, 1500 + 25000, 50*13*13*500 + 5000},
		{"smallvgg", SmallVGG(Options{}), nil, smallConv, smallNorm + smallFC},
		{"smallvgg, normalised", SmallVGG(normalised), nil, smallConv, smallNorm + smallFC},
		{"smallvgg, adaptive 1024", SmallVGG(Options{}), adaptive(1024), smallConv, smallNorm + 3*1024 + 10240},
		{"smallvgg for digits", small(1, 28, 28), nil, smallConv - 16*2*9 - 64*64*9, smallNorm - 64 + 576*512 + 5120},
		{"smallvgg, 32×32", small(3, 32, 32), nil, smallConv - 64*64*9, smallNorm - 64 + smallFC},
		{"smallvgg, 128×128", small(3, 128, 128), nil, smallConv + 64*64*9, smallNorm + 64 + smallFC},
		{"tinyvgg", TinyVGG(Options{}), nil, tinyConv, tinyNorm + 9*24*256 + 2560},
		{"tinyvgg, adaptive 256", TinyVGG(normalised), adaptive(256), tinyConv, tinyNorm + 3*256 + 2560},
		{"tinygap", TinyGAP(normalised), nil, tinyConv - 20*2*9 + 22*20*9, tinyNorm + 18 + 200},
		{"vgg16, adaptive 16384", VGG16(Options{}), adaptive(16384), vggConv, 3*32768 + 3*16384 + 16384*1000},
	} {
		if c.fry != nil {
			var err error
			if c.d, err = nn.Fry(c.d, *c.fry); err != nil {
				t.Fatal(err)
			}
		}
		layers, err := nn.Inspect(c.d)
		if err != nil {
			t.Fatal(err)
		}
		conv, fullyConnected := 0, 0
		for _, l := range layers {
			if l.Kind == "conv" {
				conv += l.Weights
			} else {
				fullyConnected += l.Weights
			}
		}
		if conv != c.conv || fullyConnected != c.fullyConnected {
			t.Errorf("%s: %d and %d weights, want %d and %d", c.name, conv, fullyConnected, c.conv, c.fullyConnected)
		}
	}
}

// TestShapes holds the outputs of layers, those of the published networks as Caffe
// prints them.
func TestShapes(t *testing.T) {
	for _, c := range []struct {
		d    nn.Description
		want string
	}{
		{LeNet(Options{}), "conv1 20×24×24, pool1 20×12×12, conv2 50×8×8, pool2 50×4×4, fc1 500, relu3 500, fc2 10"},
		{CaffeNet(Options{Dropout: new(0.)}), "conv1 96×55×55, relu1 96×55×55, pool1 96×27×27, norm1 96×27×27, " +
			"conv2 256×27×27, relu2 256×27×27, pool2 256×13×13, norm2 256×13×13, conv3 384×13×13, relu3 384×13×13, " +
			"conv4 384×13×13, relu4 384×13×13, conv5 256×13×13, relu5 256×13×13, pool5 256×6×6, fc6 4096, relu6 4096, fc7 4096, relu7 4096, fc8 1000"},
		{AlexNet(Options{}), "conv1 96×55×55, relu1 96×55×55, norm1 96×55×55, pool1 96×27×27, " +
			"conv2 256×27×27, relu2 256×27×27, norm2 256×27×27, pool2 256×13×13, conv3 384×13×13, relu3 384×13×13, " +
			"conv4 384×13×13, relu4 384×13×13, conv5 256×13×13, relu5 256×13×13, pool5 256×6×6, " +
			"fc6 4096, relu6 4096, drop6 4096, fc7 4096, relu7 4096, drop7 4096, fc8 1000"},
		{VGG16(Options{Dropout: new(0.)}), "conv1_1 64×224×224, relu1_1 64×224×224, conv1_2 64×224×224, relu1_2 64×224×224, pool1 64×112×112, " +
			"conv2_1 128×112×112, relu2_1 128×112×112, conv2_2 128×112×112, relu2_2 128×112×112, pool2 128×56×56, " +
			"conv3_1 256×56×56, relu3_1 256×56×56, conv3_2 256×56×56, relu3_2 256×56×56, conv3_3 256×56×56, relu3_3 256×56×56, pool3 256×28×28, " +
			"conv4_1 512×28×28, relu4_1 512×28×28, conv4_2 512×28×28, relu4_2 512×28×28, conv4_3 512×28×28, relu4_3 512×28×28, pool4 512×14×14, " +
			"conv5_1 512×14×14, relu5_1 512×14×14, conv5_2 512×14×14, relu5_2 512×14×14, conv5_3 512×14×14, relu5_3 512×14×14, pool5 512×7×7, " +
			"fc6 4096, relu6 4096, fc7 4096, relu7 4096, fc8 1000"},
		{LeNet(Options{Normalize: true, Input: nn.Shape{3, 32, 30}}), "normalize 3×32×30, conv1 20×28×26, pool1 20×14×13, conv2 50×10×9, pool2 50×5×4, fc1 500, relu3 500, fc2 10"},
		{SmallVGG(Options{Normalize: true}), "normalize 3×64×64, conv1 16×64×64, norm1 16×64×64, relu1 16×64×64, pool1 16×32×32, " +
			"conv2 32×32×32, norm2 32×32×32, relu2 32×32×32, pool2 32×16×16, conv3 64×16×16, norm3 64×16×16, relu3 64×16×16, pool3 64×8×8, " +
			"conv4 64×8×8, norm4 64×8×8, relu4 64×8×8, pool4 64×4×4, fc1 512, relu5 512, dropout 512, fc2 10"},
	} {
		layers, err := nn.Inspect(c.d)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range layers {
			got = append(got, l.Name+" "+l.Output.String())
		}
		if text := strings.Join(got, ", "); text != c.want {
			t.Errorf("%s: %s, want %s", c.d.Name, text, c.want)
		}
	}
}

func TestByName(t *testing.T) {
	for _, name := range Names() {
		if d, err := ByName(name, Options{}); err != nil || d.Name != name {
			t.Errorf("%s: %v, %v", name, d.Name, err)
		}
	}
	if _, err := ByName("resnet", Options{}); err == nil {
		t.Error("an unknown name was accepted")
	}
}

func TestClasses(t *testing.T) {
	for _, name := range Names() {
		d, err := ByName(name, Options{Classes: 7})
		if err != nil {
			t.Fatal(err)
		}
		layers, err := nn.Inspect(d)
		if err != nil {
			t.Fatal(err)
		}
		if out := layers[len(layers)-1].Output; out.Size() != 7 {
			t.Errorf("%s for 7 classes has outputs of %v", name, out)
		}
	}
}

// TestSmallVGGSizes: whatever the picture, the last map is about 4 × 4, and a dense
// network has from 0.2 to 1 million weights.
func TestSmallVGGSizes(t *testing.T) {
	for height := 16; height <= 256; height++ {
		for _, width := range []int{height, height * 3 / 4, 64} {
			d, err := ByName("smallvgg", Options{Input: nn.Shape{3, height, width}, Dropout: new(0.)})
			if err != nil {
				t.Fatal(err)
			}
			layers, err := nn.Inspect(d)
			if err != nil {
				t.Fatal(err)
			}
			weights, multiplyAdds := 0, 0
			for _, l := range layers {
				weights += l.Weights
				multiplyAdds += l.MultiplyAdds
			}
			last := layers[len(layers)-4].Output
			if pixels := last[1:].Size(); pixels < 5 || pixels > 25 || weights < 200_000 || weights > 1_000_000 {
				t.Errorf("%d×%d: %d weights, a last map of %v", height, width, weights, last)
			}
			if height == 64 && width == 64 && multiplyAdds > 15_000_000 {
				t.Errorf("%d multiply-adds", multiplyAdds)
			}
		}
	}
}

// TestNormalizeComesFirst: it takes the pixels, one mean and deviation for each
// channel, and changes nothing before it has been measured.
func TestNormalizeComesFirst(t *testing.T) {
	for _, name := range []string{"lenet", "smallvgg"} {
		o := Options{Input: nn.Shape{3, 30, 28}}
		plain, normalised := mustNew(t, name, o), mustNew(t, name, Options{Input: o.Input, Normalize: true})
		if node := normalised.Description.Nodes[0]; node.Name != "normalize" || node.Op != (nn.Normalize{}) {
			t.Errorf("%s begins with %+v", name, node)
		}
		if p := normalised.Param("normalize.deviation"); p == nil || !slices.Equal(p.Shape, []int{3}) {
			t.Errorf("%s: deviation %+v", name, p)
		}
		x := make([]float32, 3*30*28)
		for i := range x {
			x[i] = float32(i%11) / 10
		}
		want := plain.NewWorkspace(1, false).Forward(x)
		if got := normalised.NewWorkspace(1, false).Forward(x); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func mustNew(t *testing.T, name string, o Options) *nn.Network {
	t.Helper()
	d, err := ByName(name, o)
	if err != nil {
		t.Fatal(err)
	}
	n, err := nn.New(d, 1)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestInputs asks for images that a network does not take, and keeps the caller's
// shape apart from the network's.
func TestInputs(t *testing.T) {
	for _, c := range []struct {
		name  string
		input nn.Shape
		want  string
	}{
		{"lenet", nn.Shape{1, 8, 8}, "lenet does not take an input of 1×8×8; give another size: nn: network lenet: layer conv2"},
		{"smallvgg", nn.Shape{3, 1, 1}, "layer pool1"}, {"smallvgg", nn.Shape{3, 2, 1000}, "layer pool2"},
		{"caffenet", nn.Shape{3, 64, 64}, "caffenet does not take an input of 3×64×64; give another size: nn: network caffenet: layer pool5"},
		{"vgg16", nn.Shape{3, 16, 224}, "layer pool5"}, {"lenet", nn.Shape{1, 1 << 40, 1 << 40}, "input shape"},
		{"lenet", nn.Shape{2, 28, 28}, "lenet for an input of 2×28×28: want channels × height × width with 1 or 3 channels"},
		{"smallvgg", nn.Shape{784}, "1 or 3 channels"}, {"smallvgg", nn.Shape{}, "1 or 3 channels"}, {"alexnet", nn.Shape{3, 0, 227}, "at least 1"},
	} {
		if _, err := ByName(c.name, Options{Input: c.input}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s for %v: error %v, want one that contains %q", c.name, c.input, err, c.want)
		}
		for _, m := range known { // an error, no panic
			if d := m.build(Options{Input: c.input}); len(c.input) < 3 {
				if _, err := nn.New(d, 1); err == nil {
					t.Errorf("%s takes %v", m.name, c.input)
				}
			}
		}
	}
	input := nn.Shape{3, 32, 32}
	d, err := ByName("smallvgg", Options{Input: input})
	if err != nil {
		t.Fatal(err)
	}
	if input[1] = 7; d.Input[1] != 32 {
		t.Error("the network has the caller's slice")
	}
}
