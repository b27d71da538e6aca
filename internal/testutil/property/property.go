// Package property checks a rule on inputs that are drawn at random, from the
// same seed in each run: what fails on one machine fails on every other, and a
// change is never blamed for an input that the run before did not draw.
//
// `make fuzz` draws from new seeds, and so does PROPERTY_SEED=0 before any other
// command; rapid prints the seed of a failure, -rapid.seed repeats it.
package property

import (
	"flag"
	"os"

	"pgregory.net/rapid"
)

const seed = "20260101"

// The value stands before the command line is read, which may set another.
func init() {
	chosen, given := os.LookupEnv("PROPERTY_SEED")
	if !given {
		chosen = seed
	}
	if err := flag.Set("rapid.seed", chosen); err != nil {
		panic("PROPERTY_SEED: " + err.Error() + ": give a number, or 0 for a new one in each run")
	}
}

// Check is rapid.Check with the seed of this package.
func Check(t rapid.TB, rule func(*rapid.T)) {
	t.Helper()
	rapid.Check(t, rule) //nolint:forbidigo // this is where the seed is settled
}
