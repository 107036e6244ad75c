package table

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// guessFormat returns LIBSVM if half of the first lines or more have what looks
// like a label and what looks like pairs behind it, with a pair in one line at
// least.
func guessFormat(sample []byte) Format {
	pairs, good, lines := 0, 0, 0
	for lines < 10 && len(sample) > 0 {
		line, rest, _ := bytes.Cut(sample, []byte("\n"))
		sample = rest
		line, _, _ = bytes.Cut(line, []byte("#"))
		if n, ok := countPairs(line); n >= 0 {
			lines++
			if ok {
				pairs += n
				good++
			}
		}
	}
	if pairs > 0 && 2*good >= lines {
		return LIBSVM
	}
	return CSV
}

// countPairs returns the number of pairs in a line, which is ok if there is
// nothing else but a label, or -1 for a blank line.
func countPairs(line []byte) (n int, ok bool) {
	t := tokens{line: line}
	label := t.next()
	if label == nil {
		return -1, false
	}
	first, _, _ := bytes.Cut(label, []byte(",")) // of several labels
	_, err := strconv.ParseFloat(string(first), 64)
	ok = err == nil || isMissing(string(label)) || isPair(label)
	for token := t.next(); token != nil; token = t.next() {
		if isPair(token) {
			n++
		} else {
			ok = false
		}
	}
	return n, ok
}

// isPair tells whether a token looks like index:value or qid:number.
func isPair(token []byte) bool {
	name, value, found := bytes.Cut(token, []byte(":"))
	if !found || len(value) == 0 || bytes.ContainsAny(value, ",;\"") {
		return false
	}
	_, err := strconv.ParseInt(string(name), 10, 64)
	return err == nil || string(name) == "qid" || bytes.Trim(name, "0123456789") == nil && len(name) > 0
}

// almostLIBSVM tells why lines of a label and pairs are none of LIBSVM, or "".
func almostLIBSVM(sample []byte) string {
	lines, pairs, why := 0, 0, ""
	for lines < 10 && len(sample) > 0 {
		line, rest, _ := bytes.Cut(sample, []byte("\n"))
		sample = rest
		t := tokens{line: line}
		label := t.next()
		if label == nil {
			continue
		}
		lines++
		if v := string(label); !isMissing(v) && !bytes.Contains(label, []byte(":")) {
			if _, err := parse(v); err != nil {
				why = cmp.Or(why, fmt.Sprintf("the label %s: labels are numbers", quote(v)))
			}
		}
		for token := t.next(); token != nil; token = t.next() {
			name, value, found := bytes.Cut(token, []byte(":"))
			if !found || len(name) == 0 || !(&Dialect{}).looksNumeric(string(value)) {
				return ""
			}
			pairs++
			if !isPair(token) {
				why = cmp.Or(why, fmt.Sprintf("the pair %s: indices are whole numbers, and values have decimal points", quote(string(token))))
			}
		}
	}
	if pairs < 2*lines { // times of day are like pairs, too
		return ""
	}
	return why
}

// otherFormat names a text that is no table of the two formats.
func otherFormat(sample []byte) string {
	for len(sample) > 0 {
		line, rest, _ := bytes.Cut(sample, []byte("\n"))
		sample = rest
		line = bytes.ToLower(bytes.TrimSpace(line))
		starts := func(texts ...string) bool {
			return slices.ContainsFunc(texts, func(text string) bool { return bytes.HasPrefix(line, []byte(text)) })
		}
		switch {
		case len(line) == 0 || line[0] == '%' || line[0] == '#':
			continue
		case starts("@relation", "@attribute", "@data"):
			return "ARFF"
		case starts("{", "[{", "[["), string(line) == "[":
			return "JSON"
		case starts("+--", "+=="), isRule(firstLine(rest)) && bytes.ContainsAny(line, "|+"):
			return "a table drawn with lines, as psql, MySQL and Markdown write it: write it as CSV"
		case starts("<?xml", "<!", "<html", "<table"):
			return "XML or HTML"
		}
		break
	}
	return ""
}

func firstLine(text []byte) []byte {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return bytes.TrimSpace(line)
}

// isRule tells whether a line is one that is drawn under a header.
func isRule(line []byte) bool {
	return bytes.Contains(line, []byte("--")) && bytes.ContainsAny(line, "+|") && len(bytes.Trim(line, "-+|: ")) == 0
}

// separatorLine returns the separator that Excel's first line names, as in
// "sep=;", or nothing.
func separatorLine(sample []byte) string {
	line, _, _ := bytes.Cut(sample, []byte("\n"))
	text := strings.Trim(string(line), `"`)
	if len(text) < 5 || !strings.EqualFold(text[:4], "sep=") {
		return ""
	}
	if _, size := utf8.DecodeRuneInString(text[4:]); size == len(text)-4 {
		return text[4:]
	}
	return ""
}

// guessedRecords is how many records tell the separator.
const guessedRecords = 100

// guessSeparator chooses, among those by which nine records of ten have the same
// number of fields, the separator that makes most fields numbers, and then the
// one that makes most fields. It asks if commas do as well as blanks, as in
// "1 000,5 000"; a comma is no separator that is said to be the decimal sign.
func guessSeparator(sample []byte, decimal string) (string, error) {
	best, bestScore := "", [3]float64{}
	for _, separator := range []string{"\t", ";", "|", " ", ","} {
		if separator == decimal && best != "" {
			continue
		}
		score := scoreSeparator(sample, separator)
		same := slices.Equal(score[:2], bestScore[:2])
		switch {
		case best == " " && same && score[1] > 0:
			return "", doubtf(ErrSeparator, "both commas and blanks may stand between fields")
		case separator == " " && same && best != "":
			continue // a blank sets thousands and words apart, too
		case score[0] > 0 && (best == " " && same || slices.Compare(score[:], bestScore[:]) > 0):
			best, bestScore = separator, score
		}
	}
	return cmp.Or(best, ","), nil
}

// scoreSeparator returns how many records have the usual number of fields (1 for
// nine of ten, 2 with the first), the share of numbers, and the fields; all 0 if
// that is 1.
func scoreSeparator(sample []byte, separator string) (score [3]float64) {
	p := &records{lines: lines{input: bufio.NewReader(bytes.NewReader(sample))}, separator: separator}
	var numbers, cells, total int
	widths, first := map[int]int{}, 0
	for total < guessedRecords {
		r, err := p.next()
		if err != nil {
			break
		}
		if r.mark != "" {
			continue
		}
		if total++; total == 1 {
			first = len(r.fields)
		}
		widths[len(r.fields)]++
		for _, field := range r.fields {
			if isMissing(field) {
				continue
			}
			cells++
			if (&Dialect{}).looksNumeric(field) {
				numbers++
			}
		}
	}
	usual, same := 0, 0
	for width, n := range widths {
		if n > same || n == same && width > usual {
			usual, same = width, n
		}
	}
	if usual < 2 {
		return score
	}
	share := float64(same) / float64(total)
	switch {
	case share >= 0.9 && (first == usual || first == usual-1 && first > 1): // R's header
		share = 2
	case share >= 0.9:
		share = 1
	}
	return [3]float64{share, float64(numbers) / float64(max(cells, 1)), float64(usual)}
}
