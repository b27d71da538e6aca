package doctor

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// html answers what a request matches with a page.
func (w *world) html(status int, match func(s3test.Request) bool) {
	w.s3.Faults.Add(s3test.Rule{Match: match, Do: func(x *s3test.Exchange) {
		x.W.WriteHeader(status)
		_, _ = x.W.Write([]byte("<html><body>no"))
	}})
}

// What a destination refuses because of its size is found before any data is.
func TestRefusalsThatDependOnTheSize(t *testing.T) {
	t.Run("a gateway allows 1 MB", func(t *testing.T) {
		w := newWorld(t)
		w.html(http.StatusRequestEntityTooLarge, func(r s3test.Request) bool { return r.ContentLength > 1_000_000 })
		r, rows := w.examine(t)
		assert.Equal(t, ExitFailed, r.ExitCode())
		assert.Equal(t, Works, rows["write"].Result)
		for _, check := range []string{"write, 2 MiB", "write in parts"} {
			assert.Equal(t, Fails, rows[check].Result, check)
			assert.Contains(t, rows[check].Detail, "client_max_body_size")
			assert.Empty(t, rows[check].Fixes, "no right is missing")
		}
		assert.Empty(t, w.s3.Keys(""))
	})
	t.Run("uploads in parts are denied", func(t *testing.T) {
		w := newWorld(t)
		w.s3.Faults.Deny("CompleteMultipartUpload")
		r, rows := w.examine(t)
		assert.Equal(t, ExitHealthy, r.ExitCode(), "no object of data is uploaded so")
		assert.Equal(t, Fails, rows["write in parts"].Result)
		assert.Equal(t, store.ClassDenied, rows["write in parts"].Class)
		assert.NotEmpty(t, rows["write in parts"].Fixes)
		assert.Equal(t, w.s3.Count("CreateMultipartUpload")+1, w.s3.Count("AbortMultipartUpload"), "and one asked whether it may")

		w = newWorld(t)
		w.s3.Faults.Deny("CompleteMultipartUpload")
		w.cfg.Probe.Largest = 200 << 20
		r, rows = w.examine(t)
		assert.Equal(t, ExitFailed, r.ExitCode())
		assert.Equal(t, Required, rows["write in parts"].Matters)
		assert.Equal(t, Unknown, rows["conditional writes, in parts"].Result)
	})
}

func TestConditionsOfBothKindsAreReported(t *testing.T) {
	w := newWorld(t)
	w.cfg.Probe.Largest = 200 << 20
	w.s3.Faults.Add(s3test.Rule{
		Op: "CompleteMultipartUpload", Match: func(r s3test.Request) bool { return r.Header.Get("If-None-Match") != "" },
		Do: func(x *s3test.Exchange) {
			_, _ = x.W.Write([]byte(`<CompleteMultipartUploadResult><ETag>"stored"</ETag></CompleteMultipartUploadResult>`))
		},
	})
	r, rows := w.examine(t)
	assert.Equal(t, ExitHealthy, r.ExitCode(), "%+v", r.Rows)
	assert.Equal(t, Works, rows["conditional writes"].Result)
	assert.Equal(t, Fails, rows["conditional writes, in parts"].Result)
	assert.Contains(t, rows["conditional writes, in parts"].Detail, "ignores If-None-Match on CompleteMultipartUpload")

	w = newWorld(t)
	w.cfg.Store.Conditions, w.cfg.Probe.Prove = store.AssumeConditions, false
	_, rows = w.examine(t)
	assert.Equal(t, Unknown, rows["conditional writes"].Result)
	assert.Contains(t, rows["conditional writes"].Detail, "without a proof")
	w = newWorld(t)
	w.cfg.Store.Conditions, w.cfg.Probe.Prove = store.NeverConditions, false
	_, rows = w.examine(t)
	assert.NotContains(t, rows, "conditional writes")
}

// Whatever answers 200 is no destination.
func TestALoginPageIsNoDestination(t *testing.T) {
	for _, status := range []int{200, 403, 404} {
		w := newWorld(t)
		w.cfg.Store.Encryption.Mode = "none"
		w.html(status, nil)
		r, rows := w.examine(t)
		assert.Equal(t, ExitFailed, r.ExitCode())
		assert.Equal(t, store.ClassNotS3, rows["write"].Class)
		assert.Contains(t, rows["write"].Detail, w.s3.URL)
		require.Empty(t, rows["write"].Fixes)
		assert.Equal(t, Fails, rows["endpoint"].Result)
		assert.Contains(t, rows["endpoint"].Detail, "answers, and not like S3")
		assert.Equal(t, Unknown, rows["region"].Result)
		assert.Equal(t, Skipped, rows["list"].Result)
		assert.NotContains(t, rows, "write in parts")
	}
}
