package landing

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
	"github.com/s3-destination/s3-destination/internal/testutil/awsenv"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

func TestMain(m *testing.M) {
	awsenv.Clear()
	goleak.VerifyTestMain(m)
}

// shown is a store that is known to honour conditions.
type shown struct{ *store.Store }

func (shown) Conditional(int64) store.Known { return store.Shown }

func connect(t *testing.T, server *s3test.Server, edit func(*store.Config)) *store.Store {
	t.Helper()
	cfg := store.Config{
		Bucket: server.Bucket, Endpoint: server.URL, ForcePathStyle: true,
		Auth:       auth.Config{Mode: auth.ModeAccessKey, AccessKeyID: server.AccessKey, SecretAccessKey: server.SecretKey},
		Encryption: encryption.Config{Mode: encryption.ModeNone},
		Retry:      store.RetryConfig{MaxRetries: 20, InitialInterval: time.Millisecond, MaxInterval: 4 * time.Millisecond},
	}
	edit(&cfg)
	s, err := store.New(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// TestAnswersThatComeTooLateMakeTwoCopiesAtMost: the store stores at once and
// confirms after request_timeout, for ever.
func TestAnswersThatComeTooLateMakeTwoCopiesAtMost(t *testing.T) {
	for _, c := range []struct {
		file    string
		mayRead bool
		copies  int
	}{
		{"f-{{chunk_id}}", false, 2},
		{"f", false, 2},
		{"f-{{uuid}}", false, 1},
		{"f-{{chunk_id}}", true, 1},
	} {
		server := s3test.StartT(t, s3test.Config{})
		if !c.mayRead {
			server.Faults.Deny("HeadObject")
		}
		server.Faults.Add(s3test.Rule{Op: "PutObject", Do: func(x *s3test.Exchange) {
			answer := &held{header: http.Header{}}
			x.Next.ServeHTTP(answer, x.R)
			if answer.status != http.StatusPreconditionFailed {
				<-x.R.Context().Done()
				return
			}
			x.W.WriteHeader(answer.status)
		}})
		s := connect(t, server, func(cfg *store.Config) { cfg.RequestTimeout = 50 * time.Millisecond })
		require.NoError(t, land(t, lander(t, shown{s}, c.file), "1"))
		assert.Len(t, server.Keys("in/"), c.copies, "%s, reading allowed: %v", c.file, c.mayRead)
	}
}

// held is an answer that is not sent.
type held struct {
	header http.Header
	status int
}

func (h *held) Header() http.Header         { return h.header }
func (h *held) WriteHeader(status int)      { h.status = status }
func (h *held) Write(p []byte) (int, error) { return len(p), nil }

// TestATakenNameCostsNoLargeBody: a body of two megabytes and more is sent when
// the store asks for it, so that one which answers first gets none.
func TestATakenNameCostsNoLargeBody(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	server.Faults.Deny("ListObjectsV2", "HeadObject")
	server.Faults.Add(s3test.Rule{Op: "PutObject", Key: `-000(0.|10)\.`, Do: s3test.Fail(http.StatusPreconditionFailed, "PreconditionFailed", "")})
	var sent atomic.Int64
	transport := &http.Transport{
		DisableKeepAlives:     true,
		ExpectContinueTimeout: time.Minute,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			return &measured{conn, &sent}, err
		},
	}
	s := connect(t, server, func(cfg *store.Config) { cfg.HTTP.Client = &http.Client{Transport: transport} })
	body := large("1")
	for len(body) < 4<<20 {
		body = large(body[1 : len(body)-1])
	}
	require.NoError(t, land(t, lander(t, shown{s}, "f-{{chunk_id}}"), body))
	assert.GreaterOrEqual(t, server.Count("PutObject"), 3)
	assert.Less(t, sent.Load(), int64(len(body))+100<<10, "of %d uploads, one body", server.Count("PutObject"))
}

// measured counts the bytes that are sent.
type measured struct {
	net.Conn

	sent *atomic.Int64
}

func (m *measured) Write(p []byte) (int, error) {
	n, err := m.Conn.Write(p)
	m.sent.Add(int64(n))
	return n, err
}
