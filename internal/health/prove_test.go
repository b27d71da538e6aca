package health

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// bucket is what many probers share. Its answers take a while, there and back.
type bucket struct {
	mu      sync.Mutex
	keys    map[string]bool
	whole   bool // honours conditions on PutObject
	parts   bool // and on CompleteMultipartUpload
	keep    bool // deleting is denied
	latency time.Duration
}

// view is the store of one prober.
type view struct {
	*bucket

	known [2]store.Known
}

func (v *view) Waiting() error { return nil }

func (v *view) Conditional(size int64) store.Known { return v.known[kind(size > 100)] }

func (v *view) Learn(a store.Ability, k store.Known) {
	v.known[kind(a == store.ConditionalComplete)] = k
}

func kind(parts bool) int {
	if parts {
		return 1
	}
	return 0
}

func (v *view) nap() {
	if v.latency > 0 {
		time.Sleep(v.latency/2 + rand.N(v.latency))
	}
}

func (v *view) Put(_ context.Context, o store.Object) (store.Result, error) {
	v.nap()
	defer v.nap()
	v.mu.Lock()
	defer v.mu.Unlock()
	honoured := v.whole
	if o.InParts {
		honoured = v.parts
	}
	if o.IfNoneMatch && honoured && v.keys[o.Key] {
		v.known[kind(o.InParts)] = store.Shown
		return store.Result{}, &store.Error{Class: store.ClassExists, Err: store.ErrExists}
	}
	v.keys[o.Key] = true
	return store.Result{}, nil
}

func (v *view) Capabilities() store.Capabilities { return store.Capabilities{} }

func (v *view) Delete(_ context.Context, key string) error {
	v.nap()
	defer v.nap()
	if v.keep {
		return denied()
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.keys, key)
	return nil
}

// Replicas of a rollout begin in step, with one key for their probes.
func TestReplicasThatStartTogetherConcludeTheSame(t *testing.T) {
	const replicas, largest = 100, 1000
	known := map[bool]store.Known{true: store.Shown, false: store.Refuted}
	for _, whole := range []bool{true, false} {
		for _, parts := range []bool{true, false} {
			for _, keep := range []bool{true, false} {
				t.Run(fmt.Sprintf("whole %v, parts %v, undeletable %v", whole, parts, keep), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						b := &bucket{keys: map[string]bool{}, whole: whole, parts: parts, keep: keep, latency: 4 * time.Millisecond}
						var wg sync.WaitGroup
						for range replicas {
							wg.Go(func() {
								time.Sleep(rand.N(40 * time.Millisecond))
								v := &view{bucket: b}
								verdict := NewProber(v, ProbeConfig{Prove: true, Largest: largest}).Probe(t.Context())
								assert.NoError(t, verdict.Err)
								assert.Equal(t, known[whole], v.Conditional(0))
								assert.Equal(t, known[parts], v.Conditional(largest))
							})
						}
						wg.Wait()
						if keep {
							assert.Len(t, b.keys, 1, "leftovers do not pile up")
						} else {
							assert.Empty(t, b.keys)
						}
					})
				})
			}
		}
	}
}

// Another process removes the object between two writes, again and again.
func TestAnotherProcessRemovesTheObjectOfTheCheck(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	other, s := connect(t, server, nil), connect(t, server, nil)
	p := NewProber(s, ProbeConfig{Prove: true, Largest: 1 << 40})
	for _, op := range []string{"PutObject", "CompleteMultipartUpload"} {
		server.Faults.Add(s3test.Rule{Op: op, Key: "_probe$", Do: func(x *s3test.Exchange) {
			assert.NoError(t, other.Delete(x.R.Context(), p.Key()))
			x.Next.ServeHTTP(x.W, x.R)
		}})
	}
	require.NoError(t, p.Probe(t.Context()).Err)
	assert.Equal(t, store.Shown, s.Conditional(0))
	assert.Equal(t, store.Shown, s.Conditional(1<<40))
	assert.Empty(t, server.Keys(""), "nor does an object of its own stay")
}

// careless answers a condition as if there were none.
func careless(server *s3test.Server, op string) {
	other := s3test.Action(func(x *s3test.Exchange) {
		x.R.Header.Del("If-None-Match")
		x.W.Header().Set("ETag", `"stored"`)
		if op == "CompleteMultipartUpload" {
			_, _ = x.W.Write([]byte(`<CompleteMultipartUploadResult><ETag>"stored"</ETag></CompleteMultipartUploadResult>`))
		}
	})
	server.Faults.Add(s3test.Rule{Op: op, Match: func(r s3test.Request) bool { return r.Header.Get("If-None-Match") != "" }, Do: other})
}

