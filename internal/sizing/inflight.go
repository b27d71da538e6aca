package sizing

import "math"

// fullest is the largest number of records of that size that a batch can have,
// as far as the settings bound it; 1 where they do not.
func fullest(d Destination, in Input, rowBytes float64) float64 {
	rows := math.Max(1, float64(in.BatchRows))
	if in.OrderedBytes > 0 {
		rows = math.Max(rows, float64(in.OrderedBytes)/rowBytes)
	}
	for _, b := range []Batching{in.Batching, d.Batching} {
		n := never
		if b.Count > 1 {
			n = float64(b.Count)
		}
		if b.Bytes > 0 {
			n = math.Min(n, math.Ceil(float64(b.Bytes)/rowBytes))
		}
		if n < never {
			rows = math.Max(rows, n)
		}
	}
	return rows
}

const (
	// assumedRow is the size of records where nobody has told it.
	assumedRow = 1000
	// leastInFlight and mostInFlight bound what is derived.
	leastInFlight, mostInFlight = 8, 1000
	// mostPiped is mostInFlight for the small batches of standard input.
	mostPiped = 2000
)

// InFlight is the max_in_flight with which full batches take about the room for
// records, so that an input that is faster than S3 cannot fill more.
func InFlight(d Destination, in Input) int {
	if in.Grows {
		return mostInFlight // none of them is filled beyond the room
	}
	each := fullest(d, in, assumedRow)*(assumedRow*in.mostBulk()+float64(d.RecordOverhead)) + float64(d.CallOverhead)
	most := float64(mostInFlight)
	if in.Piped {
		most = mostPiped
	}
	return int(math.Min(math.Max(d.room()/each, leastInFlight), most))
}
