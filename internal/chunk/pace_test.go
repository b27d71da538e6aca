package chunk

import (
	"context"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// line is a path to a store: it takes so many bytes a second from everybody
// together, and every request so long on top.
type connection struct {
	speed   float64
	request time.Duration

	mu   sync.Mutex
	free time.Time // when the line is free again
}

func (l *connection) send(ctx context.Context, bytes int64) error {
	l.mu.Lock()
	now := time.Now()
	if l.free.Before(now) {
		l.free = now
	}
	if l.speed > 0 {
		l.free = l.free.Add(time.Duration(float64(bytes) / l.speed * float64(time.Second)))
	}
	wait := l.free.Sub(now) + l.request
	l.mu.Unlock()
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// paced uploads objects over a line for some time, as many at once as the pace
// allows, and returns the limits that it had, second by second.
func paced(t *testing.T, most int, bytes int64, l *connection, lasts time.Duration, during func(p *pace, second int)) (limits []int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), lasts)
		defer cancel()
		p := newPace(most)
		var mu sync.Mutex
		var running sync.WaitGroup
		active := 0
		var begin func()
		begin = func() { // with mu
			for active < p.limit && ctx.Err() == nil {
				active++
				running.Go(func() {
					err := l.send(ctx, bytes)
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						p.finished(time.Now(), bytes, active >= p.limit)
					}
					active--
					begin()
				})
			}
		}
		mu.Lock()
		begin()
		mu.Unlock()
		for s := 0; ctx.Err() == nil; s++ {
			time.Sleep(time.Second)
			mu.Lock()
			if during != nil {
				during(&p, s)
			}
			limits = append(limits, p.limit)
			begin()
			mu.Unlock()
		}
		running.Wait()
	})
	return limits
}

func TestUploadsGrowWhileThatBringsSpeed(t *testing.T) {
	limits := paced(t, 16, 10_000, &connection{request: 100 * time.Millisecond}, time.Minute, nil)
	assert.Equal(t, 16, limits[2], "small objects: more requests at once bring more, and it is found out at once")
	assert.Equal(t, 16, limits[59])
}

func TestUploadsDoNotGrowBeyondWhatTheLineTakes(t *testing.T) {
	// Four large objects at once fill the line already.
	limits := paced(t, 64, 50<<20, &connection{speed: 50 << 20, request: 50 * time.Millisecond}, 10*time.Minute, nil)
	most, sum := 0, 0
	for _, l := range limits[60:] {
		most, sum = max(most, l), sum+l
	}
	assert.LessOrEqual(t, most, 2*firstUploads, "it tries more now and then")
	assert.Less(t, float64(sum)/float64(len(limits)-60), 1.8*firstUploads, "and goes back")
}

func TestUploadsFindTheEndOfAWiderLine(t *testing.T) {
	// Each upload is bound to 10 MB/s by its own latency; the line takes 320.
	limits := paced(t, 256, 1_000_000, &connection{speed: 320e6, request: 100 * time.Millisecond}, 5*time.Minute, nil)
	last := limits[len(limits)-1]
	assert.GreaterOrEqual(t, last, 16)
	assert.LessOrEqual(t, last, 128)
}

func TestThrottlingHalvesAndThenGrowsSlowly(t *testing.T) {
	limits := paced(t, 16, 10_000, &connection{request: 100 * time.Millisecond}, time.Minute, func(p *pace, second int) {
		if second == 10 {
			p.throttled(time.Now())
			p.throttled(time.Now()) // what was sent before the cut
		}
	})
	assert.Equal(t, 16, limits[9])
	assert.Equal(t, 8, limits[10], "once for one burst")
	assert.Less(t, limits[11], 16, "one by one, and not doubled")
	assert.Equal(t, 16, limits[59])
}

func TestThrottlingThatGoesOnLeavesOneUpload(t *testing.T) {
	limits := paced(t, 16, 10_000, &connection{request: 2 * time.Second}, time.Minute, func(p *pace, _ int) { p.throttled(time.Now()) })
	assert.Equal(t, 1, limits[20])
	assert.Equal(t, 1, limits[59], "and never none")
}

// A limit that nobody meets says nothing.
func TestUploadsDoNotGrowWhenThereIsNothingToUpload(t *testing.T) {
	p := newPace(16)
	now := time.Unix(0, 0)
	for range 100 {
		now = now.Add(time.Second)
		p.finished(now, 1<<20, false)
	}
	assert.Equal(t, firstUploads, p.limit)
}

