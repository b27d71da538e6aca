package main

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

func TestStreamEndsWithTheLastOfItsInputs(t *testing.T) {
	var began, ended []string
	log := slog.New(newStreamEnds(func(stream string) { began = append(began, stream) }, func(stream string) { ended = append(ended, stream) }))
	of := func(stream, path string) *slog.Logger {
		return log.With("stream", stream).With("path", "root").With("path", path)
	}
	a0, a1, b := of("a", "root.input.broker.inputs.0"), of("a", "root.input.broker.inputs.1"), of("b", "root.input")
	for _, l := range []*slog.Logger{a0, a1, b, log.With("path", "root.input")} {
		l.Info("Input type generate is now active")
	}
	assert.Equal(t, []string{"a", "a", "b"}, began)
	a0.Debug(readerEnds)
	assert.Empty(t, ended, "the other goes on")
	of("b", "root.output").Debug(readerEnds)
	log.With("path", "root.input").Debug(readerEnds)
	assert.Empty(t, ended, "that was no input of a stream")
	a1.Debug(readerEnds)
	assert.Equal(t, []string{"a"}, ended)
	b.Debug(readerEnds)
	assert.Equal(t, []string{"a", "b"}, ended)
}

// remove deletes or replaces a stream, and returns how long that took.
func (p *process) change(t *testing.T, method, stream, conf string) time.Duration {
	t.Helper()
	began := time.Now()
	r, err := http.NewRequestWithContext(t.Context(), method, p.url+"/streams/"+stream, strings.NewReader(conf))
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, http.StatusOK, res.StatusCode, "%s", &p.logs)
	return time.Since(began)
}

// TestDeletedStreamWritesWhatItHolds has streams whose objects would wait for
// an hour.
func TestDeletedStreamWritesWhatItHolds(t *testing.T) {
	t.Parallel()
	generate := "generate: {interval: 20ms, batch_size: 5, mapping: 'root = {\"id\": counter()}'}"
	for name, input := range map[string]string{
		"one input":   "input:\n  " + generate + "\n",
		"in a broker": "input: {broker: {inputs: [{" + generate + "}, {generate: {interval: 1h, mapping: 'root = deleted()'}}]}}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := s3test.StartT(t, s3test.Config{})
			const patient = "    max_age: 1h\n    idle_timeout: 0s\n"
			other := strings.Replace(outputConfig(s, patient), "folder: in", "folder: other", 1)
			p := startStreams(t, "", map[string]string{"a": input + outputConfig(s, patient), "b": input + other})
			holds := func(stream string) bool {
				_, text := p.get("/metrics")
				for line := range strings.Lines(text) {
					if strings.HasPrefix(line, "s3_destination_held_bytes") && strings.Contains(line, `stream="`+stream+`"`) {
						return !strings.HasSuffix(line, " 0\n")
					}
				}
				return false
			}
			require.Eventually(t, func() bool { return holds("a") && holds("b") }, patience, 20*time.Millisecond, "%s", &p.logs)
			time.Sleep(500 * time.Millisecond)
			assert.Less(t, p.change(t, http.MethodDelete, "a", ""), 5*time.Second)
			first := len(stored(t, s))
			require.Positive(t, first)
			assert.Empty(t, s.Keys("other/"), "the other stream goes on collecting")

			p.change(t, http.MethodPost, "a", input+outputConfig(s, patient))
			require.Eventually(t, func() bool { return holds("a") }, patience, 20*time.Millisecond)
			assert.Less(t, p.change(t, http.MethodPut, "a", input+outputConfig(s, patient)), 5*time.Second, "replaced by another")
			found := stored(t, s)
			for id := 1; id <= len(found); id++ {
				assert.GreaterOrEqual(t, found[id], 1)
				assert.LessOrEqual(t, found[id], 2, "each of the two began with 1")
			}
			assert.GreaterOrEqual(t, len(found), first)
			p.terminate(t)
			assert.NotEmpty(t, s.Keys("other/"))
		})
	}
}
