package table

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// missingMarks are read as a missing value in any column, in lower case: what R,
// pandas, databases and spreadsheets write for it, and spreadsheets' errors.
var missingMarks = []string{"", "?", "na", "n/a", "#n/a", "<na>", "nan", "-nan", "null", "#null!", `\n`, "#nv", "#value!", "#div/0!", "#ref!", "#name?", "#num!"}

// missingNumbers are missing in a column of numbers. In one of texts they may
// be names.
var missingNumbers = []string{"-", "--", "–", "—", ".", "..", "none", "nil", "n.a."}

// longestMark bounds the marks in bytes.
const longestMark = 8

func isMissing(text string) bool { return isMark(text, missingMarks) }

func isMark(text string, marks []string) bool {
	if text == "" {
		return true
	}
	isDigit := func(i int) bool { return i < len(text) && text[i]-'0' <= 9 }
	if len(text) > longestMark || isDigit(0) || isDigit(1) {
		return false
	}
	return slices.Contains(marks, strings.ToLower(text))
}

// isMissing tells whether a cell of a column of a kind says that its value is
// not known.
func (d *Dialect) isMissing(text string, kind Kind) bool {
	return isMissing(text) || kind == Number && isMark(text, missingNumbers) || slices.Contains(d.Missing, text)
}

// scan tells whether a text is digits with at most a sign, a decimal sign and an
// exponent of ten, and whether it has the decimal sign. strconv.ParseFloat takes
// more: hexadecimal digits, underscores and infinity. If the number is exact, it
// is v: of 15 digits at most and without an exponent, a quotient of two float64
// that are exact themselves.
func scan(text string, decimal byte) (v float64, exact, plain, point bool) {
	i, digits, decimals := 0, 0, 0
	if i < len(text) && (text[i] == '-' || text[i] == '+') {
		i++
	}
	mantissa := uint64(0)
	for ; i < len(text); i++ {
		if c := text[i] - '0'; c <= 9 {
			digits++
			mantissa = 10*mantissa + uint64(c)
			if point {
				decimals++
			}
		} else if text[i] == decimal && !point {
			point = true
		} else {
			break
		}
	}
	switch {
	case digits == 0:
		return 0, false, false, point
	case i < len(text):
		return 0, false, isExponent(text[i:]), point
	case digits > maxExact:
		return 0, false, true, point
	}
	v = float64(mantissa) / powers[decimals]
	if text[0] == '-' {
		v = -v
	}
	return v, true, true, point
}

// maxExact is how many digits a float64 can always hold.
const maxExact = 15

var powers = [maxExact + 1]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

func isExponent(text string) bool {
	if text[0] != 'e' && text[0] != 'E' {
		return false
	}
	digits := text[1:]
	if digits != "" && (digits[0] == '-' || digits[0] == '+') {
		digits = digits[1:]
	}
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}

// isPlain is scan for a decimal point.
func isPlain(text string) (plain, point bool) {
	_, _, plain, point = scan(text, '.')
	return plain, point
}

// parse reads a number with a decimal point, and nothing else.
func parse(text string) (float64, error) {
	if plain, _ := isPlain(text); !plain {
		switch strings.ToLower(strings.TrimLeft(text, "+-")) {
		case "inf", "infinity":
			return 0, fmt.Errorf("%s: %w between -3.4e38 and 3.4e38", quote(text), ErrNumber)
		}
		return 0, fmt.Errorf("%s: %w", quote(text), ErrNumber)
	}
	v, _ := strconv.ParseFloat(text, 64) // it is infinite where there is an error
	if math.Abs(v) > math.MaxFloat32 {   // squares must be finite
		return 0, fmt.Errorf("%s: %w between -3.4e38 and 3.4e38", quote(text), ErrNumber)
	}
	return v, nil
}

// number reads a cell of a column of numbers that bear a unit or none.
func (d *Dialect) number(text, unit string) (float64, error) {
	decimal := cmp.Or(d.Decimal, ".")
	if v, exact, plain, _ := scan(text, decimal[0]); exact && unit == "" {
		return v, nil
	} else if plain && unit == "" {
		return parse(strings.Replace(text, decimal, ".", 1))
	}
	body, sign := cutUnit(text)
	digits, mark, ok := plainDigits(body, decimal)
	switch {
	case !ok && !d.looksNumeric(text):
		return parse(text) // an error
	case !ok && d.Decimal == ",":
		return 0, doubtf(errors.Join(ErrDecimal, ErrNumber), "%s: not a number with a decimal comma", quote(text))
	case !ok:
		return 0, doubtf(errors.Join(ErrDecimal, ErrNumber), "%s: not a number with a decimal point", quote(text))
	case mark != "" && mark != d.Thousands:
		return 0, doubtf(errors.Join(ErrDecimal, ErrNumber), "%s: not a number: no other has thousands apart by %s", quote(text), quote(mark))
	}
	v, err := parse(digits)
	switch {
	case err != nil || sign == unit || sign == "" && (unit != "%" || v == 0):
		return v, err // an amount without its currency is one of the same
	case unit == "":
		return 0, fmt.Errorf("%s: %w like the others: they have no %s", quote(text), ErrNumber, sign)
	}
	return 0, fmt.Errorf("%s: %w like the others, which are in %s", quote(text), ErrNumber, unit)
}

