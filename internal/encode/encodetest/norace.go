//go:build !race

package encodetest

const race = false
