package spelling

import (
	"testing"

	"pgregory.net/rapid"
)

func TestNearest(t *testing.T) {
	names := []string{"length", "width", "colour"}
	for name, want := range map[string]string{"color": "colour", "WIDTH": "width", "lenght": "length", "weight": "", "": ""} {
		if got := Nearest(name, names); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestEditDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"flaw", "lawn", 2}, {"égg", "egg", 1}, {"abc", "abc", 0}} {
		if got := editDistance([]rune(test.a), []rune(test.b)); got != test.want {
			t.Errorf("from %q to %q: %d, want %d", test.a, test.b, got, test.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SliceOfN(rapid.RuneFrom([]rune("abc")), 0, 8)
		a, b, c := word.Draw(t, "a"), word.Draw(t, "b"), word.Draw(t, "c")
		if ab := editDistance(a, b); ab != editDistance(b, a) || ab > editDistance(a, c)+editDistance(c, b) || (ab == 0) != (string(a) == string(b)) {
			t.Fatalf("%q, %q, %q: no distance", string(a), string(b), string(c))
		}
	})
}
