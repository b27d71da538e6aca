package jsonscan

import "hash/maphash"

// name is a field name that was met in an object of a document.
type name struct {
	hash   uint64 // of the name, with the object mixed in
	object uint64 // the number of the object in its document
	start  int    // where the name is, between its quotes
	end    int
}

// shape is the names of a document in which no object has a name twice. Nor has
// any document whose names are some of these, in this order: comparing them costs
// less than hashing.
type shape struct {
	text  []byte // each name in quotes, and a colon
	names []name
	at    int // where the next name is expected
	// followed are the names that the present document has had, unless it strayed:
	// then fresh are all of its names.
	followed []int
	fresh    []name
	strayed  bool
	strays   int // documents that strayed since the shape was taken
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
		if n.object == object && string(s.text[n.start:n.end]) == string(key) {
			s.followed = append(s.followed, at)
			s.at = at + 1
			return true
		}
	}
	return false
}

// token returns the end of the name and the colon at doc[i], if they look as
// they do in the shape; 0 otherwise.
func (s *shape) token(doc []byte, i int, object uint64) (end int) {
	if s.strayed || s.at >= len(s.names) {
		return 0
	}
	n := &s.names[s.at]
	token := s.text[n.start-1 : n.end+2]
	if n.object != object || len(doc)-i < len(token) || string(doc[i:i+len(token)]) != string(token) {
		return 0
	}
	s.followed = append(s.followed, s.at)
	s.at++
	return i + len(token)
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

func (s *Strict) begin() {
	s.objects, s.twice = 0, false
	s.shape.at, s.shape.strayed, s.shape.followed = 0, false, s.shape.followed[:0]
}

// note notes the name of a field, at doc[start:end], of the object of a number.
func (s *Strict) note(doc []byte, start, end int, object uint64) {
	if !s.shape.strayed {
		if s.shape.follows(doc[start:end], object) {
			return
		}
		s.stray()
	}
	hash := s.met.hash(doc[start:end], object)
	if !s.met.add(hash) {
		s.twice = true
	}
	if len(s.shape.fresh) < mostNames {
		s.shape.fresh = append(s.shape.fresh, name{hash: hash, object: object, start: start, end: end})
	}
}

// stray takes the names that a document has had so far into the table.
func (s *Strict) stray() {
	s.shape.strayed, s.shape.fresh = true, s.shape.fresh[:0]
	s.met.reset()
	for _, at := range s.shape.followed {
		s.met.add(s.shape.names[at].hash)
		s.shape.fresh = append(s.shape.fresh, s.shape.names[at])
	}
}

// end takes the shape of a document that has more names than others, or when too
// many have strayed from the last one.
func (s *Strict) end(doc []byte) {
	sh := &s.shape
	if !sh.strayed || s.twice {
		return
	}
	if sh.strays++; len(sh.fresh) <= len(sh.names) && sh.strays < maxStrays {
		return
	}
	before := sh.text
	sh.text, sh.strays = make([]byte, 0, len(before)), 0
	for i := range sh.fresh {
		n := &sh.fresh[i]
		text := doc
		if i < len(sh.followed) {
			text = before
		}
		sh.text = append(sh.text, '"')
		start := len(sh.text)
		sh.text = append(sh.text, text[n.start:n.end]...)
		n.start, n.end = start, len(sh.text)
		sh.text = append(sh.text, '"', ':')
	}
	sh.names, sh.fresh = sh.fresh, sh.names[:0]
}
