// Package turns makes figures of runs that were measured in turns.
package turns

import "slices"

// Median of a property of the runs.
func Median[R any](runs []R, of func(R) float64) float64 {
	values := make([]float64, len(runs))
	for i, r := range runs {
		values[i] = of(r)
	}
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}
