//go:build !race

package record

const race = false
