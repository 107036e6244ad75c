package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"text/tabwriter"
)

type benchCompare struct {
	Old string `arg:"" help:"What --json wrote before."`
	New string `arg:"" help:"What --json wrote after."`
}

func (c *benchCompare) Run(term *terminal) error {
	before, _, err := readResults(c.Old)
	if err != nil {
		return err
	}
	after, order, err := readResults(c.New)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(term.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "benchmark\tcase\told median\tnew median\tspeed\tminima\t")
	both := 0
	for _, key := range order {
		was, ok := before[key]
		if !ok {
			continue
		}
		both++
		is := after[key]
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%.2f×\t%.2f×\t\n", is.Benchmark, is.Case,
			nanoseconds(was.Median), nanoseconds(is.Median), was.Median/is.Median, was.Min/is.Min)
	}
	if both == 0 {
		return fmt.Errorf("%s and %s have no case in common", c.Old, c.New)
	}
	return table.Flush()
}

// resultKey tells cases apart.
type resultKey struct {
	benchmark, name, kernel string
	threads                 int
}

// readResults reads a file of JSON lines. It passes over the machine's.
func readResults(path string) (map[resultKey]benchResult, []resultKey, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	results, order := map[resultKey]benchResult{}, []resultKey(nil)
	scanner := bufio.NewScanner(file)
	for line := 1; scanner.Scan(); line++ {
		var r benchResult
		if err := json.Unmarshal(scanner.Bytes(), &r); err != nil {
			return nil, nil, fmt.Errorf("%s, line %d: %w; want what deepfry bench --json writes", path, line, err)
		}
		if r.Benchmark == "" {
			continue
		}
		key := resultKey{r.Benchmark, r.Case, r.Kernel, r.Threads}
		if _, again := results[key]; !again {
			order = append(order, key)
		}
		results[key] = r
	}
	return results, order, scanner.Err()
}
