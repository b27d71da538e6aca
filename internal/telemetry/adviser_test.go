package telemetry

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/s3-destination/s3-destination/internal/chunk"
)

// watched is an adviser that has seen things.
type watched struct {
	*adviser
	cause  chunk.Reason
	advice []string
}

func watch(limits chunk.Config) *watched {
	if limits.MaxFileSize == 0 {
		limits.MaxFileSize = 100e6
	}
	limits.MaxAge, limits.IdleTimeout, limits.MaxInFlight = time.Minute, 2*time.Second, 1000
	limits.MaxOpenPartitions, limits.MemoryLimit = 500, 64e6
	return &watched{adviser: newAdviser(limits, false)}
}

// land lands objects one after the other, each opened after the one before.
func (w *watched) land(n int, reason chunk.Reason, bytes int64) {
	for range n {
		time.Sleep(time.Second)
		cause, advice := w.Landed(chunk.Object{Reason: reason, Bytes: bytes, Opened: time.Now()})
		w.cause = cause
		if advice != "" {
			w.advice = append(w.advice, advice)
		}
	}
}

func TestAdviserNamesTheSettingBehindSmallObjects(t *testing.T) {
	for name, tc := range map[string]struct {
		see    func(w *watched)
		cause  chunk.Reason
		advice string
	}{
		"max_age is too short for the rate": {
			see:   func(w *watched) { w.land(40, chunk.Age, 5e6) },
			cause: chunk.Age,
			advice: "The median of the last 30 objects is 5.0 MB, 5.0 % of max_file_size (100 MB). Most are written because of max_age (1m0s), " +
				"and at this rate one takes 20 minutes to fill: raise max_age towards that, or set max_file_size to 20 MB if the delay matters more.",
		},
		"too many partitions": {
			see: func(w *watched) {
				w.Observe(chunk.Stats{OpenPartitions: 400})
				w.land(40, chunk.Age, 5e4)
				w.Observe(chunk.Stats{OpenPartitions: 3})
			},
			cause: chunk.Age,
			advice: "The median of the last 30 objects is 50 kB, less than 0.1 % of max_file_size (100 MB). Most are written because of max_age (1m0s) " +
				"while the records are split into 400 partitions, each of which takes 33 hours to fill: split them less with the placeholders of folder and file_name, " +
				"raise max_age, or set max_file_size to 200 kB if small objects are meant.",
		},
		"too little data": {
			see:   func(w *watched) { w.Observe(chunk.Stats{OpenPartitions: 1}); w.land(40, chunk.Age, 5e4) },
			cause: chunk.Age,
			advice: "The median of the last 30 objects is 50 kB, less than 0.1 % of max_file_size (100 MB). Most are written because of max_age (1m0s), " +
				"and at this rate one takes 33 hours to fill: raise max_age as far as readers can wait, or set max_file_size to 200 kB if small objects are meant.",
		},
		"max_in_flight is too small": {
			see:   func(w *watched) { w.land(40, chunk.Saturation, 9e6) },
			cause: chunk.Saturation,
			advice: "The median of the last 30 objects is 9.0 MB, 9.0 % of max_file_size (100 MB). Most are written early because all batches that max_in_flight (1000) allows are waiting: " +
				"raise it towards 11120, or put more records into a batch at the input.",
		},
		"max_in_flight is too small by far": {
			see:   func(w *watched) { w.land(40, chunk.Saturation, 1e5) },
			cause: chunk.Saturation,
			advice: "The median of the last 30 objects is 100 kB, 0.1 % of max_file_size (100 MB). Most are written early because all batches that max_in_flight (1000) allows are waiting: " +
				"put more records into a batch at the input, each of which takes one slot, or raise it.",
		},
		"memory_limit is too small": {
			see:   func(w *watched) { w.Observe(chunk.Stats{OpenPartitions: 12}); w.land(40, chunk.Memory, 5e6) },
			cause: chunk.Memory,
			advice: "The median of the last 30 objects is 5.0 MB, 5.0 % of max_file_size (100 MB). Most are written early because memory_limit (64 MB) is reached with 12 partitions open: " +
				"raise it towards 1.3 GB, split the records into fewer partitions, or set max_file_size to 20 MB.",
		},
		"max_open_partitions is too small": {
			see:   func(w *watched) { w.land(40, chunk.Partitions, 5e6) },
			cause: chunk.Partitions,
			advice: "The median of the last 30 objects is 5.0 MB, 5.0 % of max_file_size (100 MB). Most are written early because max_open_partitions (500) is reached: " +
				"raise it, or split the records into fewer partitions with the placeholders of folder and file_name.",
		},
		"the input waits for us": {
			see:   func(w *watched) { w.stalls.Add(1); w.land(41, chunk.Idle, 5e6) },
			cause: chunk.Idle,
			advice: "The median of the last 30 objects is 5.0 MB, 5.0 % of max_file_size (100 MB). Most are written early because the input waits for acknowledgements: " +
				"raise the number of un-acknowledged records it allows, checkpoint_limit of a Kafka input.",
		},
		"the input pauses": {
			see:   func(w *watched) { w.land(41, chunk.Idle, 5e6); w.land(1, chunk.Size, 90e6) },
			cause: chunk.Idle,
			advice: "The median of the last 30 objects is 5.0 MB, 5.0 % of max_file_size (100 MB). Most are written early because the input pauses for longer than idle_timeout (2s): " +
				"raise it beyond the pauses. max_age bounds the delay all the same.",
		},
		"the schema changes all the time": {
			see:   func(w *watched) { w.land(40, chunk.Schema, 5e6) },
			cause: chunk.Schema,
			advice: "The median of the last 30 objects is 5.0 MB, 5.0 % of max_file_size (100 MB). Most end where the schema changes: " +
				"declare the columns (schema.mode fixed), or give records of different shapes folders of their own.",
		},
		"the reason of most small objects counts": {
			see: func(w *watched) {
				w.land(4, chunk.Age, 1e6)
				w.land(10, chunk.Age, 95e6)
				w.land(16, chunk.Partitions, 1e6)
			},
			cause: chunk.Partitions,
			advice: "The median of the last 30 objects is 1.0 MB, 1.0 % of max_file_size (100 MB). Most are written early because max_open_partitions (500) is reached: " +
				"raise it, or split the records into fewer partitions with the placeholders of folder and file_name.",
		},
		"large objects": {see: func(w *watched) { w.land(300, chunk.Age, 11e6) }},
		"large in the middle": {see: func(w *watched) {
			for range 50 {
				w.land(2, chunk.Age, 1e6)
				w.land(3, chunk.Size, 99e6)
			}
		}},
		"too few to tell":             {see: func(w *watched) { w.land(29, chunk.Age, 1e6) }},
		"shutdown and recovery":       {see: func(w *watched) { w.land(100, chunk.Drain, 1e6); w.land(100, chunk.Recovery, 1e6) }},
		"max_records, which is meant": {see: func(w *watched) { w.land(100, chunk.Records, 1e6) }},
		"a first guess of the encoder": {see: func(w *watched) {
			w.land(40, chunk.Size, 1e6)
		}},
		"no cap": {see: func(w *watched) { w.limits.MaxFileSize = 0; w.land(100, chunk.Age, 1e6) }},
		"dead letters": {see: func(w *watched) {
			for range 100 {
				w.cause, _ = w.Landed(chunk.Object{Kind: chunk.DeadLetter, Reason: chunk.Age, Bytes: 10, Opened: time.Now()})
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := watch(chunk.Config{})
				tc.see(w)
				assert.Equal(t, tc.cause, w.cause)
				if tc.advice == "" {
					assert.Empty(t, w.advice)
				} else {
					assert.Equal(t, []string{tc.advice}, w.advice)
				}
			})
		})
	}
}

