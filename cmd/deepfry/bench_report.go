package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/deepfry/deepfry/internal/bench"
	"github.com/deepfry/deepfry/internal/cpu"
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
}

// benchReport writes results: JSON at once, a table when it is flushed. On a
// terminal it says what is being measured.
type benchReport struct {
	term    *terminal
	version cpu.Version
	machine bench.Machine
	encoder *json.Encoder // nil for a table
	table   *tabwriter.Writer
}

func newBenchReport(term *terminal, asJSON bool, version cpu.Version, machine bench.Machine) *benchReport {
	r := &benchReport{term: term, version: version, machine: machine}
	if asJSON {
		r.encoder = json.NewEncoder(term.out)
		r.encoder.Encode(machine)
		return r
	}
	fmt.Fprintf(term.out, "%v, %d threads; at most %.0f GFLOP/s of additions, %.0f of multiply-adds, %.1f GB/s of memory\n\n",
		version, machine.Threads, machine.Additions, machine.MultiplyAdds, machine.Copy)
	r.table = tabwriter.NewWriter(term.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(r.table, "benchmark\tcase\tminimum\tmedian\tp99\tGFLOP/s\tof peak\t")
	return r
}

// progress replaces the terminal's last line.
func (r *benchReport) progress(text string) {
	if r.term.interactive {
		fmt.Fprintf(r.term.err, "\r\x1b[K%s", text)
	}
}

// add writes the result of a case, whose times are of a row.
func (r *benchReport) add(c benchCase, times bench.Times) error {
	result := benchResult{
		Benchmark: c.benchmark, Case: c.name, Threads: r.machine.Threads, Kernel: r.version.String(),
		Times: times, GFLOPS: c.operations / times.Median,
	}
	result.Share = result.GFLOPS / r.machine.MultiplyAdds
	if c.additions {
		result.Share = result.GFLOPS / r.machine.Additions
	}
	if r.encoder != nil {
		r.progress("")
		return r.encoder.Encode(result)
	}
	_, err := fmt.Fprintf(r.table, "%s\t%s\t%s\t%s\t%s\t%.1f\t%.0f%%\t\n", c.benchmark, c.name,
		nanoseconds(times.Min), nanoseconds(times.Median), nanoseconds(times.P99), result.GFLOPS, 100*result.Share)
	return err
}

func (r *benchReport) flush() error {
	r.progress("")
	if r.table == nil {
		return nil
	}
	return r.table.Flush()
}

// writeJSONLines writes a JSON object a line.
func writeJSONLines[T any](w io.Writer, results []T) error {
	encoder := json.NewEncoder(w)
	for _, r := range results {
		if err := encoder.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

// nanoseconds writes a time with three digits or more.
func nanoseconds(ns float64) string {
	switch {
	case ns < 1e4:
		return fmt.Sprintf("%.4g ns", ns)
	case ns < 1e7:
		return fmt.Sprintf("%.4g µs", ns/1e3)
	}
	return fmt.Sprintf("%.4g ms", ns/1e6)
}
