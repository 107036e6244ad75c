package models

import (
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

// TestShapes holds the outputs of layers as Caffe prints them.
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