// The two kinds of conditional writes say nothing about each other: Ceph radosgw
// honours the first and ignores the second.
func TestConditionsAreProvenForEachKindOfWrite(t *testing.T) {
	notImplemented := func(op string) func(*s3test.Server) {
		return func(server *s3test.Server) {
			server.Faults.Add(s3test.Rule{
				Op: op, Match: func(r s3test.Request) bool { return r.Header.Get("If-None-Match") != "" },
				Do: s3test.FailAfterBody(http.StatusNotImplemented, "NotImplemented", "no"),
			})
		}
	}
	both := func(f func(string) func(*s3test.Server)) func(*s3test.Server) {
		return func(server *s3test.Server) { f("PutObject")(server); f("CompleteMultipartUpload")(server) }
	}
	ignoring := func(op string) func(*s3test.Server) { return func(server *s3test.Server) { careless(server, op) } }
	conflicts := func(server *s3test.Server) {
		server.Faults.Add(s3test.Rule{Op: "CompleteMultipartUpload", Times: 2, Do: s3test.FailAfterBody(http.StatusConflict, "ConditionalRequestConflict", "")})
	}
	inside := func(server *s3test.Server) {
		server.Faults.Add(s3test.Rule{Op: "CompleteMultipartUpload", Do: s3test.ErrorInside("PreconditionFailed", "")})
	}
	for name, c := range map[string]struct {
		behave       func(*s3test.Server)
		whole, parts store.Known
	}{
		"honoured":                     {nil, store.Shown, store.Shown},
		"ignored":                      {both(ignoring), store.Refuted, store.Refuted},
		"not implemented":              {both(notImplemented), store.Refuted, store.Refuted},
		"ignored in parts":             {ignoring("CompleteMultipartUpload"), store.Shown, store.Refuted},
		"not implemented in parts":     {notImplemented("CompleteMultipartUpload"), store.Shown, store.Refuted},
		"another write is under way":   {conflicts, store.Shown, store.Shown},
		"refused inside a success":     {inside, store.Shown, store.Shown},
		"uploads in parts are refused": {func(s *s3test.Server) { s.Faults.Deny("CreateMultipartUpload") }, store.Shown, store.Unknown},
	} {
		for _, keep := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, undeletable %v", name, keep), func(t *testing.T) {
				server := s3test.StartT(t, s3test.Config{})
				if c.behave != nil {
					c.behave(server)
				}
				if keep {
					server.Faults.Deny("DeleteObject")
				}
				for range 2 { // also when the object is there already
					s := connect(t, server, nil)
					require.NoError(t, NewProber(s, ProbeConfig{Prove: true, Largest: 1 << 40}).Probe(t.Context()).Err)
					assert.Equal(t, c.whole, s.Conditional(0))
					assert.Equal(t, c.parts, s.Conditional(1<<40))
				}
				assert.Equal(t, server.Count("CreateMultipartUpload"), server.Count("CompleteMultipartUpload")+
					strings.Count(name, "uploads in parts are refused")*server.Count("CreateMultipartUpload"))
				if keep {
					assert.LessOrEqual(t, len(server.Keys("")), 1)
				}
			})
		}
	}
}

// What is known is not asked again, and what nobody needs is not asked at all.
func TestProofsAreAskedForOnce(t *testing.T) {
	for name, c := range map[string]struct {
		cfg        ProbeConfig
		conditions store.Conditions
		first      map[string]int
		second     map[string]int
	}{
		"whole objects": {
			ProbeConfig{Prove: true, Largest: 128_000_000},
			store.ProveConditions,
			map[string]int{"PutObject": 2 + rounds*racers, "DeleteObject": 1 + rounds},
			map[string]int{"PutObject": 1, "DeleteObject": 1},
		},
		"parts": {
			ProbeConfig{Prove: true, Largest: 200 << 20},
			store.ProveConditions,
			map[string]int{
				"PutObject": 2 + rounds*racers, "DeleteObject": 1 + 2*rounds,
				"CreateMultipartUpload": 1 + rounds*racers, "UploadPart": 1 + rounds*racers, "CompleteMultipartUpload": 1 + rounds*racers,
				"AbortMultipartUpload": 1 + rounds*(racers-1),
			},
			map[string]int{"PutObject": 1, "DeleteObject": 1},
		},
		"assumed": {
			ProbeConfig{Prove: true, Largest: 200 << 20},
			store.AssumeConditions,
			map[string]int{"PutObject": 1, "DeleteObject": 1},
			map[string]int{"PutObject": 1, "DeleteObject": 1},
		},
		"switched off": {
			ProbeConfig{Largest: 200 << 20},
			store.NeverConditions,
			map[string]int{"PutObject": 1, "DeleteObject": 1},
			map[string]int{"PutObject": 1, "DeleteObject": 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := s3test.StartT(t, s3test.Config{})
			p := NewProber(connect(t, server, func(cfg *store.Config) { cfg.Conditions = c.conditions }), c.cfg)
			require.NoError(t, p.Probe(t.Context()).Err)
			assert.Equal(t, c.first, count(server))
			require.NoError(t, p.Probe(t.Context()).Err)
			for op, n := range c.second {
				assert.Equal(t, c.first[op]+n, server.Count(op), op)
			}
			assert.Len(t, count(server), len(c.first))
		})
	}
}

