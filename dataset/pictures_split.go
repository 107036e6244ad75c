package dataset

import (
	"cmp"
	"maps"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"

	"github.com/deepfry/deepfry/internal/random"
)

// Versions of the rule by which the pictures of a folder are ordered and, where it
// has none for tests, split. Every class has n pictures that can be read.
//
// By SplitByName, the rule of those who did not know another, the last ⌊n/10⌋ by the
// names of the files are for tests, and at least one where n is 2 or more. Only files
// in the class folder itself are read whose names end in .png, .jpg, .jpeg, .gif,
// .webp, .tif, .tiff or .bmp.
//
// By SplitByHash, a picture's place depends on its bytes alone: their hash is the
// first 8 bytes of their SHA-256, the most significant one first. Pictures whose hash
// is less than 2⁶⁴/10 are for tests. Of a class that has none of these but at least
// two different pictures, the one with the least hash is, too; of a class that would
// have none left to train on, the one with the greatest hash is trained on. So equal
// files are always on the same side, and a picture that is added, renamed or moved
// within its class moves no other, but for one in a class too small for the tenth:
// when a picture with a lesser hash comes, its only one for tests is trained on; when a
// second picture comes to a class of one, the one with the lesser hash is for tests.
// Both sets are in the order of their hashes.
const (
	SplitByName  = 1
	SplitByHash  = 2
	SplitVersion = SplitByHash // what is used where nothing is said
)

// forPictures is the purpose of the random streams of the pictures' order, by name.
var forPictures = random.For("pictures")

// splitEndings are those that SplitByName knows.
var splitEndings = []string{".png", ".jpg", ".jpeg", ".gif", ".webp", ".tif", ".tiff", ".bmp"}

// knownByName returns the pictures that SplitByName knows.
func knownByName(classes []classFolder) (known []classFolder) {
	for _, class := range classes {
		var files []pictureFile
		for _, file := range class.files {
			if !file.nested && slices.Contains(splitEndings, strings.ToLower(filepath.Ext(file.path))) {
				files = append(files, file)
			}
		}
		if len(files) > 0 {
			known = append(known, classFolder{class.name, files})
		}
	}
	return known
}

// split chooses the pictures for tests.
func (s *pictureSet) split() {
	if s.rule == SplitByName {
		s.splitByName()
	} else {
		s.splitByHash()
	}
}

func (s *pictureSet) splitByName() {
	for i := 0; i < len(s.pictures); {
		end := i
		for end < len(s.pictures) && s.pictures[end].label == s.pictures[i].label {
			end++
		}
		if n := end - i; n > 1 {
			for k := end - max(1, n/10); k < end; k++ {
				s.pictures[k].part = forTests
			}
		}
		i = end
	}
}

func (s *pictureSet) splitByHash() {
	const tenth = math.MaxUint64/10 + 1
	hashes := map[int32][]uint64{} // of a class
	for _, p := range s.pictures {
		hashes[p.label] = append(hashes[p.label], p.hash)
	}
	held := map[uint64]bool{}
	labels := slices.Sorted(maps.Keys(hashes))
	for _, label := range labels {
		slices.Sort(hashes[label])
		different := slices.Compact(hashes[label])
		hashes[label] = different
		for i, hash := range different {
			if hash < tenth || i == 0 && len(different) > 1 {
				held[hash] = true
			}
		}
	}
	for _, label := range labels {
		different := hashes[label]
		if !slices.ContainsFunc(different, func(hash uint64) bool { return !held[hash] }) {
			delete(held, different[len(different)-1])
		}
	}
	for i := range s.pictures {
		if held[s.pictures[i].hash] {
			s.pictures[i].part = forTests
		}
	}
}

// order returns the places of the pictures of each part in an order that is random, so
// that whoever takes the first or the last ones gets all classes, and always the same.
func (s *pictureSet) order() (order [parts][]int) {
	for i, p := range s.pictures {
		order[p.part] = append(order[p.part], i)
	}
	for part, places := range order {
		if s.rule == SplitByName {
			rand.New(random.New(1, forPictures, 0, part)).Shuffle(len(places), func(i, j int) { places[i], places[j] = places[j], places[i] })
			continue
		}
		slices.SortFunc(places, func(a, b int) int {
			p, q := s.pictures[a], s.pictures[b]
			return cmp.Or(cmp.Compare(p.hash, q.hash), cmp.Compare(p.label, q.label), a-b)
		})
	}
	return order
}
