package sizing

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/s3-destination/s3-destination/internal/chunk"
)

func spooled() (Destination, Input, Load) {
	d := roomy()
	d.Spool, d.MemoryLimit, d.MaxInFlight, d.MaxAge = 100e9, 1<<30, 64, 15*time.Minute
	l := load()
	l.Rate, l.Partitions = 10_000, 1000
	return d, kafka(), l
}

func TestWithASpoolMemoryIsACacheAndTheDiskCollects(t *testing.T) {
	d, in, l := spooled()
	p := Predict(d, in, l)
	assert.Equal(t, chunk.Age, p.Reason)
	assert.InDelta(t, 9e6, p.Bytes, 1e5)
	assert.InDelta(t, 10.8e9, p.Disk, 0.5e9)
	assert.InDelta(t, 36e9, p.DiskOutage, 1e9)
	assert.Less(t, p.Container, 1.5e9)
	assert.LessOrEqual(t, p.InFlight, 64.0)
	assert.LessOrEqual(t, p.Duplicates, 10_000*1.1, "rate times the commit period, and a sync")
	assert.Empty(t, settings(p, Warning))
	d.Spool = 0
	without := Predict(d, in, l)
	assert.Contains(t, settings(without, Warning), "memory_limit")
	assert.Contains(t, settings(without, Warning), "max_in_flight")
	assert.Zero(t, without.Disk)
}

func TestASpoolSaysWhatIsInTheWay(t *testing.T) {
	d, in, l := spooled()
	d.Spool = 5e9
	assert.Equal(t, []string{"spool.max_size"}, settings(Predict(d, in, l), Warning))
	d, in, l = spooled()
	l.Partitions, d.MaxFileSize = 1, 2e9
	p := Predict(d, in, l)
	assert.Equal(t, chunk.Memory, p.Reason)
	assert.Equal(t, []string{"memory_limit"}, settings(p, Warning))
	d.MemoryLimit = int64(1.01 * p.HeldNeeded)
	assert.Empty(t, settings(Predict(d, in, l), Warning))
}
