package dataset

import (
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// smallSet returns images that differ, with labels 0, 1, 2, 0, ...
func smallSet(n, channels, height, width int) *Images {
	s := &Images{Channels: channels, Height: height, Width: width, Classes: []string{"a", "b", "c"}}
	s.Pixels = pixels(n * s.size())
	for i := range n {
		s.Labels = append(s.Labels, int32(i%3))
	}
	return s
}

func newLoader(t testing.TB, set *Images, o LoaderOptions) *Loader {
	t.Helper()
	l, err := NewLoader(set, o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// collect copies batches, as a loader reuses them.
func collect(batches iter.Seq2[*Batch, error]) []Batch {
	var all []Batch
	for b, err := range batches {
		if err != nil {
			panic(err)
		}
		c := *b
		c.Images, c.Labels, c.Samples = slices.Clone(b.Images), slices.Clone(b.Labels), slices.Clone(b.Samples)
		all = append(all, c)
	}
	return all
}

// equalBatches is cmp.Equal, quick enough for many images.
func equalBatches(a, b Batch) bool {
	return a.Epoch == b.Epoch && a.Index == b.Index && slices.Equal(a.Images, b.Images) &&
		slices.Equal(a.Labels, b.Labels) && slices.Equal(a.Samples, b.Samples)
}

func TestLoaderInOrder(t *testing.T) {
	set := smallSet(7, 2, 2, 3)
	for _, dropLast := range []bool{false, true} {
		l := newLoader(t, set, LoaderOptions{BatchSize: 3, DropLast: dropLast})
		var want []Batch
		for index, samples := range [][]int{{0, 1, 2}, {3, 4, 5}, {6}} {
			if dropLast && index == 2 {
				break
			}
			b := Batch{Samples: samples, Epoch: 4, Index: index}
			for _, sample := range samples {
				b.Labels = append(b.Labels, set.Labels[sample])
				for _, pixel := range set.Pixels[sample*12 : (sample+1)*12] {
					b.Images = append(b.Images, float32(pixel)/255)
				}
			}
			want = append(want, b)
		}
		if l.Batches() != len(want) {
			t.Errorf("drop last %v: %d batches, want %d", dropLast, l.Batches(), len(want))
		}
		if diff := cmp.Diff(want, collect(l.Epoch(4, 0))); diff != "" {
			t.Errorf("drop last %v: %s", dropLast, diff)
		}
	}
}

// TestLoaderResumes starts epochs anywhere, with loaders fresh and used.
func TestLoaderResumes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "images")
		o := LoaderOptions{
			BatchSize: rapid.IntRange(1, 45).Draw(t, "batch size"),
			Seed:      rapid.Uint64().Draw(t, "seed"),
			Shuffle:   rapid.Bool().Draw(t, "shuffle"),
			DropLast:  rapid.Bool().Draw(t, "drop last"),
		}
		if rapid.Bool().Draw(t, "augment") {
			o.Augment = Light()
		}
		epoch := rapid.IntRange(0, 1000).Draw(t, "epoch")
		set := smallSet(n, 1, 4, 3)
		l, err := NewLoader(set, o)
		if o.DropLast && o.BatchSize > n {
			if err == nil {
				t.Fatal("an epoch without batches is no error")
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		whole := collect(l.Epoch(epoch, 0))
		if len(whole) != l.Batches() {
			t.Fatalf("%d batches, Batches says %d", len(whole), l.Batches())
		}
		checkDealt(t, whole, n, o)

		first := rapid.IntRange(0, len(whole)+1).Draw(t, "first")
		fresh, err := NewLoader(set, o)
		if err != nil {
			t.Fatal(err)
		}
		for range fresh.Epoch(epoch+1, 0) {
			break
		}
		want := whole[min(first, len(whole)):]
		if got := collect(fresh.Epoch(epoch, first)); len(got)+len(want) > 0 && !cmp.Equal(want, got) {
			t.Fatalf("from batch %d on: %s", first, cmp.Diff(want, got))
		}
	})
}

// checkDealt checks that an epoch deals each image once, and all but the last
// batch are full.
func checkDealt(t *rapid.T, batches []Batch, n int, o LoaderOptions) {
	var dealt []int
	for i, b := range batches {
		if full := min(o.BatchSize, n); len(b.Samples) != full && (o.DropLast || i < len(batches)-1) {
			t.Fatalf("batch %d of %d has %d images, want %d", i, len(batches), len(b.Samples), full)
		}
		dealt = append(dealt, b.Samples...)
	}
	if !o.DropLast && len(dealt) != n {
		t.Fatalf("dealt %d images of %d", len(dealt), n)
	}
	slices.Sort(dealt)
	if len(slices.Compact(dealt)) != len(dealt) {
		t.Fatalf("an image was dealt twice: %v", dealt)
	}
}

func samplesOf(batches []Batch) (samples []int) {
	for _, b := range batches {
		samples = append(samples, b.Samples...)
	}
	return samples
}

func TestLoaderShuffles(t *testing.T) {
	set := smallSet(100, 1, 2, 2)
	order := func(seed uint64, epoch, batchSize int) []int {
		return samplesOf(collect(newLoader(t, set, LoaderOptions{BatchSize: batchSize, Seed: seed, Shuffle: true}).Epoch(epoch, 0)))
	}
	first := order(1, 0, 10)
	if slices.IsSorted(first) || slices.Equal(first, order(1, 1, 10)) || slices.Equal(first, order(2, 0, 10)) {
		t.Error("an epoch is not shuffled by itself")
	}
	if !slices.Equal(first, order(1, 0, 7)) {
		t.Error("the order depends on the batch size")
	}
	if want := []int{57, 30, 97, 79, 19}; !slices.Equal(first[:5], want) {
		t.Errorf("the order begins with %v, was %v: old checkpoints no longer resume", first[:5], want)
	}
}

// TestLoaderAugments: each epoch distorts the images in another way, by the
// keys that the documentation names.
func TestLoaderAugments(t *testing.T) {
	set := smallSet(5, 2, 6, 7)
	l := newLoader(t, set, LoaderOptions{BatchSize: 2, Seed: 9, Shuffle: true, Augment: Light()})
	g, want := newAugmenter(*Light(), 2, 6, 7), make([]float32, set.size())
	for epoch := range 3 {
		for b := range l.Epoch(epoch, 0) {
			for i, sample := range b.Samples {
				g.apply(want, set.image(sample), 9, epoch, sample)
				if !slices.Equal(want, b.Images[i*len(want):(i+1)*len(want)]) {
					t.Errorf("epoch %d: image %d is not augmented by its key", epoch, sample)
				}
			}
		}
	}
}

func TestLoaderPrefetches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLoader(t, smallSet(30, 1, 2, 2), LoaderOptions{BatchSize: 3})
		for b := range l.Epoch(0, 0) {
			synctest.Wait() // until the goroutine has no more to do
			ahead := 0
			for i := range l.buffers {
				ahead = max(ahead, l.buffers[i].Index-b.Index)
			}
			if want := min(2, l.Batches()-1-b.Index); ahead != want {
				t.Errorf("at batch %d of %d, %d are ready, want %d", b.Index, l.Batches(), ahead, want)
			}
		}
	})
}