// A store that looks first and writes later refuses whoever comes second, and
// nobody of those who come together.
func TestConditionsMustHoldForWritersAtTheSameMoment(t *testing.T) {
	const parts = 1 << 40
	for _, deletable := range []bool{true, false} {
		server := s3test.StartT(t, s3test.Config{Mode: s3test.ModeNamed("seaweedfs-4.16")})
		if !deletable {
			server.Faults.Deny("DeleteObject")
		}
		s := connect(t, server, nil)
		p := NewProber(s, ProbeConfig{Prove: true, Largest: parts})
		require.NoError(t, p.Probe(t.Context()).Err)
		if !deletable {
			assert.Equal(t, []string{p.Key()}, server.Keys(""), "leftovers do not pile up for a test")
			continue
		}
		assert.Equal(t, store.Refuted, s.Conditional(0))
		assert.Equal(t, store.Refuted, s.Conditional(parts))
		assert.Empty(t, server.Keys(""))
		require.NoError(t, p.Probe(t.Context()).Err)
		assert.Equal(t, store.Refuted, s.Conditional(0), "the next probe does not forget it")
	}
}

// The losers of a race stay where uploads cannot be aborted, so that there is
// none: the proof alone leaves one.
func TestWithoutTheRightToAbortNoUploadsRace(t *testing.T) {
	const parts = 1 << 40
	server := s3test.StartT(t, s3test.Config{})
	server.Faults.Deny("AbortMultipartUpload")
	s := connect(t, server, nil)
	p := NewProber(s, ProbeConfig{Prove: true, Largest: parts})
	for range 2 {
		require.NoError(t, p.Probe(t.Context()).Err)
		assert.Equal(t, store.Shown, s.Conditional(parts))
		assert.Equal(t, 1, server.Count("CreateMultipartUpload"))
	}
}

// What could not be found out is tried again, and harms nothing meanwhile.
func TestAProofThatFailsIsTriedAgain(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	fault := server.Faults.Add(s3test.Rule{Op: "UploadPart", Do: s3test.FailAfterBody(http.StatusForbidden, "AccessDenied", "no")})
	s := connect(t, server, nil)
	p := NewProber(s, ProbeConfig{Prove: true, Largest: 1 << 40})
	require.NoError(t, p.Probe(t.Context()).Err)
	assert.Equal(t, store.Unknown, s.Conditional(1<<40))
	fault.Remove()
	require.NoError(t, p.Probe(t.Context()).Err)
	assert.Equal(t, store.Shown, s.Conditional(1<<40))
}

// A limit of the size of requests is met by data only, unless the probe has a
// size.
func TestAProbeWithASizeFindsLimits(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	server.Faults.Add(s3test.Rule{
		Match: func(r s3test.Request) bool { return r.ContentLength > 1<<20 },
		Do: func(x *s3test.Exchange) {
			x.W.WriteHeader(http.StatusRequestEntityTooLarge)
			_, _ = x.W.Write([]byte("<html>"))
		},
	})
	s := connect(t, server, nil)
	require.NoError(t, NewProber(s, ProbeConfig{Prove: true, Size: 1000}).Probe(t.Context()).Err)
	err := NewProber(s, ProbeConfig{Prove: true, Size: 2 << 20}).Probe(t.Context()).Err
	require.ErrorContains(t, err, "a gateway limits the size of a request")
}

// Writers that miss each other once prove nothing: in the first round some of
// them only open their connections. What is refuted for whole objects is not
// believed of uploads in parts, whose requests meet less easily.
func TestASecondRaceFindsWhatTheFirstMissed(t *testing.T) {
	const parts = 1 << 40
	var mu sync.Mutex
	var raced []string
	misses := func(*s3test.Server) s3test.Action {
		return func(x *s3test.Exchange) {
			mu.Lock()
			if _, own, _ := strings.Cut(x.Req.Key, "_s3_destination_probe_"); own != "" && x.Req.Op == "PutObject" {
				if !slices.Contains(raced, own) {
					raced = append(raced, own)
				}
				if len(raced) == 2 {
					x.R.Header.Del("If-None-Match")
				}
			}
			mu.Unlock()
			x.Next.ServeHTTP(x.W, x.R)
		}
	}
	server := s3test.StartT(t, s3test.Config{Mode: s3test.Mode{Store: misses}})
	s := connect(t, server, nil)
	p := NewProber(s, ProbeConfig{Prove: true, Largest: parts})
	for range 2 {
		require.NoError(t, p.Probe(t.Context()).Err)
		assert.Equal(t, store.Refuted, s.Conditional(0))
		assert.Equal(t, store.Refuted, s.Conditional(parts))
	}
}
