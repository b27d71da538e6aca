package chunk

import (
	"hash/maphash"

	"github.com/s3-destination/s3-destination/internal/exactly"
	"github.com/s3-destination/s3-destination/internal/record"
)

// grouping sorts the records of a call by partition while they are added.
type grouping struct {
	all    []group
	byPart map[partition]int32 // of groups, once there are many
	hints  *[hints]int32       // groups by the hash of their path, then; 0 for the first or none
	seed   maphash.Seed
	last   int32   // group of the previous record
	of     []int32 // group of each record
}

// group counts the records of one call that share a partition, or a refused
// record, which has none.
type group struct {
	part partition
	run
	refused error
}

const (
	few   = 8      // the number of groups up to which looking at each is fastest
	hints = 1 << 7 // what a call remembers of more
)

// find returns the group of a partition. path is copied when it is new.
func (g *grouping) find(path []byte, schema string, lane *exactly.Ledger) int32 {
	if len(g.all) > 0 && g.all[g.last].is(path, schema, lane) {
		return g.last
	}
	if g.byPart != nil {
		return g.findMany(path, schema, lane)
	}
	for i := range g.all {
		if g.all[i].is(path, schema, lane) {
			return int32(i)
		}
	}
	return g.begin(path, schema, lane)
}

// findMany is find among many groups. Mostly it is one of few all the same.
func (g *grouping) findMany(path []byte, schema string, lane *exactly.Ledger) int32 {
	hint := &g.hints[maphash.Bytes(g.seed, path)%hints]
	if g.all[*hint].is(path, schema, lane) {
		return *hint
	}
	i, ok := g.byPart[partition{path: string(path), schema: schema, lane: lane}]
	if !ok {
		i = g.begin(path, schema, lane)
	}
	*hint = i
	return i
}

// begin adds the group of a partition.
func (g *grouping) begin(path []byte, schema string, lane *exactly.Ledger) int32 {
	i := int32(len(g.all))
	p := partition{kind: Data, path: string(path), schema: schema, lane: lane}
	g.all = append(g.all, group{part: p})
	if g.byPart != nil {
		g.byPart[p] = i
	} else if len(g.all) > few {
		g.index()
	}
	return i
}

func (g *grouping) index() {
	g.byPart, g.hints, g.seed = make(map[partition]int32, 2*few), new([hints]int32), maphash.MakeSeed()
	for i := range g.all {
		if g.all[i].refused == nil {
			g.byPart[g.all[i].part] = int32(i)
		}
	}
}

func (g *group) is(path []byte, schema string, lane *exactly.Ledger) bool {
	return g.refused == nil && g.part.path == string(path) && g.part.schema == schema && g.part.lane == lane
}

// Next returns where the next record of the batch is to be written. What is there is
// empty, and becomes part of the call with Put or Reject: one of them must follow, and
// ends its use.
func (c *Call) Next() *record.Record {
	if c.records == nil {
		c.records = make([]record.Record, 0, c.expects)
		c.indexes = make([]int32, 0, c.expects)
		c.groups.of = make([]int32, 0, c.expects)
	}
	c.records = append(c.records, record.Record{})
	return &c.records[len(c.records)-1]
}

// Put puts the record that was written to Next into the partition of that path.
// Records of different schemas, told apart by any text, never share an object. path
// is copied when needed and may be reused.
func (c *Call) Put(path []byte, schema string, index int) {
	c.groups.last = c.groups.find(path, schema, c.lane())
	c.add(c.groups.last, index)
}

// Reject reports that the record that was written to Next has no partition; the
// policy for bad records decides what becomes of it.
func (c *Call) Reject(index int, reason error) {
	c.groups.all = append(c.groups.all, group{refused: reason})
	c.add(int32(len(c.groups.all)-1), index)
}

func (c *Call) add(i int32, index int) {
	raw, charge := measure(&c.records[len(c.records)-1], c.m.cfg.RecordOverhead)
	g := &c.groups.all[i]
	g.to++
	g.raw += raw
	g.charge += charge
	if c.ticket != nil {
		c.offsets = append(c.offsets, c.offset)
	}
	c.indexes = append(c.indexes, int32(index))
	c.groups.of = append(c.groups.of, i)
}

// delivery is a run and where it is to go.
type delivery struct {
	part   partition
	run    run
	target exactly.Target // of what is stored exactly once
}

// arrange brings the records of each partition together and returns the runs,
// after the policy for bad records has been applied to those without one.
func (c *Call) arrange() []delivery {
	c.gather()
	brought := make([]delivery, 0, len(c.groups.all))
	for i := range c.groups.all {
		g := &c.groups.all[i]
		g.call = c
		if g.refused == nil {
			brought = append(brought, delivery{part: g.part, run: g.run})
		} else if letter, ok := c.turnDown(g.run, g.refused); ok {
			brought = append(brought, letter)
		}
	}
	c.groups = grouping{}
	c.sum(brought)
	return brought
}

// gather makes the records of each group follow each other.
func (c *Call) gather() {
	at := int32(0)
	for i := range c.groups.all {
		g := &c.groups.all[i]
		g.from, g.to, at = at, at, at+g.to
	}
	if len(c.groups.all) == 1 {
		c.groups.all[0].to = at
		return
	}
	for i, of := range c.groups.of {
		g := &c.groups.all[of]
		c.groups.of[i] = g.to
		g.to++
	}
	c.permute(c.groups.of)
}

// permute moves each record to its new position, without other memory.
func (c *Call) permute(to []int32) {
	for i := range to {
		for at := to[i]; at != int32(i); at = to[i] {
			to[i], to[at] = to[at], at
			c.records[i], c.records[at] = c.records[at], c.records[i]
			c.indexes[i], c.indexes[at] = c.indexes[at], c.indexes[i]
			if len(c.offsets) > 0 {
				c.offsets[i], c.offsets[at] = c.offsets[at], c.offsets[i]
			}
		}
	}
}
