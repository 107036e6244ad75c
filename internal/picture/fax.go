package picture

import (
	"errors"
	"strings"
)

// faxCoding is one of the codings of ITU-T T.4 and T.6 as TIFF uses them.
type faxCoding struct {
	rows    int  // dimensions of a row's code: 1, 2 (each differs from the one above), or 0 (a bit tells)
	aligned bool // rows begin at bytes
}

var errFax = errors.New("found a code that fax coding does not have: the file is damaged, or its options are")

// decodeFax fills rows of a bilevel picture, packed as TIFF does without
// compression: a row begins at a byte, highest bit first, 1 is black ink.
func decodeFax(rows [][]byte, width int, code []byte, coding faxCoding) error {
	r := &faxReader{data: code}
	var above, changes []int
	for _, row := range rows {
		if coding.aligned {
			r.at = (r.at + 7) &^ 7
		}
		dimensions := coding.rows
		if coding.rows != 2 { // T.4, which has marks for the ends of lines
			mark := r.skipEndOfLine()
			if coding.rows == 0 {
				if !mark {
					return errFax
				}
				dimensions = 2 - r.bit()
			}
		}
		var err error
		changes = changes[:0]
		if dimensions == 1 {
			changes, err = r.row1D(changes, width)
		} else {
			changes, err = r.row2D(changes, above, width)
		}
		if err != nil {
			return err
		}
		changes = withoutEmptyRuns(changes)
		paintFax(row, changes, width)
		above, changes = changes, above
	}
	return nil
}

// withoutEmptyRuns drops changes to a colour and at once back, which are none.
func withoutEmptyRuns(changes []int) []int {
	kept := changes[:0]
	for _, change := range changes {
		if n := len(kept); n > 0 && kept[n-1] == change {
			kept = kept[:n-1]
		} else {
			kept = append(kept, change)
		}
	}
	return kept
}

// paintFax blackens the runs of ink: from the first change to the second and so on.
func paintFax(row []byte, changes []int, width int) {
	clear(row)
	for i := 0; i < len(changes); i += 2 {
		end := width
		if i+1 < len(changes) {
			end = changes[i+1]
		}
		for x := changes[i]; x < end; x++ {
			row[x/8] |= 0x80 >> (x % 8)
		}
	}
}

// faxReader reads bits.
type faxReader struct {
	data []byte
	at   int // bits
}

// bit returns 0 behind the end, where no code goes on for long.
func (r *faxReader) bit() int {
	if r.at >= 8*len(r.data) {
		r.at++
		return 0
	}
	bit := int(r.data[r.at/8]>>(7-r.at%8)) & 1
	r.at++
	return bit
}

// skipEndOfLine passes over zeros, at least 11, and a one, if they come next.
func (r *faxReader) skipEndOfLine() bool {
	start := r.at
	for r.at < 8*len(r.data) {
		if r.bit() == 1 {
			if r.at-start >= 12 {
				return true
			}
			break
		}
	}
	r.at = start
	return false
}

// row1D appends the places where a row changes its colour. It begins white.
func (r *faxReader) row1D(changes []int, width int) ([]int, error) {
	for at, black := 0, false; at < width; black = !black {
		run, err := r.run(black)
		if err != nil {
			return nil, err
		}
		if at += run; at > width {
			return nil, errFax
		}
		changes = append(changes, at)
	}
	return changes, nil
}

// row2D is row1D for a row that is told by its differences from the one above. The
// names a0, b1 and b2 are T.6's: where the coder is, and the next changes above.
func (r *faxReader) row2D(changes, above []int, width int) ([]int, error) {
	a0, black := -1, 0
	i := 0 // of b1; changes to black have even indices
	for a0 < width {
		if i%2 != black { // the colour has changed, and a0 may have gone back a little
			i = max(i-1, black)
		}
		for i < len(above) && above[i] <= a0 {
			i += 2
		}
		b1, b2 := width, width
		if i < len(above) {
			b1 = above[i]
		}
		if i+1 < len(above) {
			b2 = above[i+1]
		}
		mode, err := r.code(faxModes)
		if err != nil {
			return nil, err
		}
		switch mode {
		case faxPass:
			a0 = b2
		case faxHorizontal:
			a0 = max(a0, 0)
			for i := range 2 {
				run, err := r.run((black+i)%2 == 1)
				if err != nil {
					return nil, err
				}
				if a0 += run; a0 > width {
					return nil, errFax
				}
				changes = append(changes, a0)
			}
		default: // vertical: b1 and a few to either side
			if b1+mode < max(a0, 0) || b1+mode > width {
				return nil, errFax
			}
			a0 = b1 + mode
			changes = append(changes, a0)
			black = 1 - black
		}
	}
	return changes, nil
}

