package benchmarks

import (
	"encoding/json"
	"fmt"
	"slices"
	"text/tabwriter"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/internal/bench"
	"github.com/deepfry/deepfry/internal/cpu"
	"github.com/deepfry/deepfry/internal/thousands"
)

// benchResult is a line of the output. Times are of one row, or one product.
type benchResult struct {
	Benchmark string `json:"benchmark"`
	Case      string `json:"case"`
	Threads   int    `json:"threads"`
	Kernel    string `json:"kernel"`
	bench.Times
	GFLOPS float64 `json:"gflops"` // at the median
	Share  float64 `json:"share"`  // of the peak that limits the case
	networkFacts
}

// benchReport writes results: JSON at once, a table when it is flushed. On a
// terminal it says what is being measured.
type benchReport struct {
	term    *console.Terminal
	version cpu.Version
	machine bench.Machine // as it does with the present number of threads
	encoder *json.Encoder // nil for a table
	rows    []benchResult // of the table
}

func newBenchReport(term *console.Terminal, asJSON bool, version cpu.Version) *benchReport {
	r := &benchReport{term: term, version: version}
	if asJSON {
		r.encoder = json.NewEncoder(term.Stdout)
	}
	return r
}

// begin says what the machine can do that the next results are from.
func (r *benchReport) begin(machine bench.Machine) error {
	r.machine = machine
	r.progress("")
	if r.encoder != nil {
		return r.encoder.Encode(machine)
	}
	_, err := fmt.Fprintf(r.term.Stdout, "%v, %s; at most %.0f GFLOP/s of additions, %.0f of multiply-adds, %.1f GB/s of memory\n",
		r.version, console.Counted(machine.Threads, "thread"), machine.Additions, machine.MultiplyAdds, machine.Copy)
	return err
}

// progress replaces the terminal's last line.
func (r *benchReport) progress(text string) {
	if r.term.Interactive {
		fmt.Fprintf(r.term.Stderr, "\r\x1b[K%s", text)
	}
}

// add writes the result of a case, whose times are of a row.
func (r *benchReport) add(c benchCase, times bench.Times) error {
	result := benchResult{
		Benchmark: c.benchmark, Case: c.name, Threads: r.machine.Threads, Kernel: r.version.String(),
		Times: times, GFLOPS: c.operations / times.Median, networkFacts: c.network,
	}
	if c.network.Batch > 0 {
		result.Latency, result.Samples = times.Median*float64(c.network.Batch), 1e9/times.Median
	}
	result.Share = result.GFLOPS / r.machine.MultiplyAdds
	if c.additions {
		result.Share = result.GFLOPS / r.machine.Additions
	}
	if r.encoder != nil {
		r.progress("")
		return r.encoder.Encode(result)
	}
	r.rows = append(r.rows, result)
	return nil
}

// flush writes the table, with columns for networks if there are any.
func (r *benchReport) flush() error {
	r.progress("")
	if r.encoder != nil || r.rows == nil {
		return nil
	}
	var networks []string
	for _, row := range r.rows {
		if row.about != "" && !slices.Contains(networks, row.about) {
			networks = append(networks, row.about)
			fmt.Fprintln(r.term.Stdout, row.about)
		}
	}
	fmt.Fprintln(r.term.Stdout)
	table := tabwriter.NewWriter(r.term.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	heads := "benchmark\tcase\tthreads\tminimum\tmedian\tp99\tGFLOP/s\tof peak\t"
	if networks != nil {
		heads += "latency\tsamples/s\tworkspace\t"
	}
	fmt.Fprintln(table, heads)
	for _, row := range r.rows {
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%s\t%.1f\t%.0f%%\t", row.Benchmark, row.Case, row.Threads,
			console.Nanoseconds(row.Min), console.Nanoseconds(row.Median), console.Nanoseconds(row.P99), row.GFLOPS, 100*row.Share)
		if row.Batch > 0 {
			fmt.Fprintf(table, "%s\t%s\t%.2f MB\t", console.Nanoseconds(row.Latency), perSecond(row.Samples), float64(row.WorkspaceBytes)/1e6)
		} else if networks != nil {
			fmt.Fprint(table, "\t\t\t")
		}
		fmt.Fprintln(table)
	}
	return table.Flush()
}

// perSecond writes a rate with three digits or more.
func perSecond(rate float64) string {
	if rate < 100 {
		return fmt.Sprintf("%.3g", rate)
	}
	return thousands.Apart(int(rate))
}
