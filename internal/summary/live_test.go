package summary

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/live"
)

func TestTallyShowsWhatWasStored(t *testing.T) {
	var o live.Output
	two()[0].Show(began, &o)
	assert.Equal(t, live.Output{
		Places: []string{"s3://b/in/"}, Records: 1998, Objects: 2, Bytes: 1<<20 + 1<<10, DeadLetters: 3,
		Rolled: []live.Rolled{{Reason: "size", Objects: 1}, {Reason: "idle", Objects: 1}},
		Bad:    []live.Bad{{Reason: "offset 0: no JSON", Records: 2}, {Reason: "denied", Records: 1}},
		// Those are of another test.
		RecordsPerSecond: o.RecordsPerSecond, BytesPerSecond: o.BytesPerSecond,
	}, o)
}

func TestReasonsBeyondTheMostAreShownTogether(t *testing.T) {
	tally := &Tally{}
	for i := range mostReasons + 2 {
		tally.Refused(chunk.Drop, errors.New(strings.Repeat("x", i+1)))
	}
	var o live.Output
	tally.Show(began, &o)
	assert.Len(t, o.Bad, mostReasons+1)
	assert.Equal(t, live.Bad{Reason: "other reasons", Records: 2}, o.Bad[mostReasons])
}

func TestRateOfWhatIsStoredIsThatOfAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tally := begin(time.Now())
		time.Sleep(10 * time.Second)
		tally.Landed(chunk.Object{Rows: 1000, Bytes: 10_000})
		var o live.Output
		tally.Show(time.Now(), &o)
		assert.InEpsilon(t, 100, o.RecordsPerSecond, 0.01, "it took ten seconds, from the beginning")
		assert.InEpsilon(t, 1000, o.BytesPerSecond, 0.01)
		for range 100 {
			time.Sleep(time.Second)
			tally.Landed(chunk.Object{Rows: 50, Bytes: 1})
		}
		tally.Show(time.Now(), &o)
		assert.InEpsilon(t, 50, o.RecordsPerSecond, 0.05)
	})
}
