package paper

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Read reads the results that Compression recorded; none if there is no such file. A
// last line that was cut off is left out.
func Read(path string) ([]Result, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var results []Result
	for i, line := range bytes.Split(content[:bytes.LastIndexByte(content, '\n')+1], []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		var r Result
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, fmt.Errorf("paper: %s: line %d: %w", path, i+1, err)
		}
		results = append(results, r)
	}
	return results, nil
}

// Group is what a trial came to with all seeds.
type Group struct {
	Trial
	Settings
	Int8        bool `json:"int8,omitempty"` // with weights in eight bits
	Weights     int  `json:"weights"`
	Bytes       int  `json:"bytes"`
	LearntBytes int  `json:"learnt_bytes,omitempty"` // not for eight bits
	// Mean is that of the test errors, in per cent, StandardError that of the mean; 0
	// for a single seed.
	Mean          float64 `json:"mean_percent"`
	StandardError float64 `json:"standard_error"`
	// Errors are the test errors in per cent, by seed.
	Errors map[uint64]float64 `json:"errors"`
}

// Summarise returns the groups of results, in the order of their first ones, with float32
// and, behind it, with eight bits. Of a seed that was run with several settings, each is a
// group.
func Summarise(results []Result) []Group {
	var groups []Group
	add := func(r Result, int8 bool, bytes, learnt, errors int) {
		i := slices.IndexFunc(groups, func(g Group) bool { return g.Trial == r.Trial && g.Settings == r.Settings && g.Int8 == int8 })
		if i < 0 {
			i = len(groups)
			groups = append(groups, Group{Trial: r.Trial, Settings: r.Settings, Int8: int8, Weights: r.Weights, Bytes: bytes, LearntBytes: learnt, Errors: map[uint64]float64{}})
		}
		groups[i].Errors[r.Seed] = 100 * float64(errors) / float64(r.Images)
	}
	for _, r := range results {
		add(r, false, r.Bytes, r.LearntBytes, r.Errors)
		if r.Int8Bytes > 0 { // records from before have none
			add(r, true, r.Int8Bytes, 0, r.Int8Errors)
		}
	}
	for i, g := range groups {
		groups[i].Mean, groups[i].StandardError = spread(slices.Collect(maps.Values(g.Errors)))
	}
	return groups
}

// spread returns the mean of values and its standard error.
func spread(values []float64) (mean, standardError float64) {
	mean, deviation := stat.MeanStdDev(values, nil)
	if len(values) < 2 {
		return mean, 0
	}
	return mean, deviation / math.Sqrt(float64(len(values)))
}

// Comparison is a form at a size beside the curve of another form at the same bytes.
type Comparison struct {
	Trial
	Int8    bool `json:"int8,omitempty"` // both
	Against Form `json:"against"`
	Bytes   int  `json:"bytes"`
	// Difference is the mean over seeds of the trial's test error less the other
	// form's, in points; negative where the trial is better.
	Difference    float64 `json:"difference"`
	StandardError float64 `json:"standard_error"`
	Seeds         int     `json:"seeds"`
}

// Verdict says whether the difference is beyond two standard errors.
func (c Comparison) Verdict() string {
	switch {
	case c.Seeds < 2 || math.Abs(c.Difference) <= 2*c.StandardError:
		return "no difference"
	case c.Difference < 0:
		return "better"
	}
	return "worse"
}

// Compare compares a form at all its sizes with another at the same bytes, seed by
// seed. The other's error there is interpolated between its two nearest sizes,
// linearly in the logarithm of the bytes; sizes beyond its smallest and largest are
// left out. Both have float32, or both eight bits. The other form's trials are not
// distilled. Groups are of one choice of settings for each trial.
func Compare(groups []Group, form, against Form, frozen, int8 bool) []Comparison {
	curve := slices.DeleteFunc(slices.Clone(groups), func(g Group) bool {
		return g.Form != against || g.Frozen != frozen || g.Untrained || g.Distilled || g.Int8 != int8
	})
	slices.SortFunc(curve, func(a, b Group) int { return a.Bytes - b.Bytes })
	var found []Comparison
	for _, g := range groups {
		if g.Form != form || g.Frozen != frozen || g.Untrained || g.Int8 != int8 {
			continue
		}
		i := slices.IndexFunc(curve, func(other Group) bool { return other.Bytes >= g.Bytes })
		if i < 1 {
			continue
		}
		low, high := curve[i-1], curve[i]
		part := math.Log(float64(g.Bytes)/float64(low.Bytes)) / math.Log(float64(high.Bytes)/float64(low.Bytes))
		var differences []float64
		for seed, e := range g.Errors {
			a, hasA := low.Errors[seed]
			b, hasB := high.Errors[seed]
			if hasA && hasB {
				differences = append(differences, e-(a+part*(b-a)))
			}
		}
		if len(differences) == 0 {
			continue
		}
		c := Comparison{Trial: g.Trial, Int8: int8, Against: against, Bytes: g.Bytes, Seeds: len(differences)}
		c.Difference, c.StandardError = spread(differences)
		found = append(found, c)
	}
	return found
}
