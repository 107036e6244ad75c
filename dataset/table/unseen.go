package table

import (
	"strconv"
	"strings"
)

// unseen numbers the classes of a target that the schema does not have, in the order in
// which rows name them.
type unseen struct {
	names   []string
	numbers map[string]float64
}

// maxUnseen bounds the classes that are told apart.
const maxUnseen = 100

// otherClasses is what those after them are called together.
const otherClasses = "(others)"

// number returns the target of a row of the class: Unknown for the first one, and one
// less for each that follows.
func (u *unseen) number(class string) float64 {
	if len(u.names) >= maxUnseen && u.numbers[class] == 0 {
		class = otherClasses
	}
	number, known := u.numbers[class]
	if known {
		return number
	}
	if u.numbers == nil {
		u.numbers = map[string]float64{}
	}
	class = strings.Clone(class) // the record would stay in memory with it
	number = Unknown - float64(len(u.names))
	u.names, u.numbers[class] = append(u.names, class), number
	return number
}

// class returns the number of a class, that of one that codes do not have being below
// 0.
func (u *unseen) class(codes map[string]float64, name string) float64 {
	if code, found := codes[name]; found {
		return code
	}
	return u.number(name)
}

// classOfNumber is class for one that is called by a number, also as files call it
// that were written with an exponent from a million on.
func (u *unseen) classOfNumber(codes map[string]float64, v float64) float64 {
	if code, found := codes[strconv.FormatFloat(v+0, 'g', -1, 64)]; found {
		return code
	}
	return u.class(codes, number(v))
}

func (u *unseen) unseenClasses() []string { return u.names }

// Unseen returns the classes so far that rows name but Options.Schema does not have. A
// row of class i of them has the target Unknown - i. After the first hundred, all others
// are one class.
func (r *Reader) Unseen() []string { return r.source.unseenClasses() }
