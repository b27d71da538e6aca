package chunk

import "fmt"

// state is where a chunk is in its life.
type state uint8

const (
	// open chunks collect records. Nothing is encoded.
	open state = iota
	// sealed chunks are complete and wait for an encoder.
	sealed
	// encoding chunks are being encoded.
	encoding
	// encoded chunks wait until they may be uploaded.
	encoded
	// landing chunks are being named and uploaded.
	landing
	// parked chunks collect records of a partition whose objects are refused,
	// until one of them is tried again.
	parked
	// forming chunks collect the records of an object that a predecessor has
	// announced, until it is known whether it is to be stored.
	forming
	// landed is the end of a chunk whose object is durable.
	landed
	// failed is the end of a chunk whose records were reported as not stored.
	failed
	// dissolved is the end of a chunk whose records went elsewhere: back to
	// their partition, to the policy for bad records, or away with their calls.
	dissolved
	states
)

// successors are the states that may follow a state. The rest is final.
var successors = [states][]state{
	open:     {sealed, failed, dissolved},
	sealed:   {encoding, failed, dissolved},
	encoding: {encoded, failed, dissolved},
	encoded:  {landing, failed, dissolved},
	landing:  {landed, failed, dissolved},
	parked:   {sealed, failed, dissolved},
	forming:  {sealed, failed, dissolved},
}

func (s state) final() bool { return len(successors[s]) == 0 }

// String names the state.
func (s state) String() string {
	return [...]string{
		open: "open", sealed: "sealed", encoding: "encoding", encoded: "encoded", landing: "landing",
		parked: "parked", forming: "forming", landed: "landed", failed: "failed", dissolved: "dissolved",
	}[s]
}

// become moves the chunk to a state that may follow its own. Anything else is
// a fault of this package, and going on would lose track of records.
func (c *chunk) become(to state) {
	for _, s := range successors[c.state] {
		if s == to {
			c.state = to
			return
		}
	}
	panic(fmt.Sprintf("chunk %s of partition %q cannot go from %s to %s", c.id, c.part.path, c.state, to))
}
