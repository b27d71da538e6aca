package toy

import "testing"

func TestPutAndSum(t *testing.T) {
	b := &Basket{}
	if _, err := b.Sum(); err == nil {
		t.Fatal("an empty basket has a sum")
	}
	for n := range Limit {
		if !b.Put(n) {
			t.Fatal("it is full too early")
		}
	}
	if sum, err := b.Sum(); sum != 45 || err != nil {
		t.Fatal(sum, err)
	}
}
