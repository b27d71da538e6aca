// Package toy has tests that notice some things and others not.
package toy

import "errors"

// Limit is a constant, which no mutation touches.
const Limit = 2 * 5

var errEmpty = errors.New("there is nothing")

// Basket holds numbers.
type Basket struct {
	items   []int
	changed int
}

// Put adds a number, unless the basket is full.
func (b *Basket) Put(n int) bool {
	if len(b.items) >= Limit {
		return false
	}
	b.items = append(b.items, n)
	b.changed++
	return true
}

// Sum adds the numbers up.
func (b *Basket) Sum() (int, error) {
	if len(b.items) == 0 {
		return 0, errEmpty
	}
	sum := 0
	for _, n := range b.items {
		sum += n
	}
	return sum, nil
}

// Forgotten is called by no test.
func (b *Basket) Forgotten() int { return b.changed + 1 }
