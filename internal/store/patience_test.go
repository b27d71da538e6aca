package store

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// lateStore stores what it gets and answers after a while, without the right
// to read. It honours conditions.
type lateStore struct {
	mu     sync.Mutex
	keys   map[string]bool
	late   time.Duration // of an answer that says "stored"
	taken  time.Duration // of one that says "taken"
	puts   int
	giveUp int // requests whose answer nobody waited for
}

func (l *lateStore) Do(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodHead {
		return reply(r, 403, ""), nil
	}
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
	}
	l.mu.Lock()
	l.puts++
	status, wait := 200, l.late
	if l.keys[r.URL.Path] {
		status, wait = 412, l.taken
	}
	l.keys[r.URL.Path] = true
	l.mu.Unlock()
	select {
	case <-time.After(wait):
	case <-r.Context().Done():
		l.mu.Lock()
		defer l.mu.Unlock()
		l.giveUp++
		return nil, r.Context().Err()
	}
	if status == 412 {
		return reply(r, status, "PreconditionFailed"), nil
	}
	return reply(r, status, ""), nil
}

// land puts an object under the next key until one is its own.
func land(ctx context.Context, s *Store, name string) (copies int, err error) {
	for copies = 1; ; copies++ {
		_, err = s.Put(ctx, Object{
			Key: fmt.Sprintf("%s-%d", name, copies), Body: BodyOf([]byte("x")), Identity: name, IfNoneMatch: true,
		})
		if ClassOf(err) != ClassExists {
			return copies, err
		}
	}
}

// Whoever cannot read what is there takes the next key, so that each answer
// that comes too late is a copy.
func TestAStoreThatAnswersLateGetsFewCopies(t *testing.T) {
	for _, late := range []int{2, 3, 5, 10, 30} { // times request_timeout
		for _, taken := range []int{0, 1} { // quick, or as slow
			t.Run(fmt.Sprintf("%d times, taken %d", late, taken), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					wait := time.Duration(late)*DefaultRequestTimeout - time.Second
					l := &lateStore{keys: map[string]bool{}, late: wait, taken: time.Duration(taken) * wait}
					s := offline(t, l.Do, RetryConfig{MaxRetries: -1, InitialInterval: time.Second, MaxInterval: time.Second})
					if taken == 1 && late > mostSilence {
						return // no answer comes within the patience of one call
					}
					copies, err := land(t.Context(), s, "first")
					require.NoError(t, err)
					assert.LessOrEqual(t, copies, 3)
					copies, err = land(t.Context(), s, "second")
					require.NoError(t, err)
					assert.Equal(t, 1, copies, "what was learnt holds for the next object")
				})
			})
		}
	}
}

// Objects that are on their way at the same time learn the same, and no more.
func TestManyLateAnswersAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lateStore{keys: map[string]bool{}, late: 2 * DefaultRequestTimeout}
		s := offline(t, l.Do, RetryConfig{MaxRetries: -1, InitialInterval: time.Second, MaxInterval: time.Second})
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				copies, err := land(t.Context(), s, fmt.Sprint(i))
				assert.NoError(t, err)
				assert.LessOrEqual(t, copies, 3)
			})
		}
		wg.Wait()
		assert.Equal(t, lateGrowth, s.late.now())
	})
}

// An upload in parts is forgotten once it is complete, whether or not anybody
// has heard of that.
func TestALateCompleteIsLearntFrom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		completes := 0
		s := offline(t, func(r *http.Request) (*http.Response, error) {
			if r.Body != nil {
				_, _ = io.Copy(io.Discard, r.Body)
			}
			resp := reply(r, 200, "")
			switch {
			case r.Method != http.MethodPost:
			case r.URL.Query().Has("uploads"):
				resp.Body = io.NopCloser(strings.NewReader("<R><UploadId>u</UploadId></R>"))
			default:
				if completes++; completes == 1 {
					<-r.Context().Done()
					return nil, r.Context().Err()
				}
				return reply(r, 404, "NoSuchUpload"), nil
			}
			return resp, nil
		}, RetryConfig{MaxRetries: 1})
		_, err := s.Put(t.Context(), Object{Key: "k", Body: BodyOf([]byte("x")), InParts: true, IfNoneMatch: true})
		require.ErrorIs(t, err, errStaleUpload)
		assert.Equal(t, lateGrowth, s.late.now())
	})
}

func TestALateStoreIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p patience
		assert.Equal(t, 1, p.now())
		p.late(1)
		assert.Equal(t, lateGrowth, p.now())
		p.late(lateGrowth)
		assert.Equal(t, lateGrowth*lateGrowth, p.now())
		p.late(1)
		assert.Equal(t, lateGrowth*lateGrowth, p.now(), "never less than what was seen")
		p.late(100)
		assert.Equal(t, mostLate, p.now())
		time.Sleep(lateMemory)
		assert.Equal(t, mostLate, p.now(), "for all of an hour")
		time.Sleep(time.Nanosecond)
		assert.Equal(t, 1, p.now())
		p.late(1)
		assert.Equal(t, lateGrowth, p.now(), "and learnt anew")
	})
}

// Without evidence that anything arrives, a black hole is found out soon.
func TestSilenceIsWaitedForLongerWithinACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		start := time.Now()
		s := offline(t, func(r *http.Request) (*http.Response, error) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
			at = append(at, time.Since(start))
			start = time.Now()
			return nil, r.Context().Err()
		}, RetryConfig{MaxRetries: 4})
		for range 2 {
			_, err := s.Put(t.Context(), Object{Key: "k", Body: BodyOf([]byte("x"))})
			require.ErrorIs(t, err, errSilent)
			const u = DefaultRequestTimeout
			assert.Equal(t, []time.Duration{u, 2 * u, 4 * u, 4 * u, 4 * u}, at)
			at = nil
		}
	})
}

// A store that stops reading is another matter: nothing was carried out.
func TestABodyThatIsNotTakenIsNotWaitedForLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, n := time.Now(), 0
		s := offline(t, func(r *http.Request) (*http.Response, error) {
			if n++; n == 4 {
				return reply(r, 412, "PreconditionFailed"), nil
			}
			_, _ = io.CopyN(io.Discard, r.Body, 1000)
			<-r.Context().Done()
			return nil, r.Context().Err()
		}, RetryConfig{MaxRetries: 3})
		_, err := s.Put(t.Context(), Object{Key: "k", Body: BodyOf(make([]byte, 10_000)), IfNoneMatch: true})
		require.ErrorIs(t, err, ErrExists)
		assert.Equal(t, 3*DefaultRequestTimeout, time.Since(start))
		assert.Equal(t, 1, s.late.now(), "it was somebody else")
	})
}

// A cancelled upload holds its caller, and with it the stop of the process,
// while it removes its parts from a store that does not answer.
func TestACancelledUploadDoesNotWaitForABlackHole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := offline(t, func(r *http.Request) (*http.Response, error) {
			if r.URL.Query().Has("uploads") {
				resp := reply(r, 200, "")
				resp.Body = io.NopCloser(strings.NewReader("<R><UploadId>u</UploadId></R>"))
				return resp, nil
			}
			<-r.Context().Done()
			return nil, r.Context().Err()
		}, DefaultRetry())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := s.Put(ctx, Object{Key: "k", Body: BodyOf(make([]byte, 6<<20)), InParts: true})
		require.Equal(t, ClassCanceled, ClassOf(err))
		assert.Equal(t, time.Second+hurriedAbort, time.Since(start))
	})
}

// Blocks of a body go back to a pool when Put has returned, whatever became of
// the request: the bytes of one object must never end up in another.
func TestObjectsNeverMixTheirBytes(t *testing.T) {
	t.Parallel()
	server := s3test.StartT(t, s3test.Config{})
	actions := []s3test.Action{
		s3test.Fail(http.StatusPreconditionFailed, "PreconditionFailed", "taken"), // before it has read
		s3test.Reset(100_000),
		func(x *s3test.Exchange) { page(200, loginPage)(x.W, x.R) },
		func(x *s3test.Exchange) { x.Next.ServeHTTP(x.W, x.R) },
		func(x *s3test.Exchange) { x.W.WriteHeader(417) },
	}
	n, mu := 0, sync.Mutex{}
	server.Faults.Add(s3test.Rule{Op: "PutObject", Do: func(x *s3test.Exchange) {
		mu.Lock()
		n++
		action := actions[n%len(actions)]
		mu.Unlock()
		action(x)
	}})
	s := newStore(t, server, func(c *Config) { c.Retry.MaxRetries = 1 })
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 6 {
				body := BodyOf(bytes.Repeat([]byte{byte('a' + g)}, 3<<20))
				ctx, cancel := context.WithCancel(t.Context())
				if i%3 == 0 {
					time.AfterFunc(time.Duration(i)*5*time.Millisecond, cancel)
				}
				_, _ = s.Put(ctx, Object{Key: fmt.Sprintf("%d-%d", g, i), Body: body})
				body.Reset()
				cancel()
			}
		})
	}
	wg.Wait()
	for _, o := range server.Objects("") {
		assert.Empty(t, bytes.Trim(o.Body, string(o.Body[:1])), o.Key)
	}
}

