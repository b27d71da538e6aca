package chunk

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// landings is an Observer that keeps what was said of objects that are stored.
type landings struct {
	silent
	mu   sync.Mutex
	said []string
}

func (l *landings) Landed(o Object, waited time.Duration, oversized bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said = append(l.said, fmt.Sprintf("%s: %d bytes after %s, oversized: %t", o.Key, o.Bytes, waited, oversized))
}

// Who watches hears of each object that is stored, how long its first record
// waited for that, and whether it is larger than it should be.
func TestObserverHearsOfEachObjectThatIsStored(t *testing.T) {
	for name, tc := range map[string]struct {
		limit     int64
		oversized bool
	}{
		"no limit":      {0, false},
		"a larger one":  {11, false},
		"just the size": {10, false},
		"a smaller one": {9, true},
	} {
		t.Run(name, func(t *testing.T) {
			p := &memory{latency: time.Minute, fail: func(o Object) error {
				if o.Path == "lost" {
					return errSaidNo
				}
				return nil
			}}
			obs := &landings{}
			bubble(t, Config{MaxAge: time.Second, MaxFileSize: tc.limit, MaxRecords: 1, Observer: obs}, p, func(t *testing.T, m *Manager) {
				lost := goWrite(t.Context(), m, "lost", strings.Repeat("x", 9))
				kept := goWrite(t.Context(), m, "kept", strings.Repeat("x", 9)) // ten with the end of the line
				<-lost.done
				<-kept.done
				synctest.Wait()
				assert.Equal(t, []string{fmt.Sprintf("kept: 10 bytes after 1m0s, oversized: %t", tc.oversized)}, obs.said)
			})
		})
	}
}

// Only an error can be a refusal.
func TestObjectThatIsStoredIsNotRefused(t *testing.T) {
	seen := &changes{}
	cfg := Config{MaxAge: time.Second, Observer: seen, Refused: func(err error) bool { return !errors.Is(err, errSaidNo) }}
	bubble(t, cfg, &memory{}, func(t *testing.T, m *Manager) {
		w := goWrite(t.Context(), m, "a", "x")
		time.Sleep(time.Minute)
		require.Zero(t, seen.told(&seen.parked))
		<-w.done
		require.NoError(t, w.err)
		assert.Empty(t, w.failures)
	})
}
