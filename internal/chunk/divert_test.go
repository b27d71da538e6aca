package chunk

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRecordsOfRefusedObjectsBecomeDeadLetters(t *testing.T) {
	cfg := Config{MaxAge: time.Second, MaxInFlight: 100, OnRefusedObject: ObjectToDeadLetters, DeadLetters: letters{}}
	parkedBubble(t, cfg, func(t *testing.T, m *Manager, p *denying, seen *changes) {
		first := goWrite(t.Context(), m, "no", "1", "2")
		<-first.done
		require.NoError(t, first.err)
		assert.Empty(t, first.failures)
		assert.GreaterOrEqual(t, first.took, 10*time.Second, "not at the first refusal")
		assert.GreaterOrEqual(t, len(p.tried()), 3)
		synctest.Wait()
		assert.Equal(t, 2, seen.diverted)
		require.Len(t, p.landed(), 1)
		assert.Equal(t, DeadLetter, p.landed()[0].Kind)
		assert.Contains(t, p.landed()[0].lines[0], "no|objects of this partition are refused")
		assert.Contains(t, p.landed()[0].lines[0], "AccessDenied|1")

		second := goWrite(t.Context(), m, "no", "3") // waits for the next attempt
		<-second.done
		assert.Empty(t, second.failures)
		assert.LessOrEqual(t, second.took, 80*time.Second)
		p.allow()
		third := goWrite(t.Context(), m, "no", "4")
		<-third.done
		objects := p.landed()
		assert.Equal(t, []string{"4"}, objects[len(objects)-1].lines, "accepted again")
		synctest.Wait()
		assert.Equal(t, 1, seen.recovered)
	})
}

// Once it is known that nothing is accepted, only what the next attempt needs
// waits for it.
func TestDivertedPartitionKeepsOnlyWhatTheNextAttemptNeeds(t *testing.T) {
	cfg := Config{MaxAge: time.Second, MaxInFlight: 10_000, OnRefusedObject: ObjectToDeadLetters, DeadLetters: letters{}, MaxRecords: 100_000}
	parkedBubble(t, cfg, func(t *testing.T, m *Manager, _ *denying, _ *changes) {
		first := goWrite(t.Context(), m, "no", "1")
		<-first.done
		kept := goWrite(t.Context(), m, "no", "2")
		synctest.Wait()
		more := goWrite(t.Context(), m, "no", "x")
		<-more.done
		assert.LessOrEqual(t, more.took, time.Second, "the age of an object of dead letters")
		<-kept.done
		assert.Greater(t, kept.took, time.Second)
	})
}
