package flags

import (
	"fmt"
	"strconv"
	"strings"
)

// ParseBytes reads a number of bytes, such as 800KiB or 1MB.
func ParseBytes(text string) (int, error) {
	units := []struct {
		name  string
		bytes float64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"KB", 1e3}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}, {"", 1}}
	for _, u := range units {
		number, found := strings.CutSuffix(text, u.name)
		if !found {
			continue
		}
		if n, err := strconv.ParseFloat(strings.TrimSpace(number), 64); err == nil && n*u.bytes >= 1 && n*u.bytes < 1e15 {
			return int(n * u.bytes), nil
		}
		break
	}
	return 0, fmt.Errorf("%q: want a number of bytes, for example 800KiB or 1MB", text)
}
