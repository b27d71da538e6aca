// Package long marks the tests that `make test` leaves to `make test-full`:
// those that take seconds and whose rule a quicker test guards too, in a case or
// two. resources/ci/long.sh finds them by their calls of this package.
package long

import "testing"

// Skip skips a test, or a case of one, under -short.
func Skip(t testing.TB) {
	t.Helper()
	if !Wanted() {
		t.Skip("takes long: make test-full runs it")
	}
}

// Wanted reports whether long tests run.
func Wanted() bool { return !testing.Short() }

// Takes reports whether a case of a table is run: each one of `make test-full`,
// and one of n under -short.
func Takes(i, n int) bool { return Wanted() || i%n == 0 }
