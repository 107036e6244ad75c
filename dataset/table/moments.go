package table

import "math"

// moments are sums over a column's values that are not missing. Those that a
// sparse row does not name are zeros, and counted apart.
type moments struct {
	entries      int // values that rows name
	missing      int
	sum          float64 // of the values; then of their differences to the mean, as parts of the span
	squares      float64 // of these parts, which neither over- nor underflow
	mean         float64
	deviation    float64 // the standard deviation
	lowest, most float64
	fraction     bool // a value is neither 0 nor 1
}

// moments passes over some rows twice: for sums, then for the differences to the mean,
// which also tell by how much it was rounded.
func (t *Table) moments(rows []int) []moments {
	all := make([]moments, len(t.Schema.Inputs))
	for i := range all {
		all[i].lowest, all[i].most = math.Inf(1), math.Inf(-1)
	}
	t.eachCell(rows, func(input int, v float64) {
		m := &all[input]
		if math.IsNaN(v) {
			m.missing++
			return
		}
		m.entries++
		m.sum += v
		m.lowest, m.most = min(m.lowest, v), max(m.most, v)
		m.fraction = m.fraction || v != 0 && v != 1
	})
	for i := range all {
		m := &all[i]
		if m.zeros(len(rows)) > 0 {
			m.lowest, m.most = min(m.lowest, 0), max(m.most, 0)
		}
		if known := len(rows) - m.missing; known > 0 {
			m.mean = m.sum / float64(known)
		}
		m.sum = 0
	}
	t.eachCell(rows, func(input int, v float64) {
		if m := &all[input]; !math.IsNaN(v) {
			part := m.part(v)
			m.sum += part
			m.squares += square(part)
		}
	})
	for i := range all {
		all[i].finish(len(rows))
	}
	return all
}

// finish corrects the mean, and sets the deviation.
func (m *moments) finish(rows int) {
	known, zeros := float64(rows-m.missing), float64(m.zeros(rows))
	switch {
	case known == 0:
		return
	case m.lowest == m.most:
		m.mean = m.lowest
		return
	}
	zero := m.part(0)
	rounding := (m.sum + zeros*zero) / known
	m.deviation = m.span() * math.Sqrt(max(0, (m.squares+zeros*square(zero))/known-square(rounding)))
	m.mean += m.span() * rounding
}

func (m *moments) span() float64 { return m.most - m.lowest }

// part is the difference of a value to the mean as a part of the span.
func (m *moments) part(v float64) float64 { return (v - m.mean) / m.span() }

// zeros is the number of rows that do not name the column.
func (m *moments) zeros(rows int) int { return rows - m.entries - m.missing }

// isBinary tells whether the values are zeros and ones, and both.
func (m *moments) isBinary(rows int) bool {
	return rows > m.missing && !m.fraction && m.lowest < m.most
}

// eachColumn calls visit with the values of each input that is wanted which rows name
// and which are not missing; visit may change them.
func (t *Table) eachColumn(rows []int, wanted func(input int) bool, visit func(input int, values []float64)) {
	if t.Schema.Format == LIBSVM { // all at once, for a row does not have all columns
		values := make([][]float64, len(t.Schema.Inputs))
		t.eachCell(rows, func(input int, v float64) {
			if !math.IsNaN(v) && wanted(input) {
				values[input] = append(values[input], v)
			}
		})
		for i := range values {
			if wanted(i) {
				visit(i, values[i])
			}
		}
		return
	}
	values := make([]float64, 0, len(rows))
	for i := range t.Schema.Inputs {
		if !wanted(i) {
			continue
		}
		values = values[:0]
		for _, row := range rows {
			if v := t.Row(row).Cells[i]; !math.IsNaN(v) {
				values = append(values, v)
			}
		}
		visit(i, values)
	}
}

// missingPerInput counts the missing values of each input in all rows.
func (t *Table) missingPerInput() []int {
	missing := make([]int, len(t.Schema.Inputs))
	t.eachCell(t.allRows(), func(input int, v float64) {
		if math.IsNaN(v) {
			missing[input]++
		}
	})
	return missing
}

// eachCell calls visit with every cell that the rows name.
func (t *Table) eachCell(rows []int, visit func(input int, v float64)) {
	for _, i := range rows {
		row := t.Row(i)
		for k, v := range row.Cells {
			if row.Sparse {
				visit(int(row.Index[k]), v)
			} else {
				visit(k, v)
			}
		}
	}
}