// looksNumeric tells whether a text is a number in some way of writing.
func (d *Dialect) looksNumeric(text string) bool {
	if plain, _ := isPlain(text); plain {
		return true
	}
	r := readBothWays(text)
	return r.point != "" || r.comma != ""
}

// reading is what a text can be: digits with a decimal point, or empty if it is
// no number in that way.
type reading struct {
	point, comma         string // where that is the decimal sign
	pointMark, commaMark string // how thousands are set apart then
	unit                 string
}

// readBothWays reads a number by decimal points and by decimal commas.
func readBothWays(text string) (r reading) {
	var body string
	body, r.unit = cutUnit(text)
	if digits, mark, ok := plainDigits(body, "."); ok {
		r.point, r.pointMark = digits, mark
	}
	if digits, mark, ok := plainDigits(body, ","); ok && !strings.HasSuffix(body, ",") {
		r.comma, r.commaMark = digits, mark
	}
	return r
}

// cutUnit parts a number from its sign of currency or percent, and makes a minus
// sign of any kind a hyphen. A text that is none stays what it is.
func cutUnit(text string) (body, unit string) {
	sign, rest := cutSign(text)
	if inner, found := strings.CutPrefix(rest, "("); found && strings.HasSuffix(inner, ")") && sign == "" {
		sign, rest = "-", inner[:len(inner)-1] // as accountants write it
	}
	start := strings.IndexAny(rest, "0123456789.,")
	end := strings.LastIndexAny(rest, "0123456789.,") + 1
	if start < 0 {
		return text, ""
	}
	before, after := strings.TrimSpace(rest[:start]), strings.TrimSpace(rest[end:])
	if minus, _ := cutSign(before[len(before)-lastRune(before):]); minus != "" && sign == "" {
		sign, before = minus, strings.TrimSpace(before[:len(before)-lastRune(before)]) // $-5
	}
	switch {
	case before == "" && after == "", isCurrency(before) && after == "", before == "" && (isCurrency(after) || after == "%"):
		return sign + rest[start:end], before + after
	}
	return text, ""
}

func lastRune(text string) (size int) {
	_, size = utf8.DecodeLastRuneInString(text)
	return size
}

func cutSign(text string) (sign, rest string) {
	for from, to := range map[string]string{"-": "-", "+": "+", "\u2212": "-", "–": "-"} {
		if rest, found := strings.CutPrefix(text, from); found {
			return to, strings.TrimSpace(rest)
		}
	}
	return "", text
}

// isCurrency knows signs such as $ and €, and a few codes.
func isCurrency(text string) bool {
	r, size := utf8.DecodeRuneInString(text)
	return size > 0 && size == len(text) && unicode.Is(unicode.Sc, r) ||
		slices.Contains([]string{"CHF", "EUR", "GBP", "JPY", "USD", "US$", "R$", "kr", "zł"}, text)
}

// plainDigits takes out the marks of thousands, and makes the decimal sign a
// point.
func plainDigits(body, decimal string) (digits, mark string, ok bool) {
	sign, rest := "", body
	if body != "" && (body[0] == '-' || body[0] == '+') {
		sign, rest = body[:1], body[1:]
	}
	exponent := ""
	if e := strings.IndexAny(rest, "eE"); e >= 0 {
		rest, exponent = rest[:e], rest[e:]
	}
	whole, fraction, found := strings.Cut(rest, decimal)
	if whole, mark, ok = ungrouped(whole); !ok {
		return "", "", false
	}
	digits = sign + whole
	if found {
		digits += "." + fraction
	}
	digits += exponent
	ok, _ = isPlain(digits)
	return digits, mark, ok
}

// ungrouped takes out the marks between groups of three digits (in India, of two
// before the last three).
func ungrouped(whole string) (digits, mark string, ok bool) {
	i := strings.IndexFunc(whole, func(r rune) bool { return r < '0' || r > '9' })
	if i < 0 {
		return whole, "", true
	}
	r, size := utf8.DecodeRuneInString(whole[i:])
	switch r {
	case '.', ',', '\'':
		mark = string(r)
	case '’':
		mark = "'"
	case ' ', '\u00a0', '\u2009', '\u202f':
		mark = " "
	default:
		return "", "", false
	}
	groups := strings.Split(whole, whole[i:i+size])
	for k, group := range groups {
		n := len(group)
		switch {
		case strings.Trim(group, "0123456789") != "",
			k == 0 && (n < 1 || n > 3 || group[0] == '0'),
			k == len(groups)-1 && n != 3,
			k > 0 && n != 3 && !(n == 2 && mark == "," && len(groups[1]) == 2):
			return "", "", false
		}
	}
	return strings.Join(groups, ""), mark, true
}
