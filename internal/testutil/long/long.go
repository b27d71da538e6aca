// Package long marks the tests that `make test` leaves to `make test-full`:
// those that take seconds and whose rule a quicker test guards too, in a case or
// two.
package long

import "testing"

// Skip skips a test, or a case of one, under -short.
func Skip(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes long: make test-full runs it")
	}
}