func TestTailOfAFiniteInputIsNoReasonForAdvice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(chunk.Config{})
		opened := time.Now()
		time.Sleep(time.Second)
		for range 1000 { // a thousand partitions end at once
			w.cause, _ = w.Landed(chunk.Object{Reason: chunk.Idle, Bytes: 1000, Opened: opened})
		}
		assert.Empty(t, w.cause)
		time.Sleep(time.Second)
		w.land(10, chunk.Age, 1000) // it was not the end
		assert.Equal(t, chunk.Idle, w.cause)
	})
}

func TestAdviceIsGivenOnceForEachCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(chunk.Config{})
		w.land(1000, chunk.Age, 1e6)
		assert.Len(t, w.advice, 1)
		w.land(1000, chunk.Size, 99e6)
		assert.Empty(t, w.cause, "objects are full again")
		w.land(1000, chunk.Age, 1e6)
		assert.Equal(t, chunk.Age, w.cause)
		assert.Len(t, w.advice, 1, "said before")
		w.land(150, chunk.Memory, 1e6)
		assert.Len(t, w.advice, 2)
		assert.Contains(t, w.advice[1], "memory_limit")
		w.land(250, chunk.Saturation, 1e6)
		assert.Len(t, w.advice, 2, "less than ten minutes after the last advice")
		w.land(1000, chunk.Saturation, 1e6)
		assert.Len(t, w.advice, 3)
	})
}

func TestPeakIsForgottenAfterAWhile(t *testing.T) {
	var p peak
	now := time.Now()
	p.add(5, now)
	p.add(3, now.Add(peakFor))
	assert.Equal(t, 5, p.value)
	p.add(4, now.Add(peakFor+time.Second))
	assert.Equal(t, 4, p.value)
}
