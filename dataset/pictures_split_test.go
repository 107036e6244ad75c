package dataset

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// dotBMP is a BMP file of one grey pixel, the same bytes for ever.
func dotBMP(value uint8) []byte {
	return append([]byte("BM\x3a\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01\x00\x18\x00"+
		"\x00\x00\x00\x00\x04\x00\x00\x00\x13\x0b\x00\x00\x13\x0b\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), value, value, value, 0)
}

// TestSplitGolden: hashes, order and split are those of earlier runs. They are from
//
//	head = bytes.fromhex("424d3a0000000000000036000000280000000100000001000000010018000000000004000000130b0000130b00000000000000000000")
//	h = lambda v: int.from_bytes(hashlib.sha256(head + bytes([v, v, v, 0])).digest()[:8], "big")
//	order = sorted(range(40), key=h)
//	print([v for v in order if h(v) < 2**64/10], [v for v in order if h(v) >= 2**64/10], hex(h(0)))
func TestSplitGolden(t *testing.T) {
	files := map[string][]byte{}
	for v := range 40 {
		files[fmt.Sprintf("%d/%d.bmp", v%2, v)] = dotBMP(uint8(v))
	}
	data, err := Open(writeFiles(t, files))
	if err != nil {
		t.Fatal(err)
	}
	values := func(s *Images) (list []int) {
		for i := range s.Len() {
			list = append(list, int(s.image(i)[0]))
			if hash := hashOf(dotBMP(s.image(i)[0])); s.Hashes[i] != hash {
				t.Errorf("the hash of %v is %#x, want %#x", s.image(i), s.Hashes[i], hash)
			}
		}
		return list
	}
	if diff := cmp.Diff([]int{35, 0, 31, 13}, values(data.Test.(*Images))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{32, 20, 22, 26, 1, 39, 2, 14, 16, 7, 9, 28, 17, 27, 8, 30, 21, 12, 19, 37,
		24, 34, 25, 3, 18, 36, 33, 4, 5, 11, 15, 38, 10, 29, 23, 6}, values(data.Train.(*Images))); diff != "" {
		t.Error(diff)
	}
	if hash := hashOf(dotBMP(0)); hash != 0x1473ed058f811bf3 {
		t.Errorf("the first hash is %#x", hash)
	}
	if data.Split != SplitByHash || SplitVersion != 2 {
		t.Errorf("the split is number %d", data.Split)
	}
}

// TestSplitByName: as it was before there were others, of runs that go on. The order is
// from the commit before it.
func TestSplitByName(t *testing.T) {
	files := map[string][]byte{"a/x/nested.bmp": dotBMP(200), "c/x/nested.bmp": dotBMP(201)}
	for v := range 40 {
		files[fmt.Sprintf("%c/%02d.bmp", 'a'+v%2, v)] = dotBMP(uint8(v))
	}
	data, err := OpenWith(writeFiles(t, files), Options{Split: SplitByName})
	if err != nil {
		t.Fatal(err)
	}
	first := func(s *Images) (list []int) {
		for i := range s.Len() {
			list = append(list, int(s.image(i)[0]))
		}
		return list
	}
	if diff := cmp.Diff([]int{23, 29, 30, 35, 9, 27, 31, 14, 12, 28, 21, 22, 2, 5, 6, 10, 20, 8, 11, 3,
		32, 13, 19, 33, 18, 7, 26, 25, 1, 34, 0, 16, 4, 24, 15, 17}, first(data.Train.(*Images))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{36, 39, 38, 37}, first(data.Test.(*Images))); diff != "" {
		t.Error(diff)
	}
	if want := []string{"passed over 2 pictures that version 1 of the split did not know"}; data.Split != 1 || !slices.Equal(data.Said, want) {
		t.Errorf("split %d, said %q", data.Split, data.Said)
	}
}

// splitOf returns the hashes of the pictures for tests of each class.
func splitOf(classes [][]uint64) []map[uint64]bool {
	s := &pictureSet{rule: SplitByHash}
	for label, hashes := range classes {
		for _, hash := range hashes {
			s.pictures = append(s.pictures, listedPicture{label: int32(label), hash: hash})
		}
	}
	s.split()
	tests := make([]map[uint64]bool, len(classes))
	for label := range tests {
		tests[label] = map[uint64]bool{}
	}
	for _, p := range s.pictures {
		if p.part == forTests {
			tests[p.label][p.hash] = true
		}
	}
	return tests
}

// TestSplitRule: what is promised of classes of any size.
func TestSplitRule(t *testing.T) {
	const tenth = math.MaxUint64/10 + 1 // 2⁶⁴/10, rounded up
	rapid.Check(t, func(t *rapid.T) {
		hash := rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 20), rapid.Uint64Range(tenth-2, tenth+2))
		hashes := rapid.SliceOfN(hash, 1, 30).Draw(t, "hashes")
		tests := splitOf([][]uint64{hashes})[0]
		different := slices.Compact(slices.Sorted(slices.Values(hashes)))
		want := map[uint64]bool{}
		for i, hash := range different {
			if below := hash < tenth || i == 0; below && len(different) > 1 {
				want[hash] = true
			}
		}
		if len(want) == len(different) {
			delete(want, different[len(different)-1])
		}
		if !maps.Equal(tests, want) {
			t.Fatalf("%v: %v are for tests, want %v", hashes, tests, want)
		}
		// Another picture makes none of these one for tests, but for the last below
		// the tenth, which is trained on only while all are below it, or the only one.
		added := hash.Draw(t, "added")
		for other := range splitOf([][]uint64{append(slices.Clone(hashes), added)})[0] {
			if !tests[other] && other != added && len(different) > 1 && (other >= tenth || other != different[len(different)-1]) {
				t.Fatalf("%v and %d: %d moves to those for tests", hashes, added, other)
			}
		}
	})
}

