package jsonscan

import "hash/maphash"

// Keys finds out whether objects whose names are data have one of them twice. The
// zero value is ready; it is not safe for concurrent use.
type Keys struct {
	seed    maphash.Seed
	met     map[uint64]struct{}
	objects uint64
}

// manyKeys is how many names may be there before the table is given up when the
// next document begins: clearing a large one takes as long as filling it.
const manyKeys = 1 << 12

// Begin starts a document: no object of the one before is still being walked.
func (k *Keys) Begin() {
	switch {
	case len(k.met) == 0:
	case len(k.met) > manyKeys:
		k.met = nil
	default:
		clear(k.met)
	}
}

// Object returns a number for an object of the document.
func (k *Keys) Object() uint64 {
	k.objects++
	return k.objects
}

// Add notes a name of an object. It reports false when the object has had it
// before, or, once in 2^64 cases, another one: whoever is told so looks closer.
func (k *Keys) Add(object uint64, key []byte) bool {
	if k.met == nil {
		k.seed, k.met = maphash.MakeSeed(), make(map[uint64]struct{})
	}
	const spread = 0x9e3779b97f4a7c15
	hash := maphash.Bytes(k.seed, key) ^ object*spread
	if _, ok := k.met[hash]; ok {
		return false
	}
	k.met[hash] = struct{}{}
	return true
}
