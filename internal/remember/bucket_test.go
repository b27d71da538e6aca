package remember_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/remember"
	"github.com/s3-destination/s3-destination/internal/schema"
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

func connect(t *testing.T, server *s3test.Server) *store.Store {
	t.Helper()
	s, err := store.New(t.Context(), store.Config{
		Bucket: server.Bucket, Endpoint: server.URL, ForcePathStyle: true,
		Auth:       auth.Config{Mode: auth.ModeAccessKey, AccessKeyID: server.AccessKey, SecretAccessKey: server.SecretKey},
		Encryption: encryption.Config{Mode: encryption.ModeNone},
		Retry:      store.RetryConfig{MaxRetries: 3, InitialInterval: time.Millisecond, MaxInterval: time.Millisecond},
	})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func shelf(t *testing.T, server *s3test.Server, c remember.Config) *remember.Bucket {
	t.Helper()
	c.Prefix = "lake/"
	b := remember.New(connect(t, server), c)
	t.Cleanup(b.Close)
	return b
}

// unseen is a bucket of which nobody may know what is missing from it.
func unseen(t *testing.T) *s3test.Server {
	t.Helper()
	server := s3test.StartT(t, s3test.Config{})
	server.Faults.Add(s3test.Rule{Op: "GetObject", Match: func(r s3test.Request) bool {
		_, there := server.Object(r.Key)
		return !there
	}, Do: s3test.Fail(http.StatusForbidden, "AccessDenied", "Access Denied")})
	return server
}

func TestVersionsAreReplacedOnlyWhenTheyWereRead(t *testing.T) {
	for name, server := range map[string]*s3test.Server{"listed": s3test.StartT(t, s3test.Config{}), "not to be listed": unseen(t)} {
		t.Run(name, func(t *testing.T) {
			a, b := shelf(t, server, remember.Config{}), shelf(t, server, remember.Config{})
			text, none, err := a.Read("orders")
			require.NoError(t, err)
			assert.Empty(t, text)
			assert.Empty(t, none)
			first, err := a.Write("orders", []byte("1"), none)
			require.NoError(t, err)
			_, err = b.Write("orders", []byte("2"), none)
			require.ErrorIs(t, err, schema.ErrMoved)
			text, seen, err := b.Read("orders")
			require.NoError(t, err)
			assert.Equal(t, []string{"1", first}, []string{string(text), seen})
			_, err = b.Write("orders", []byte("2"), seen)
			require.NoError(t, err)
			_, err = a.Write("orders", []byte("3"), first)
			require.ErrorIs(t, err, schema.ErrMoved)
			o, _ := server.Object("lake/_schema/orders.json")
			assert.Equal(t, "2", string(o.Body))
			assert.Equal(t, "application/json", o.Headers["content-type"])
		})
	}
}

// TestAnObjectThatIsRemoved is made anew.
func TestAnObjectThatIsRemoved(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	b := shelf(t, server, remember.Config{})
	version, err := b.Write("orders", []byte("1"), "")
	require.NoError(t, err)
	require.NoError(t, connect(t, server).Delete(t.Context(), b.Key("orders")))
	_, err = b.Write("orders", []byte("2"), version)
	require.ErrorIs(t, err, schema.ErrMoved)
	_, version, err = b.Read("orders")
	require.NoError(t, err)
	assert.Empty(t, version)
}

// TestALostAnswerIsNoConflict: what was written without an answer is found again.
func TestALostAnswerIsNoConflict(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	server.Faults.Add(s3test.Rule{Op: "PutObject", Times: 1, Do: s3test.LoseResponse()})
	server.Faults.Add(s3test.Rule{Op: "PutObject", Skip: 2, Times: 1, Do: s3test.LoseResponse()})
	r, err := schema.New(schema.Config{})
	require.NoError(t, err)
	r.Keep(shelf(t, server, remember.Config{}), "parquet")
	m, err := r.For(&record.Record{})
	require.NoError(t, err)
	for _, doc := range []string{`{"a":1}`, `{"b":1}`, `{"c":1}`} {
		m.Learn(m.Schema(), []record.Record{{Raw: []byte(doc)}})
	}
	o, _ := server.Object("lake/_schema/__HIVE_DEFAULT_PARTITION__.json")
	assert.Equal(t, 3, strings.Count(string(o.Body), `"type":"int64"`), "%s", o.Body)
}

func TestReadingThatIsRefused(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	b := shelf(t, server, remember.Config{})
	_, err := b.Write("orders", []byte("1"), "")
	require.NoError(t, err)
	server.Faults.Deny("GetObject")
	_, _, err = b.Read("orders")
	assert.Equal(t, store.ClassDenied, store.ClassOf(err), "it is there")
	_, _, err = shelf(t, server, remember.Config{}).Read("orders")
	assert.NoError(t, err, "who has not written it cannot know that it is there")
}

func TestAStoreThatIsDownIsWaitedFor(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	down := server.Faults.Add(s3test.Rule{Do: s3test.Fail(http.StatusServiceUnavailable, "ServiceUnavailable", "down")})
	var once sync.Once
	waits := make(chan error, 10)
	b := shelf(t, server, remember.Config{Waiting: func(err error) {
		once.Do(down.Remove)
		waits <- err
	}})
	_, err := b.Write("orders", []byte("1"), "")
	require.NoError(t, err)
	assert.ErrorContains(t, <-waits, "uploading s3://landing/lake/_schema/orders.json")

	server.Faults.Add(s3test.Rule{Do: s3test.Fail(http.StatusServiceUnavailable, "ServiceUnavailable", "down")})
	_, _, err = shelf(t, server, remember.Config{GiveUpAfter: time.Nanosecond}).Read("orders")
	require.Error(t, err, "not for longer than is configured")
	ended := make(chan error, 1)
	waiting := make(chan struct{}, 10)
	b = shelf(t, server, remember.Config{Waiting: func(error) { waiting <- struct{}{} }})
	go func() {
		_, _, err := b.Read("orders")
		ended <- err
	}()
	<-waiting
	b.Close()
	assert.Error(t, <-ended, "nor when the process is to end")
}

func TestKeysOfDatasets(t *testing.T) {
	b := remember.New(nil, remember.Config{Prefix: "lake/"})
	for dataset, want := range map[string]string{
		"orders":                  "orders",
		"":                        "__HIVE_DEFAULT_PARTITION__",
		"lake/tenant=t1/table=a":  "lake%2Ftenant=t1%2Ftable=a",
		"..":                      "%2E%2E",
		"a%2Fb":                   "a%252Fb",
		strings.Repeat("é", 100):  strings.Repeat("é", 80) + "-",
		strings.Repeat("x", 1000): strings.Repeat("x", 160) + "-",
	} {
		key := b.Key(dataset)
		assert.True(t, strings.HasPrefix(key, "lake/_schema/"+want), key)
		assert.LessOrEqual(t, len(key), 255)
	}
	assert.NotEqual(t, b.Key(strings.Repeat("x", 1000)), b.Key(strings.Repeat("x", 1001)))
}

func TestProve(t *testing.T) {
	for name, server := range map[string]*s3test.Server{"listed": s3test.StartT(t, s3test.Config{}), "not to be listed": unseen(t)} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // a second process finds what the first one left
				require.NoError(t, shelf(t, server, remember.Config{}).Prove(t.Context()))
			}
			assert.Equal(t, []string{"lake/_schema/_s3_destination"}, server.Keys(""))
		})
	}
	for name, c := range map[string]struct {
		fault s3test.Rule
		want  string
	}{
		"no right to read":     {s3test.Rule{Op: "GetObject", Do: s3test.Fail(http.StatusForbidden, "AccessDenied", "no")}, "needs s3:GetObject on the objects in the folder _schema/"},
		"no right to write":    {s3test.Rule{Op: "PutObject", Do: s3test.FailAfterBody(http.StatusForbidden, "AccessDenied", "no")}, "uploading s3://landing/lake/_schema/_s3_destination"},
		"a store that is down": {s3test.Rule{Do: s3test.Fail(http.StatusServiceUnavailable, "ServiceUnavailable", "down")}, "down"},
		"not known": {s3test.Rule{
			Op: "PutObject", Match: func(r s3test.Request) bool { return r.Header.Get("If-Match") != "" },
			Do: s3test.FailAfterBody(http.StatusNotImplemented, "NotImplemented", "no"),
		}, "ignores If-Match"},
	} {
		t.Run(name, func(t *testing.T) {
			server := s3test.StartT(t, s3test.Config{})
			server.Faults.Add(c.fault)
			err := shelf(t, server, remember.Config{}).Prove(t.Context())
			require.ErrorContains(t, err, c.want)
			assert.Equal(t, name == "not known", errors.Is(err, remember.ErrIgnored))
		})
	}
}

