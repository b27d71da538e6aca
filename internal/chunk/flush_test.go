package chunk

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestFlushRollsWhatIsOpenAndGoesOnAsBefore(t *testing.T) {
	p := &memory{latency: time.Second}
	bubble(t, Config{MaxAge: time.Hour, IdleTimeout: time.Minute, Encoders: 1, Uploads: 1}, p, func(t *testing.T, m *Manager) {
		var open []*writing
		for _, path := range []string{"a", "b", "c"} {
			open = append(open, goWrite(t.Context(), m, path, "x"))
		}
		time.Sleep(time.Second)
		m.Flush()
		for _, w := range open {
			<-w.done
		}
		assert.Equal(t, map[Reason]int{Drain: 3}, p.reasons(), "more than there are workers")
		next := goWrite(t.Context(), m, "a", "y")
		<-next.done
		assert.Equal(t, time.Minute+time.Second, next.took, "idle_timeout holds again, and an upload takes a second")
		assert.Equal(t, map[Reason]int{Drain: 3, Idle: 1}, p.reasons())
	})
}

func TestFlushWaitsForWhatIsOnItsWay(t *testing.T) {
	p := &memory{}
	bubble(t, Config{MaxAge: time.Hour, IdleTimeout: time.Hour}, p, func(t *testing.T, m *Manager) {
		m.Flush()
		time.Sleep(time.Second) // in a processor
		late := goWrite(t.Context(), m, "a", "x")
		<-late.done
		assert.Equal(t, linger, late.took)
	})
}