func TestPaceStaysWithinItsBounds(t *testing.T) {
	for _, most := range []int{1, 2, 3, 5, 100} {
		p := newPace(most)
		now := time.Unix(0, 0)
		for i := range 10_000 {
			now = now.Add(time.Duration(math.Abs(math.Sin(float64(i))) * float64(time.Second)))
			if i%97 == 0 {
				p.throttled(now)
			}
			p.finished(now, int64(i%7)<<20, true)
			assert.GreaterOrEqual(t, p.limit, 1)
			assert.LessOrEqual(t, p.limit, most)
		}
	}
}

// A manager begins no more uploads than the pace allows, and tells it what the
// store says.
func TestThrottledManagerUploadsLess(t *testing.T) {
	p := &memory{latency: time.Second}
	bubble(t, Config{MaxAge: time.Hour, MaxRecords: 1, Uploads: 4, Encoders: 4}, p, func(t *testing.T, m *Manager) {
		w := goWrite(t.Context(), m, "a", make([]string, 40)...)
		synctest.Wait()
		m.Throttled()
		time.Sleep(1500 * time.Millisecond)
		m.Throttled()
		time.Sleep(time.Second)
		p.mu.Lock()
		assert.Equal(t, 1, p.running)
		p.mu.Unlock()
		<-w.done
		assert.Equal(t, 40, p.rows())
		m.lock()
		assert.Greater(t, m.pace.limit, 1, "it has grown again")
		m.unlock()
	})
}

// uploads reports uploads that end one after the other, all while every place
// was taken, and returns the limits after each.
func (p *pace) uploads(now *time.Time, n int, apart time.Duration) (limits []int) {
	for range n {
		*now = now.Add(apart)
		p.finished(*now, 0, true)
		limits = append(limits, p.limit)
	}
	return limits
}

// A round is as many uploads as run at once, beginning with those that began
// with that limit.
func TestRoundIsJudgedAtItsLastUpload(t *testing.T) {
	for name, tc := range map[string]struct {
		apart time.Duration // of the second round; the first takes a second each
		after int
	}{
		"faster":                {500 * time.Millisecond, 16},
		"as fast":               {time.Second, firstUploads},
		"hardly faster":         {950 * time.Millisecond, firstUploads},
		"all at the same time":  {0, 8},
		"just fast enough":      {time.Second * 10 / 12, 16},
		"slower than it was so": {2 * time.Second, firstUploads},
	} {
		t.Run(name, func(t *testing.T) {
			p, now := newPace(64), time.Unix(0, 0)
			assert.Equal(t, []int{4, 4, 4, 4, 8}, p.uploads(&now, 5, time.Second), "one to begin, and four")
			assert.Equal(t, []int{8, 8, 8, 8}, p.uploads(&now, 4, time.Second), "those that began before")
			assert.Equal(t, []int{8, 8, 8, 8, 8, 8, 8, tc.after}, p.uploads(&now, 8, tc.apart))
		})
	}
}

func TestEveryBurstOfComplaintsHalvesOnce(t *testing.T) {
	p, now := newPace(64), time.Unix(0, 0)
	p.uploads(&now, 9, time.Second)
	p.uploads(&now, 8, time.Second/2)
	assert.Equal(t, 16, p.limit)
	for _, want := range []int{8, 8, 4, 4} {
		p.throttled(now)
		assert.Equal(t, want, p.limit)
		now = now.Add(echo / 2)
	}
	for range 8 { // they began before the cut
		assert.Equal(t, []int{4}, p.uploads(&now, 1, time.Second))
	}
	assert.Equal(t, []int{4, 4, 4, 5}, p.uploads(&now, 4, time.Second))
	assert.Equal(t, []int{5, 5, 5, 5}, p.uploads(&now, 4, time.Second))
	assert.Equal(t, []int{5, 5, 5, 5, 6}, p.uploads(&now, 5, time.Second), "no doubling any more")
	assert.Equal(t, slices.Repeat([]int{6}, 5), p.uploads(&now, 5, time.Second))
	assert.Equal(t, []int{6, 6, 6, 6, 6, 4}, p.uploads(&now, 6, time.Second), "half as many again are no faster")
}

// A limit beyond which nothing was gained is tried again at the end of the first
// round after a while.
func TestLimitThatBroughtNothingIsTriedAgainLater(t *testing.T) {
	p, now := newPace(64), time.Unix(0, 0)
	p.uploads(&now, 9, time.Second)
	limits := p.uploads(&now, 8, time.Second)
	assert.Equal(t, 4, limits[7], "eight are no faster")
	assert.Equal(t, append(slices.Repeat([]int{4}, 31), 8), p.uploads(&now, 32, time.Second), "rounds end every four seconds")
}