// run reads the length of a run: any number of multiples of 64, and the rest.
func (r *faxReader) run(black bool) (int, error) {
	table := faxWhite
	if black {
		table = faxBlack
	}
	for total := 0; total <= MaxSide; {
		length, err := r.code(table)
		if err != nil {
			return 0, err
		}
		if total += length; length < 64 {
			return total, nil
		}
	}
	return 0, errFax
}

// code reads one of a table's codes.
func (r *faxReader) code(table map[faxCode]int) (int, error) {
	for c := (faxCode{}); c.length < 13; {
		c = faxCode{c.length + 1, c.bits<<1 | r.bit()}
		if value, ok := table[c]; ok {
			return value, nil
		}
	}
	return 0, errFax
}

type faxCode struct{ length, bits int }

// Modes beside the vertical ones, which are -3 to 3.
const (
	faxPass = iota + 100
	faxHorizontal
)

// The codes of ITU-T T.4, tables 2 and 3 (runs of 0 to 63, and of 64, 128 and so on
// to 1728 in either colour and to 2560 in both), and of T.6, table 1.
var (
	faxModes = map[faxCode]int{{4, 1}: faxPass, {3, 1}: faxHorizontal, {1, 1}: 0,
		{3, 3}: 1, {6, 3}: 2, {7, 3}: 3, {3, 2}: -1, {6, 2}: -2, {7, 2}: -3}
	faxWhite = faxRuns(`
00110101 000111 0111 1000 1011 1100 1110 1111 10011 10100 00111 01000 001000 000011 110100 110101 101010
101011 0100111 0001100 0001000 0010111 0000011 0000100 0101000 0101011 0010011 0100100 0011000 00000010
00000011 00011010 00011011 00010010 00010011 00010100 00010101 00010110 00010111 00101000 00101001 00101010
00101011 00101100 00101101 00000100 00000101 00001010 00001011 01010010 01010011 01010100 01010101 00100100
00100101 01011000 01011001 01011010 01011011 01001010 01001011 00110010 00110011 00110100`, `
11011 10010 010111 0110111 00110110 00110111 01100100 01100101 01101000 01100111 011001100 011001101 011010010
011010011 011010100 011010101 011010110 011010111 011011000 011011001 011011010 011011011 010011000 010011001
010011010 011000 010011011`+faxLongRuns)
	faxBlack = faxRuns(`
0000110111 010 11 10 011 0011 0010 00011 000101 000100 0000100 0000101 0000111 00000100 00000111 000011000
0000010111 0000011000 0000001000 00001100111 00001101000 00001101100 00000110111 00000101000 00000010111
00000011000 000011001010 000011001011 000011001100 000011001101 000001101000 000001101001 000001101010
000001101011 000011010010 000011010011 000011010100 000011010101 000011010110 000011010111 000001101100
000001101101 000011011010 000011011011 000001010100 000001010101 000001010110 000001010111 000001100100
000001100101 000001010010 000001010011 000000100100 000000110111 000000111000 000000100111 000000101000
000001011000 000001011001 000000101011 000000101100 000001011010 000001100110 000001100111`, `
0000001111 000011001000 000011001001 000001011011 000000110011 000000110100 000000110101 0000001101100
0000001101101 0000001001010 0000001001011 0000001001100 0000001001101 0000001110010 0000001110011
0000001110100 0000001110101 0000001110110 0000001110111 0000001010010 0000001010011 0000001010100
0000001010101 0000001011010 0000001011011 0000001100100 0000001100101`+faxLongRuns)
)

const faxLongRuns = `
00000001000 00000001100 00000001101 000000010010 000000010011 000000010100 000000010101 000000010110
000000010111 000000011100 000000011101 000000011110 000000011111`

// faxRuns makes a table of the codes for runs of 0, 1, 2 and so on, and of the
// multiples of 64.
func faxRuns(short, long string) map[faxCode]int {
	table := map[faxCode]int{}
	add := func(codes string, first, step int) {
		for i, code := range strings.Fields(codes) {
			c := faxCode{length: len(code)}
			for _, bit := range code {
				c.bits = c.bits<<1 | int(bit-'0')
			}
			table[c] = first + i*step
		}
	}
	add(short, 0, 1)
	add(long, 64, 64)
	return table
}
