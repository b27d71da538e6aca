package lifecycle

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

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

// holding is an output that holds records of a stream.
type holding struct {
	Output
	held, written atomic.Int32
}

func (h *holding) Flush() { h.written.Add(h.held.Swap(0)) }

func TestWhatComesAfterTheEndOfItsInputIsWrittenToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := service.MockResources().Logger()
		a, b := &holding{}, &holding{}
		Attach(a, "a")
		Attach(b, "b")
		arrive := func() {
			a.held.Add(1)
			b.held.Add(1)
			time.Sleep(time.Second)
		}
		arrive()
		assert.Zero(t, a.written.Load(), "its input goes on")
		EndOfInput("a")
		arrive()
		assert.EqualValues(t, 2, a.written.Load())
		EndOfInput("a")
		arrive()
		assert.EqualValues(t, 3, a.written.Load(), "it was on the way")
		Input("b")
		arrive()
		assert.EqualValues(t, 4, a.written.Load(), "that was another stream")
		Input("a")
		synctest.Wait()
		arrive()
		assert.EqualValues(t, 4, a.written.Load(), "it has an input again")
		EndOfInput("a")
		arrive()
		assert.EqualValues(t, 6, a.written.Load())
		Detach(a, unstored.Report{}, log) // nothing of it is left when the test ends
		assert.Zero(t, b.written.Load())
		EndOfInput("nobody's")
		Detach(b, unstored.Report{}, log)
		Input("nobody's")
	})
}