func TestWhatARequestIsWaitingFor(t *testing.T) {
	var say func(r *http.Request) (*http.Response, error)
	synctest.Test(t, func(t *testing.T) {
		s := offline(t, func(r *http.Request) (*http.Response, error) { return say(r) },
			RetryConfig{MaxRetries: -1, InitialInterval: time.Hour, MaxInterval: time.Hour})
		require.NoError(t, s.Waiting(), "nothing is under way")
		waiting := func() error {
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { defer close(done); _, _ = s.Put(ctx, Object{Key: "k"}) }()
			time.Sleep(silence - time.Nanosecond)
			if err := s.Waiting(); err != nil {
				require.Contains(t, err.Error(), "SlowDown", "a request that has only begun")
			}
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			err := s.Waiting()
			cancel()
			<-done
			require.NoError(t, s.Waiting())
			return err
		}
		say = func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() }
		err := waiting()
		assert.Equal(t, ClassNetwork, ClassOf(err))
		require.ErrorContains(t, err, "uploading s3://b/k at https://s3.eu-west-1.amazonaws.com: network: still waiting for a connection: nothing answers there")

		say = func(r *http.Request) (*http.Response, error) { return reply(r, 503, "SlowDown"), nil }
		err = waiting()
		assert.Equal(t, ClassThrottled, ClassOf(err), "what it failed with says more")
		say = func(r *http.Request) (*http.Response, error) { return reply(r, 200, ""), nil }
		require.NoError(t, waiting())
		say = func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() }
		assert.Equal(t, ClassNetwork, ClassOf(waiting()), "an earlier failure that has passed is none")

		say = func(r *http.Request) (*http.Response, error) { return reply(r, 412, "PreconditionFailed"), nil }
		_, err = s.Put(t.Context(), Object{Key: "k", IfNoneMatch: true})
		require.ErrorIs(t, err, ErrExists)
		say = func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() }
		assert.Equal(t, ClassNetwork, ClassOf(waiting()), "nor is one that its caller has been told")
	})
}

func TestWhatASilentConnectionIsWaitingFor(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	arrived := make(chan struct{}, 1)
	server.Faults.Add(s3test.Rule{Do: func(x *s3test.Exchange) {
		arrived <- struct{}{}
		s3test.Hang()(x)
	}})
	s := newStore(t, server, nil)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _, _ = put(ctx, s, "k", nil) }()
	<-arrived
	time.Sleep(silence)
	require.ErrorContains(t, s.Waiting(), server.URL+": network: connected, and still waiting for an answer")
	cancel()
	<-done
}

// lively is a writer that says what a clock shows while it is written to.
type lively struct {
	clock *clock
	seen  []bool // whether everything was sent
	after time.Duration
}

func (l *lively) Write(p []byte) (int, error) {
	time.Sleep(l.after)
	l.seen = append(l.seen, l.clock.sent.Load())
	return len(p), nil
}

// copied is a body that cannot write itself.
type copied struct {
	io.ReadSeeker

	of *section
}

func (c *copied) Len() int { return c.of.Len() }

// A body that is written by itself shows signs of life as one that is read does.
func TestABodyThatIsHashedIsNoSilence(t *testing.T) {
	body := BodyOf(randomBytes(10*blockSize + 1))
	other := body.Section(0, body.Len()).(*section)
	for name, source := range map[string]io.ReadSeeker{"a section": body.Section(0, body.Len()), "another reader": &copied{other, other}} {
		synctest.Test(t, func(t *testing.T) {
			c := &clock{quiet: time.Second, answer: time.Hour}
			ended := false
			c.start(body.Len(), func() { ended = true })
			to := &lively{clock: c, after: time.Second - time.Nanosecond}
			w := &watched{ReadSeeker: source, clock: c}
			n, err := w.WriteTo(to)
			require.NoError(t, err)
			assert.Equal(t, body.Len(), n, name)
			assert.False(t, ended, "%s was written piece by piece", name)
			assert.Greater(t, len(to.seen), 10, name)
			assert.False(t, to.seen[0], name)
			assert.True(t, c.sent.Load(), "%s: nothing is left", name)
			c.timer.Stop()
		})
	}
}
