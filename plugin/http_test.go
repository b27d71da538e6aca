package plugin_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/ports"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// answer is what a client was told.
type answer struct {
	status int
	text   string
}

// post sends lines to an address.
func post(t *testing.T, address, lines string) (a answer) {
	t.Helper()
	res, err := http.Post("http://"+address+"/post", "application/x-ndjson", strings.NewReader(lines))
	if err != nil {
		return answer{text: err.Error()}
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return answer{res.StatusCode, strings.TrimSpace(string(text))}
}

// Requests share batches, and a processor drops some records. A bad one is the matter
// of its own request.
func TestEachRequestIsAnsweredForItself(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	address, err := ports.Address(t.Context())
	require.NoError(t, err)
	stream, logs := build(t, fmt.Sprintf(`
s3_destination_http: {address: '%s'}
processors:
  - mapping: 'root = if content().string().contains("drop") { deleted() }'
`, address), outputYAML(s, jsonLines+"on_bad_record: reject\n"))
	var ran sync.WaitGroup
	ran.Go(func() { assert.NoError(t, stream.Run(t.Context()), logs) })
	require.Eventually(t, func() bool { return post(t, address, "").status == http.StatusOK }, time.Minute, 10*time.Millisecond)

	const each = 40
	var all sync.WaitGroup
	good, bad, mixed := make([]answer, each), make([]answer, each), make([]answer, each)
	for i := range each {
		all.Go(func() { good[i] = post(t, address, fmt.Sprintf("{\"id\":%d}\n{\"id\":%d}", i, each+i)) })
		all.Go(func() { bad[i] = post(t, address, "plain text") })
		all.Go(func() { mixed[i] = post(t, address, fmt.Sprintf("{\"id\":%d}\nplain text", 2*each+i)) })
		all.Go(func() { post(t, address, `{"drop":1}`) })
	}
	all.Wait()
	for i := range each {
		assert.Equal(t, answer{status: http.StatusOK}, good[i])
		for _, a := range []answer{bad[i], mixed[i]} {
			assert.Equal(t, http.StatusUnprocessableEntity, a.status, a.text)
			assert.Contains(t, a.text, "invalid JSON")
		}
	}
	requireOnceEach(t, ids(t, s, "in/"), 3*each)
	require.NoError(t, stream.StopWithin(time.Minute))
	ran.Wait()
	assert.Zero(t, post(t, address, "").status, "nobody listens any more")
	http.DefaultClient.CloseIdleConnections()
}

// With two outputs the word of one is not enough for 200.
func TestTwoOutputsHaveWhatIsAnsweredWithOK(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"fan_out_sequential_fail_fast", "fan_out_fail_fast"} {
		t.Run(pattern, func(t *testing.T) {
			t.Parallel()
			one, other := s3test.StartT(t, s3test.Config{}), s3test.StartT(t, s3test.Config{})
			address, err := ports.Address(t.Context())
			require.NoError(t, err)
			const reject = jsonLines + "on_bad_record: reject\n"
			stream, logs := build(t, fmt.Sprintf("s3_destination_http: {address: '%s'}", address), fmt.Sprintf(`
broker:
  pattern: %s
  outputs:
%s%s`, pattern, listItem(outputYAML(one, reject)), listItem(outputYAML(other, reject))))
			var ran sync.WaitGroup
			ran.Go(func() { assert.NoError(t, stream.Run(t.Context()), logs) })
			require.Eventually(t, func() bool { return post(t, address, "").status == http.StatusOK }, time.Minute, 10*time.Millisecond)
			const each = 20
			good := make([]answer, each)
			var all sync.WaitGroup
			for i := range each {
				all.Go(func() { good[i] = post(t, address, fmt.Sprintf(`{"id":%d}`, i)) })
				all.Go(func() { assert.NotEqual(t, http.StatusOK, post(t, address, "plain text").status) })
			}
			all.Wait()
			require.NoError(t, stream.StopWithin(time.Minute))
			ran.Wait()
			for i, a := range good {
				if a.status == http.StatusOK {
					assert.Positive(t, ids(t, one, "in/")[i], "in the first bucket")
					assert.Positive(t, ids(t, other, "in/")[i], "in the second bucket")
				}
			}
		})
	}
}

// What a header is made of harms no record: neither one that is stored under its value
// nor a bad one, whose dead letter is text.
func TestHeadersThatAreNoText(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	address, err := ports.Address(t.Context())
	require.NoError(t, err)
	stream, logs := build(t, fmt.Sprintf("s3_destination_http: {address: '%s', metadata_headers: [X-Team], metadata_query: [city]}", address),
		strings.Replace(outputYAML(s, jsonLines+"on_bad_record: dead_letter\nvariables: {team: '${! @.\"X-Team\".or(\"none\") }', city: '${! @city.or(\"none\") }'}\n"), "folder: in", "folder: 'in/{{team}}/{{city}}'", 1))
	var ran sync.WaitGroup
	ran.Go(func() { assert.NoError(t, stream.Run(t.Context()), logs) })
	require.Eventually(t, func() bool { return post(t, address, "").status == http.StatusOK }, time.Minute, 10*time.Millisecond)
	for _, body := range []string{`{"id":1}`, "plain text"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/post?city=%ff", strings.NewReader(body))
		require.NoError(t, err)
		r.Header["X-Team"] = []string{"re\xff\xfed"}
		r.Header.Set("Content-Type", "application/x-ndjson")
		res, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		text, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, http.StatusOK, res.StatusCode, "%s", text)
	}
	require.NoError(t, stream.StopWithin(time.Minute))
	ran.Wait()
	assert.Equal(t, []string{"in/re%FF%FEd/%FF/f-00001.json"}, s.Keys("in/re"))
	letters := s.Objects("in/_dead_letters/")
	require.Len(t, letters, 1)
	assert.True(t, utf8.Valid(letters[0].Body), "%q", letters[0].Body)
	assert.Contains(t, string(letters[0].Body), `"payload":"plain text"`)
	http.DefaultClient.CloseIdleConnections()
}
