// Package spelling finds names that are spelt alike.
package spelling

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Nearest returns the name that is spelt most like another one, or "" if none is.
func Nearest(name string, others []string) string {
	best, found := len([]rune(name))/3+1, ""
	for _, other := range others {
		if strings.EqualFold(name, norm.NFC.String(other)) {
			return other
		}
		if distance := editDistance([]rune(name), []rune(other)); distance < best {
			best, found = distance, other
		}
	}
	return found
}

// editDistance is Levenshtein's: how many letters have to be put in, taken out or
// exchanged to make b of a.
func editDistance(a, b []rune) int {
	row := make([]int, len(b)+1) // from the first letters of a to those of b
	for j := range row {
		row[j] = j
	}
	for i, letter := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, other := range b {
			exchanged := diagonal
			if letter != other {
				exchanged++
			}
			diagonal = row[j+1]
			row[j+1] = min(exchanged, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
