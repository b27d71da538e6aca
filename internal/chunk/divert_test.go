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

// An object is refused for good with the third refusal, unless ten seconds are
// not over by then.
func TestRecordsBecomeDeadLettersAfterThreeRefusalsOverTenSeconds(t *testing.T) {
	for name, tc := range map[string]struct {
		answers []time.Duration
		tries   int
	}{
		"three times in ten seconds":      {[]time.Duration{5 * time.Second, finalTime}, 3},
		"three times in a moment less":    {[]time.Duration{5 * time.Second, finalTime - 1}, 4},
		"twice in a minute, then at once": {[]time.Duration{time.Minute}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := Config{MaxAge: time.Second, OnRefusedObject: ObjectToDeadLetters, DeadLetters: letters{}}
			parkedBubble(t, cfg, func(t *testing.T, m *Manager, p *denying, seen *changes) {
				p.answerAt(tc.answers...)
				<-goWrite(t.Context(), m, "no", "x").done
				synctest.Wait()
				assert.Len(t, p.tried(), tc.tries)
				assert.Equal(t, 1, seen.diverted)
			})
		})
	}
}

// Records are given back with the refusal that comes when their time is over.
func TestRecordsAreGivenBackWithTheRefusalWhenTheirTimeIsOver(t *testing.T) {
	const after = 5 * time.Second
	for answer, tries := range map[time.Duration]int{after: 2, after - 1: 3} {
		t.Run(answer.String(), func(t *testing.T) {
			parkedBubble(t, Config{MaxAge: time.Second, GiveUpAfter: after}, func(t *testing.T, m *Manager, p *denying, seen *changes) {
				p.answerAt(answer)
				<-goWrite(t.Context(), m, "no", "x").done
				synctest.Wait()
				assert.Len(t, p.tried(), tries)
				assert.Equal(t, 1, seen.givenBack)
			})
		})
	}
}

// While an attempt is under way, other records of the partition need not wait
// for how it ends.
func TestWhatComesDuringAnAttemptIsDiverted(t *testing.T) {
	cfg := Config{MaxAge: time.Second, OnRefusedObject: ObjectToDeadLetters, DeadLetters: letters{}}
	parkedBubble(t, cfg, func(t *testing.T, m *Manager, p *denying, _ *changes) {
		<-goWrite(t.Context(), m, "no", "1").done
		time.Sleep(2 * time.Minute)
		p.meanwhile(func(int) { time.Sleep(time.Minute) })
		goWrite(t.Context(), m, "no", "2") // is tried
		time.Sleep(time.Second)
		more := goWrite(t.Context(), m, "no", "3")
		<-more.done
		assert.Equal(t, time.Second, more.took, "the age of an object of dead letters")
	})
}
