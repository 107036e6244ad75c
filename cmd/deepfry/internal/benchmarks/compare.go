package benchmarks

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
)

type benchCompare struct {
	Old string `arg:"" help:"What --json wrote before."`
	New string `arg:"" help:"What --json wrote after."`

	JSON bool `name:"json" help:"Write a JSON object a line, a case each."`
}

func (*benchCompare) Help() string {
	return `Examples:

  deepfry bench compare old.json new.json
  deepfry bench compare old.json new.json --json`
}

func (c *benchCompare) Run(term *console.Terminal) error {
	before, _, err := readResults(c.Old)
	if err != nil {
		return err
	}
	after, order, err := readResults(c.New)
	if err != nil {
		return err
	}
	var both []comparison
	for _, key := range order {
		if was, ok := before[key]; ok {
			is := after[key]
			both = append(both, comparison{is.Benchmark, is.Case, is.Kernel, is.Threads, was.Median, is.Median, was.Median / is.Median, was.Min / is.Min})
		}
	}
	if both == nil {
		return fmt.Errorf("%s and %s have no case in common%s", c.Old, c.New, differences(before, order))
	}
	if c.JSON {
		return console.WriteJSONLines(term.Stdout, both)
	}
	table := tabwriter.NewWriter(term.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "benchmark\tcase\told median\tnew median\tspeed\tminima\t")
	for _, k := range both {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%.2f×\t%.2f×\t\n", k.Benchmark, k.Case, console.Nanoseconds(k.Old), console.Nanoseconds(k.New), k.Speed, k.Minima)
	}
	return table.Flush()
}

// comparison is a line of the output.
type comparison struct {
	Benchmark string  `json:"benchmark"`
	Case      string  `json:"case"`
	Kernel    string  `json:"kernel"`
	Threads   int     `json:"threads"`
	Old       float64 `json:"old_median_ns"`
	New       float64 `json:"new_median_ns"`
	Speed     float64 `json:"speed"`  // old median over new
	Minima    float64 `json:"minima"` // likewise
}

// differences says how a case of the same name differs, if there is one.
func differences(before map[resultKey]benchResult, order []resultKey) string {
	for was := range before {
		for _, is := range order {
			if was.benchmark == is.benchmark && was.name == is.name {
				return fmt.Sprintf(": %s %s is of kernel %s with %d threads in the one, of kernel %s with %d threads in the other",
					is.benchmark, is.name, was.kernel, was.threads, is.kernel, is.threads)
			}
		}
	}
	return ""
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
		if !(r.Median > 0 && r.Min > 0) {
			return nil, nil, fmt.Errorf("%s, line %d: no time (median_ns and min_ns above 0); bench scaling's files cannot be read here", path, line)
		}
		key := resultKey{r.Benchmark, r.Case, r.Kernel, r.Threads}
		if _, again := results[key]; !again {
			order = append(order, key)
		}
		results[key] = r
	}
	return results, order, scanner.Err()
}
