package summary

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/unstored"
)

var began = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// two are the tallies of two outputs, of which one has had trouble.
func two() []*Tally {
	a := &Tally{began: began, places: []string{"s3://b/in/"}}
	b := &Tally{began: began.Add(time.Second), places: []string{"s3://b/in/", "s3://c/"}}
	a.Landed(chunk.Object{Reason: chunk.Size, Rows: 1500, Bytes: 1 << 20})
	a.Landed(chunk.Object{Reason: chunk.Idle, Rows: 498, Bytes: 1 << 10})
	a.Landed(chunk.Object{Kind: chunk.DeadLetter, Reason: chunk.Idle, Rows: 3, Bytes: 100})
	for i := range 2 {
		a.Refused(chunk.ToDeadLetter, fmt.Errorf("offset %d: no JSON", i*10))
	}
	a.Diverted(1, errors.New("denied"))
	b.Landed(chunk.Object{Reason: chunk.Size, Rows: 2, Bytes: 2})
	b.Refused(chunk.Drop, errors.New("offset 7: no JSON"))
	b.Refused(chunk.Reject, errors.New("no date"))
	return []*Tally{a, b}
}

func TestOutputsAreSummedUp(t *testing.T) {
	s := of(began.Add(10*time.Second), unstored.Report{}, two())
	var b strings.Builder
	require.NoError(t, s.JSON(&b))
	assert.JSONEq(t, `{
		"records": 2000, "objects": 3, "bytes": 1049602, "dead_letters": 3, "dead_letter_objects": 1, "dropped": 1, "rejected": 1,
		"bad": [{"reason": "offset 0: no JSON", "records": 3}, {"reason": "denied", "records": 1}, {"reason": "no date", "records": 1}],
		"not_stored": 0, "rolled": {"size": 2, "idle": 1}, "seconds": 10, "records_per_second": 200,
		"places": ["s3://b/in/", "s3://c/"], "exit_code": 0}`, b.String())
	assert.True(t, s.AnyBad())
	b.Reset()
	require.NoError(t, s.Text(&b))
	assert.Equal(t, `stored            2,000 records in 3 objects, 1.0 MiB
took              10s, 200 records/s
objects ended by  size 2, idle 1
dead letters      3 records in 1 object
dropped           1 record
given back        1 times, as bad ones
                  3: offset 0: no JSON
                  1: denied
                  1: no date
look at           s3://b/in/
                  s3://c/
`, b.String())
	assert.Equal(t, "Stored 2,000 records in 3 objects, 1.0 MiB, in 10s (200 records/s); 3 became dead letters; 1 were dropped; "+
		"1 times a record was given back as a bad one. Look at s3://b/in/ and s3://c/.", s.Line())
}

func TestWhatIsNotStoredIsSaid(t *testing.T) {
	s := of(began, unstored.Report{Batches: 1, Records: 7, Returned: 2, Class: "network", Cause: "away"}, two())
	assert.Equal(t, 9, s.NotStored)
	assert.Contains(t, s.NotStoredWhy, "Reason (network): away")
	assert.Zero(t, s.PerSecond, "no time has passed")
	var b strings.Builder
	require.NoError(t, s.Text(&b))
	assert.Contains(t, b.String(), "not stored        9 records")
	assert.Nil(t, of(began, unstored.Report{}, nil), "no output, nothing to say")
}

// A reason for each record, such as a text that no two records share, must not fill
// the memory.
func TestReasonsAreBounded(t *testing.T) {
	tally := &Tally{}
	for i := range 1000 {
		tally.Refused(chunk.Drop, fmt.Errorf("no %s", strings.Repeat("x", i)))
	}
	s := of(began, unstored.Report{}, []*Tally{tally})
	assert.Len(t, s.Bad, mostReasons+1)
	assert.Equal(t, Why{"other reasons", 1000 - mostReasons}, s.Bad[mostReasons])
}

func TestTheLineSaysWhatIsUnderWay(t *testing.T) {
	for want, c := range map[string]struct {
		way  way
		goal Goal
	}{
		"0 records stored, 0/s, 0 B/s; 3 open, 0 uploading, 1.0 KiB waiting": {
			way{open: 3, waiting: 1 << 10}, Goal{Records: 100},
		},
		"1,500 records stored, 150/s, 1.0 MiB/s; 1 open, 2 uploading, 0 B waiting": {
			way{counts: counts{records: 1500, bytes: 10 << 20, raw: 1}, open: 1, uploading: 2}, Goal{},
		},
		"1 record stored, 0/s, 0 B/s; 0 open, 0 uploading, 0 B waiting; 40 %, 15s left": { // dead letters and dropped ones are done
			way{counts: counts{records: 1, letters: 2, dropped: 1}}, Goal{Records: 10},
		},
		"10 records stored, 1/s, 0 B/s; 0 open, 0 uploading, 0 B waiting; 25 %, 30s left": {
			way{counts: counts{records: 10, raw: 25}}, Goal{Bytes: 100},
		},
		"20 records stored, 2/s, 0 B/s; 0 open, 0 uploading, 0 B waiting; 100 %, 0s left": { // the last line has no end
			way{counts: counts{records: 20, raw: 101}}, Goal{Bytes: 100},
		},
	} {
		assert.Equal(t, want, c.way.line(10*time.Second, c.goal))
	}
}

func TestTheLineIsWrittenAgainAndRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tally := Begin(time.Now())
		defer func() { tallies.all = nil }()
		var out strings.Builder
		done, ended := make(chan struct{}), make(chan struct{})
		go func() {
			Show(&out, Goal{Bytes: 10}, done)
			close(ended)
		}()
		synctest.Wait()
		tally.Observe(chunk.Stats{OpenPartitions: 1, Uploading: 2, HeldBytes: 3})
		tally.Landed(chunk.Object{Reason: chunk.Size, Rows: 1, Bytes: 2, Records: []record.Record{{Raw: []byte("1234")}}})
		time.Sleep(showEvery * 5 / 2)
		close(done)
		<-ended
		assert.Equal(t, "\r\x1b[K1 record stored, 2/s, 4 B/s; 1 open, 2 uploading, 3 B waiting; 50 %, 1s left\r"+ // half a second, rounded
			"\r\x1b[K1 record stored, 1/s, 2 B/s; 1 open, 2 uploading, 3 B waiting; 50 %, 1s left\r\r\x1b[K", out.String())
	})
}
