package predict

import (
	"cmp"
	"math"
	"slices"
)

// ranks keeps what the area under the ROC needs: the scores of all rows.
type ranks struct {
	truths  []int32
	weights []float64
	scores  []float32 // [rows, classes], or [rows] of the second of two classes
	full    bool      // there were more than maxScores
}

// maxScores bounds memory: to 64 MB, and 12 bytes for each row.
const maxScores = 1 << 24

func (r *ranks) add(truth int, weight float64, a Answer) {
	if r.full || a.Scores == nil {
		return
	}
	columns := len(a.Scores)
	if columns == 2 {
		columns = 1
	}
	if len(r.scores)+columns > maxScores {
		*r = ranks{full: true}
		return
	}
	r.truths, r.weights = append(r.truths, int32(truth)), append(r.weights, weight)
	switch {
	case columns == 1: // the order of both scores and probabilities
		r.scores = append(r.scores, float32(float64(a.Scores[1])-float64(a.Scores[0])))
	case a.Probabilities == nil:
		r.scores = append(r.scores, a.Scores...)
	default: // probabilities near 1 and 0 stay apart in float32 as logarithms
		for _, p := range a.Probabilities {
			r.scores = append(r.scores, float32(math.Log(p)))
		}
	}
}

// area is Tally.AUC.
func (r *ranks) area(classes int) (area float64, ok bool) {
	if len(r.truths) == 0 || classes < 2 {
		return 0, false
	}
	columns := len(r.scores) / len(r.truths)
	order := make([]int32, len(r.truths))
	sum, counted := 0.0, 0
	for column := range columns {
		class := column
		if columns == 1 {
			class = 1
		}
		if area, ok := r.areaOf(int32(class), column, columns, order); ok {
			sum += area
			counted++
		}
	}
	return sum / float64(counted), counted > 0
}

// areaOf is the area of one class against the rest; order is scratch.
func (r *ranks) areaOf(class int32, column, columns int, order []int32) (area float64, ok bool) {
	for i := range order {
		order[i] = int32(i)
	}
	score := func(i int32) float32 { return r.scores[int(i)*columns+column] }
	slices.SortFunc(order, func(i, j int32) int { return cmp.Compare(score(i), score(j)) })
	others, own, pairs := 0.0, 0.0, 0.0 // weights so far; pairs that are in order
	for start := 0; start < len(order); {
		end, tiedOthers, tiedOwn := start, 0.0, 0.0
		for ; end < len(order) && cmp.Compare(score(order[end]), score(order[start])) == 0; end++ {
			if i := order[end]; r.truths[i] == class {
				tiedOwn += r.weights[i]
			} else {
				tiedOthers += r.weights[i]
			}
		}
		pairs += tiedOwn * (others + tiedOthers/2)
		others, own = others+tiedOthers, own+tiedOwn
		start = end
	}
	return pairs / (own * others), own > 0 && others > 0
}
