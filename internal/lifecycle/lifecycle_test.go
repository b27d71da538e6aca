package lifecycle

import (
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"

	"github.com/s3-destination/s3-destination/internal/unstored"
)

// fixed is an output that holds so much memory.
type fixed struct {
	Output
	memory int64
}

func (f *fixed) Memory() int64 { return f.memory }

func TestMemoryLimitOfTheProcessIsTheSumOfThoseThatTakeRecords(t *testing.T) {
	var totals []int64
	OnMemoryLimit(func(total int64) { totals = append(totals, total) })
	defer OnMemoryLimit(nil)
	one, other := &fixed{memory: 256}, &fixed{memory: 100}
	Attach(one, "")
	Attach(other, "")
	Takes(one)
	Takes(other)
	one.memory += 64
	MemoryChanged()
	log := service.MockResources().Logger()
	Detach(other, unstored.Report{}, log)
	Detach(one, unstored.Report{}, log)
	assert.Equal(t, []int64{256, 356, 420, 320, 0}, totals)
}