// TestSplitAcrossClasses: a file in two classes is on one side.
func TestSplitAcrossClasses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hash := rapid.OneOf(rapid.Uint64Range(1<<62, 1<<62+6), rapid.Uint64Range(0, 4))
		classes := rapid.SliceOfN(rapid.SliceOfN(hash, 1, 5), 1, 4).Draw(t, "classes")
		tests := splitOf(classes)
		for label, hashes := range classes {
			if !slices.ContainsFunc(hashes, func(h uint64) bool { return !tests[label][h] }) {
				t.Fatalf("%v: nothing is left to train on of class %d", classes, label)
			}
			for other := range classes {
				for _, hash := range hashes {
					if slices.Contains(classes[other], hash) && tests[label][hash] != tests[other][hash] {
						t.Fatalf("%v: %d is on both sides", classes, hash)
					}
				}
			}
		}
	})
}

// TestSplitIsStable: pictures that are added, renamed or moved within their class move
// no others, in classes large enough for the tenth, which has about as many.
func TestSplitIsStable(t *testing.T) {
	files := map[string][]byte{}
	for v := range 200 {
		files[fmt.Sprintf("%d/%d.bmp", v%2, v)] = dotBMP(uint8(v))
	}
	dataOf := func(files map[string][]byte) *Dataset {
		data, err := OpenWith(writeFiles(t, files), Options{Input: []int{1, 1, 1}})
		if err != nil {
			t.Fatal(err)
		}
		data.Name = ""
		return data
	}
	before := dataOf(files)
	if n := before.Test.Len(); n < 10 || n > 30 {
		t.Errorf("%d of 200 are for tests", n)
	}
	renamed := map[string][]byte{}
	for path, content := range files {
		renamed[fmt.Sprintf("%s/%x/%d.bmp", filepath.Dir(path), hashOf(content)%7, rand.Int())] = content
	}
	if diff := cmp.Diff(before, dataOf(renamed), cmp.AllowUnexported(Images{})); diff != "" {
		t.Errorf("renamed: %s", diff)
	}
	for v := 200; v < 256; v++ {
		renamed[fmt.Sprintf("%d/%d.bmp", v%2, v)] = dotBMP(uint8(v))
	}
	after := dataOf(renamed)
	for _, sets := range [][2]*Images{{before.Train.(*Images), after.Train.(*Images)}, {before.Test.(*Images), after.Test.(*Images)}} {
		there := map[uint64]bool{}
		for _, hash := range sets[1].Hashes {
			there[hash] = true
		}
		for _, hash := range sets[0].Hashes {
			if !there[hash] {
				t.Errorf("%#x has moved", hash)
			}
		}
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	alone := dataOf(maps.Clone(renamed))
	if diff := cmp.Diff(alone, after, cmp.AllowUnexported(Images{})); diff != "" {
		t.Errorf("one core and several: %s", diff)
	}
}

func TestArrange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		order := rapid.Permutation([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}).Draw(t, "order")
		pixels, want := []byte{}, []byte{}
		for i := range order {
			pixels = append(pixels, byte(10*i), byte(10*i+1))
			want = append(want, byte(10*order[i]), byte(10*order[i]+1))
		}
		if arrange(pixels, order, 2); !slices.Equal(pixels, want) {
			t.Fatalf("%v, want %v", pixels, want)
		}
	})
}
