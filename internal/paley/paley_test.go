package paley

import "testing"

func TestConference(t *testing.T) {
	for _, m := range Orders {
		q := m/2 - 1
		c := Conference(q)
		for i := range c {
			for j := range c {
				product := 0
				for k := range c {
					product += c[i][k] * c[k][j]
				}
				want := 0
				if i == j {
					want = q
				}
				if product != want || c[i][j] != c[j][i] || (c[i][j] == 0) != (i == j) {
					t.Fatalf("q = %d: entry [%d, %d] is %d, that of C·C is %d", q, i, j, c[i][j], product)
				}
			}
		}
	}
}

func TestTerms(t *testing.T) {
	for _, m := range Orders {
		c := Conference(m/2 - 1)
		for i, row := range Terms(m) {
			if row[0] >= Negative {
				t.Errorf("order %d: the first term of row %d is negative", m, i)
			}
			for k, term := range row {
				want := [...][2]int{Sum: {1, 1}, Difference: {1, -1}, First: {1, 0}, Second: {0, 1}}[term%Negative]
				if term >= Negative {
					want = [2]int{-want[0], -want[1]}
				}
				if got := [2]int{c[i][2*k], c[i][2*k+1]}; got != want {
					t.Errorf("order %d: row %d, pair %d has the factors %v, its term %v", m, i, k, got, want)
				}
			}
		}
	}
}
