package jsonscan

import "hash/maphash"

// name is a field name that was met in an object of a document.
type name struct {
	hash   uint64 // of the name, with the object mixed in
	object uint64 // the number of the object in its document
	start  int    // where the name is, between its quotes; of one that the shape has, its place there
	end    int
}

// shape is the names of a document in which no object has a name twice. Nor has
// any document whose names are some of these, in this order: comparing them costs
// less than hashing.
type shape struct {
	names []known
	at    int // where the next name is expected; behind all of them once the document strayed
	// skipped are the names before at that the document has not.
	skipped []int
	fresh   []name // all names of a document that strayed
	kept    int    // how many of them the shape has
	strayed bool
	strays  int // documents that strayed since the shape was taken
}

// known is a name of a shape.
type known struct {
	token  Token // as it mostly looks
	object uint64
	hash   uint64
	key    string // what is between its quotes
}

const (
	// lookAhead is how many names in a row may be missing.
	lookAhead = 4
	// maxStrays is how many documents may stray until another shape is taken.
	maxStrays = 64
)

// follows reports whether the document has the shape up to and with a name.
func (s *shape) follows(key []byte, object uint64) bool {
	for at := s.at; at < len(s.names) && at < s.at+lookAhead; at++ {
		n := &s.names[at]
		if n.object == object && n.key == string(key) {
			for ; s.at < at; s.at++ {
				s.skipped = append(s.skipped, s.at)
			}
			s.at++
			return true
		}
	}
	return false
}

// token returns the end of the name and the colon at doc[i], if they look as
// they do in the shape; 0 otherwise.
func (s *shape) token(doc []byte, i int, object uint64) (end int) {
	if s.at >= len(s.names) {
		return 0
	}
	n := &s.names[s.at]
	if n.object != object || !n.token.quick(doc, i) && !n.token.slow(doc, i) {
		return 0
	}
	s.at++
	return i + len(n.token.text)
}

// names is a table of those of one document. What is older counts as empty.
type names struct {
	seed  maphash.Seed
	slots [nameSlots]struct {
		hash uint64
		age  uint32
	}
	age   uint32
	count int
}

const (
	nameSlots = 1024
	// mostNames is how many the table takes; in a document with more all are
	// suspected.
	mostNames = nameSlots / 2
)

func (n *names) reset() {
	n.count = 0
	if n.age++; n.age == 0 {
		clear(n.slots[:])
		n.age = 1
	}
}

func (n *names) hash(key []byte, object uint64) uint64 {
	const spread = 0x9e3779b97f4a7c15
	return maphash.Bytes(n.seed, key) ^ object*spread
}

// add adds a name and reports whether it was not there before.
func (n *names) add(hash uint64) bool {
	if n.count++; n.count > mostNames {
		return false
	}
	for at := hash % nameSlots; ; at = (at + 1) % nameSlots {
		slot := &n.slots[at]
		if slot.age != n.age {
			slot.hash, slot.age = hash, n.age
			return true
		}
		if slot.hash == hash {
			return false
		}
	}
}

func (c *Checker) begin() {
	c.objects, c.found = 0, Found{}
	c.shape.at, c.shape.strayed, c.shape.skipped = 0, false, c.shape.skipped[:0]
}

// note notes the name of a field, at doc[start:end], of the object of a number.
func (c *Checker) note(doc []byte, start, end int, object uint64) {
	if !c.shape.strayed {
		if c.shape.follows(doc[start:end], object) {
			return
		}
		c.stray()
	}
	hash := c.met.hash(doc[start:end], object)
	if !c.met.add(hash) {
		c.found.Twice = true
	}
	if len(c.shape.fresh) < mostNames {
		c.shape.fresh = append(c.shape.fresh, name{hash: hash, object: object, start: start, end: end})
	}
}

// stray takes the names that a document has had so far into the table.
func (c *Checker) stray() {
	s := &c.shape
	c.met.reset()
	s.fresh = s.fresh[:0]
	skipped := s.skipped
	for at := range s.at {
		if len(skipped) > 0 && skipped[0] == at {
			skipped = skipped[1:]
			continue
		}
		n := &s.names[at]
		c.met.add(n.hash)
		s.fresh = append(s.fresh, name{hash: n.hash, object: n.object, start: at})
	}
	s.strayed, s.kept, s.at = true, len(s.fresh), len(s.names)
}

// end takes the shape of a document that has more names than others, or when too
// many have strayed from the last one.
func (c *Checker) end(doc []byte) {
	s := &c.shape
	if !s.strayed || c.found.Twice {
		return
	}
	if s.strays++; len(s.fresh) <= len(s.names) && s.strays < maxStrays {
		return
	}
	names := make([]known, len(s.fresh))
	for i := range s.fresh {
		n := &s.fresh[i]
		if i < s.kept {
			names[i] = s.names[n.start]
			continue
		}
		key := doc[n.start:n.end]
		names[i] = known{token: rawToken(key), object: n.object, hash: n.hash, key: string(key)}
	}
	s.names, s.strays = names, 0
}
