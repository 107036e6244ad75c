// Package thousands writes whole numbers as people read them.
package thousands

import "strconv"

// Apart writes thousands apart, as in 430,500.
func Apart(n int) string {
	digits, sign := strconv.Itoa(n), ""
	if n < 0 {
		digits, sign = digits[1:], "-"
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}