// TestStoreZoo takes two processes to every store that needs no settings: either they
// are told at the start that columns cannot be kept there, or they agree.
func TestStoreZoo(t *testing.T) {
	refuses := map[string]string{
		"seaweedfs-3.96": "ignores If-Match", "gcs": "ignores If-Match", "oss": "ignores If-Match", "oss-400": "ignores If-Match",
		"put-only": "needs s3:GetObject", "put-denied": "s3:PutObject", "worm": "cannot be replaced",
	}
	agree := []string{"minio", "ceph-radosgw", "moto", "r2", "conflicts", "slow-down", "no-multipart", "list-denied", "lost-answers", "versioned"}
	for _, mode := range s3test.Zoo() {
		if mode.Settings != "" || mode.Timeout > 0 || testing.Short() && refuses[mode.Name] == "" && !slices.Contains(agree, mode.Name) {
			continue
		}
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server := s3test.StartT(t, s3test.Config{Mode: mode})
			a, b := shelf(t, server, remember.Config{GiveUpAfter: time.Minute}), shelf(t, server, remember.Config{GiveUpAfter: time.Minute})
			proven := a.Prove(t.Context())
			if want := refuses[mode.Name]; want != "" {
				require.ErrorContains(t, proven, want)
			}
			if proven != nil {
				assert.NotContains(t, agree, mode.Name)
				return
			}
			var all sync.WaitGroup
			memories := make([]*schema.Memory, 2)
			for i, s := range []*remember.Bucket{a, b} {
				all.Go(func() {
					r, err := schema.New(schema.Config{})
					assert.NoError(t, err)
					r.Keep(s, "parquet")
					memories[i], err = r.For(&record.Record{Dataset: record.DatasetOf("d")})
					assert.NoError(t, err)
					for j := range 4 {
						doc := fmt.Sprintf(`{"%c%d":%d,"both":%s}`, 'a'+i, j, j, []string{"1", `"x"`}[i])
						memories[i].Learn(memories[i].Schema(), []record.Record{{Raw: []byte(doc)}})
					}
				})
			}
			all.Wait()
			r, err := schema.New(schema.Config{})
			require.NoError(t, err)
			r.Keep(shelf(t, server, remember.Config{}), "parquet")
			last, err := r.For(&record.Record{Dataset: record.DatasetOf("d")})
			require.NoError(t, err)
			require.Len(t, last.Schema().Fields, 9)
			for i := range memories {
				for j, f := range memories[i].Schema().Fields {
					assert.Equal(t, last.Schema().Fields[j].Name, f.Name)
				}
			}
		})
	}
}