func TestLoaderCores(t *testing.T) {
	set := openMNIST(t).Train.(*Images).Slice(0, 500)
	o := LoaderOptions{BatchSize: 32, Seed: 5, Shuffle: true, Augment: Light()}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var want []Batch
	for _, cores := range []int{1, 2, 4} {
		runtime.GOMAXPROCS(cores)
		got := collect(newLoader(t, set, o).Epoch(3, 0))
		if want == nil {
			want = got
		} else if !slices.EqualFunc(want, got, equalBatches) {
			t.Errorf("%d cores and 1 give different batches", cores)
		}
	}
}

// TestLoaderEnds leaves epochs at every batch. The bubble fails where a
// goroutine is left behind.
func TestLoaderEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLoader(t, smallSet(20, 1, 2, 2), LoaderOptions{BatchSize: 3})
		for leave := range l.Batches() + 1 {
			for b := range l.Epoch(0, 0) {
				if b.Index == leave {
					break
				}
			}
		}
		func() {
			defer func() { recover() }()
			for range l.Epoch(0, 0) {
				panic("in the loop")
			}
		}()
		if got := len(collect(l.Epoch(0, 0))); got != 7 {
			t.Errorf("%d batches after epochs that were left, want 7", got)
		}
	})
}

func TestLoaderMisuse(t *testing.T) {
	l := newLoader(t, smallSet(20, 1, 2, 2), LoaderOptions{BatchSize: 3})
	for name, misuse := range map[string]func(){
		"negative batch": func() { l.Epoch(0, -1) },
		"nested epochs": func() {
			for range l.Epoch(0, 0) {
				for range l.Epoch(1, 0) {
				}
			}
		},
	} {
		func() {
			defer func() {
				if message := fmt.Sprint(recover()); !strings.HasPrefix(message, "dataset: ") {
					t.Errorf("%s: panic %q", name, message)
				}
			}()
			misuse()
		}()
	}
}

