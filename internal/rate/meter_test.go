package rate

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

var start = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// counted is a pair of counters with a meter.
type counted struct {
	Meter
	now            time.Time
	records, bytes int64
}

func (c *counted) happens(records, bytes int64) {
	c.Note(c.now, c.records, c.bytes)
	c.records += records
	c.bytes += bytes
}

func (c *counted) per(window time.Duration) (records, bytes float64) {
	return c.Per(c.now, window, c.records, c.bytes)
}

func TestRateIsThatOfTheWindow(t *testing.T) {
	c := &counted{now: start}
	records, _ := c.per(10 * time.Second)
	assert.Zero(t, records, "nothing has happened")
	for range 300 { // 100 s of 30 records a second, three times a second
		c.happens(10, 1000)
		c.now = c.now.Add(time.Second / 3)
	}
	records, bytes := c.per(10 * time.Second)
	assert.InEpsilon(t, 30, records, 0.1)
	assert.InEpsilon(t, 3000, bytes, 0.1)
	for range 10 { // it becomes ten times as fast
		c.happens(300, 0)
		c.now = c.now.Add(time.Second)
	}
	records, _ = c.per(10 * time.Second)
	assert.InEpsilon(t, 300, records, 0.1)
	records, _ = c.per(Longest)
	assert.InEpsilon(t, (10*300+50*30)/60.0, records, 0.1)
}

func TestWhatIsOlderThanTheWindowDoesNotCount(t *testing.T) {
	c := &counted{now: start}
	c.happens(1000, 1)
	c.now = c.now.Add(11 * time.Second)
	records, bytes := c.per(10 * time.Second)
	assert.Zero(t, records)
	assert.Zero(t, bytes)
	c.now = c.now.Add(time.Hour)
	c.happens(50, 0)
	records, _ = c.per(10 * time.Second)
	assert.InEpsilon(t, 5, records, 0.01, "an hour without anything is no part of it")
}

func TestYoungMeterDividesByItsAge(t *testing.T) {
	c := &counted{now: start}
	c.happens(100, 0)
	records, _ := c.per(Longest)
	assert.InEpsilon(t, 100, records, 0.01, "a second at least")
	c.now = c.now.Add(4 * time.Second)
	records, _ = c.per(Longest)
	assert.InEpsilon(t, 25, records, 0.01)
}

func TestOftenIsNoMoreThanOnceASecond(t *testing.T) {
	c := &counted{now: start}
	for range 10 * kept {
		c.happens(1, 0)
		c.now = c.now.Add(100 * time.Millisecond)
	}
	records, _ := c.per(30 * time.Second)
	assert.InEpsilon(t, 10, records, 0.05, "values of all thirty seconds are there")
}