func TestLoaderAllocates(t *testing.T) {
	l := newLoader(t, smallSet(4000, 1, 8, 8), LoaderOptions{BatchSize: 4, Shuffle: true, Augment: Light()})
	next, stop := iter.Pull2(l.Epoch(0, 0))
	defer stop()
	if n := testing.AllocsPerRun(500, func() { next() }); n != 0 {
		t.Errorf("a batch takes %v allocations", n)
	}
}

// TestManyClasses has a label that no byte holds, as ImageNet's are.
func TestManyClasses(t *testing.T) {
	set := smallSet(3, 1, 2, 2)
	set.Classes = make([]string, 1000)
	set.Labels[1] = 999
	batches := collect(newLoader(t, set, LoaderOptions{BatchSize: 3}).Epoch(0, 0))
	if diff := cmp.Diff([]int32{0, 999, 2}, batches[0].Labels); diff != "" {
		t.Error(diff)
	}
}

func TestNewLoaderErrors(t *testing.T) {
	with := func(change func(*Images)) *Images {
		s := smallSet(3, 1, 2, 2)
		change(s)
		return s
	}
	good := LoaderOptions{BatchSize: 2}
	for _, test := range []struct {
		name string
		set  *Images
		o    LoaderOptions
		want string
	}{
		{"no set", nil, good, "no images"},
		{"empty set", &Images{Channels: 1, Height: 2, Width: 2}, good, "no images"},
		{"no channel", with(func(s *Images) { s.Channels = 0 }), good, "0×2×2"},
		{"pixels", with(func(s *Images) { s.Pixels = s.Pixels[:11] }), good, "need 12 bytes of pixels, found 11"},
		{"label", with(func(s *Images) { s.Labels[1] = 3 }), good, "image 1 has label 3"},
		{"negative label", with(func(s *Images) { s.Labels[2] = -1 }), good, "image 2 has label -1"},
		{"batch size", smallSet(3, 1, 2, 2), LoaderOptions{}, "found 0"},
		{"no batch", smallSet(3, 1, 2, 2), LoaderOptions{BatchSize: 4, DropLast: true}, "no batch of 4 images"},
	} {
		if _, err := NewLoader(test.set, test.o); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
}

func BenchmarkLoader(b *testing.B) {
	set := smallSet(6400, 1, 28, 28)
	for _, augment := range []*Augmentation{nil, Light()} {
		b.Run(fmt.Sprintf("augment=%v", augment != nil), func(b *testing.B) {
			l := newLoader(b, set, LoaderOptions{BatchSize: 64, Shuffle: true, Augment: augment})
			b.ReportAllocs()
			b.SetBytes(int64(len(set.Pixels)))
			for epoch := 0; b.Loop(); epoch++ {
				for range l.Epoch(epoch, 0) {
				}
			}
		})
	}
}
