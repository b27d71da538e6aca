package live

import (
	"encoding/json"
	"errors"
	"html"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/chunk"
)

// evil is what somebody may write into a record to harm who looks at the page.
const evil = `<script>alert("x")</script><img src=x onerror=alert(1)>' onmouseover='alert(2)`

// csi is the order to a terminal that JSON does not escape.
const csi = "\u009b"

// output is a source with one of everything.
type output struct{ at time.Time }

func (o *output) Show(s *State) {
	shown := Output{
		Name: Name{Label: evil, Path: "root.output", Stream: evil}, Destination: evil, FileFormat: "json",
		Health:  Health{State: "unhealthy", Class: "denied", Error: evil + csi, Since: o.at.Add(-time.Minute)},
		Arrived: 12, ArrivedPerSecond: 1234.6, Records: 10_000, RecordsPerSecond: 99.5, Objects: 3, Bytes: 5 << 20,
		Rolled: []Rolled{{"age", 1}, {"size", 2}}, Bad: []Bad{{evil + csi, 7}}, DeadLetters: 7, Places: []string{evil},
		Batches: 1, Oldest: 75, MaxAge: 60, Held: 900, Limit: 1000, Cap: 1 << 20,
		Chunks: Chunks{Open: 4, Refused: 1, Fill: [10]int{0: 3, 9: 1}},
		Spool:  &Spool{Journal: 1, Spill: 2, Outbox: 3, Limit: 12, Full: true},
	}
	shown.Hold(o.at, []chunk.Holding{
		{Path: "young", State: "open", Bytes: 1 << 19, Most: 1 << 20, Since: o.at.Add(-time.Second)},
		{Path: evil, State: "parked", Since: o.at.Add(-time.Hour), Refusal: errors.New(evil), Kind: chunk.DeadLetter},
	})
	s.Outputs = append(s.Outputs, shown)
	s.Inputs = append(s.Inputs, Input{
		Name: Name{Path: "root.input"}, Group: evil, Assigned: 2, Lag: 1500, Behind: []Behind{{evil, 3, 1500}},
	})
}

// reckoner is a source that keeps the time it is asked at.
type reckoner struct{ at time.Time }

func (r *reckoner) Show(s *State) { r.at = s.At }

// TestAgesDoNotDependOnTheClock: sources reckon with a time that has what no change of
// the clock moves, and the document has one without.
func TestAgesDoNotDependOnTheClock(t *testing.T) {
	now, r := time.Now(), &reckoner{}
	s := of(now, []Source{r})
	assert.Equal(t, now.String(), r.at.String(), "with the monotonic clock")
	assert.Equal(t, now.UTC().String(), s.At.String())
}

// answerOf asks a handler once, without what others asked for.
func answerOf(t *testing.T, method string, handler http.HandlerFunc) *httptest.ResponseRecorder {
	t.Helper()
	latest.Lock()
	latest.state = nil
	latest.Unlock()
	w := httptest.NewRecorder()
	handler(w, httptest.NewRequestWithContext(t.Context(), method, PagePath, http.NoBody))
	return w
}

func TestPageEscapesWhateverComesFromData(t *testing.T) {
	defer Add(&output{time.Now()})()
	w := answerOf(t, http.MethodGet, Page)
	require.Equal(t, http.StatusOK, w.Code)
	body := w.Body.String()
	assert.NotContains(t, body, "<script>alert")
	assert.NotContains(t, body, "<img")
	assert.Equal(t, 1, strings.Count(body, "<script>"), "our own")
	for _, tag := range regexp.MustCompile(`<[a-z][^>]*>`).FindAllString(body, -1) {
		assert.NotRegexp(t, ` on[a-z]+=`, tag)
	}
	assert.Equal(t, 10, strings.Count(html.UnescapeString(body), `<script>alert("x")</script>`),
		"every name and reason is there, as text")
}

func TestPolicyAllowsOurScriptAndStyleAlone(t *testing.T) {
	w := answerOf(t, http.MethodGet, Page)
	policy := w.Header().Get("Content-Security-Policy")
	assert.Contains(t, policy, "default-src 'none'")
	assert.NotContains(t, policy, "unsafe")
	body := w.Body.String()
	for _, part := range []string{"style", "script"} {
		inside := regexp.MustCompile(`(?s)<` + part + `>(.*)</` + part + `>`).FindStringSubmatch(body)
		require.NotNil(t, inside, part)
		assert.Contains(t, policy, part+"-src '"+hash(inside[1])+"'", "what is in the page is what the policy allows")
	}
	assert.NotContains(t, body, "style=", "the policy would refuse it")
	assert.NotRegexp(t, `(src|href)=`, body, "nothing is loaded from anywhere")
	assert.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
}

func TestPageSaysWhatIsToBeSeen(t *testing.T) {
	defer Add(&output{time.Now()})()
	body := html.UnescapeString(answerOf(t, http.MethodGet, Page).Body.String())
	for _, said := range []string{
		"<b>1,235</b> records/s", "<b>100</b> records/s", "10,000 records, 3 objects, 5.0 MiB", "<b>1m 15s</b> (max_age 1m 00s)",
		`value="0.900"></meter> 900 B of 1000 B`, "size 2, age 1", "7 dead letters", "the disk is full",
		`value="0.500"></meter> 50 %`, "1h 00m", "refused", "(dead letters)", "unhealthy for 1m 00s (denied): ",
		"<b>1,500</b> records", "90 to 100 %", "4 open, 1 refused, 0 uploading of 0; 1 batch waiting", "The store refuses the objects of 1 partition.",
	} {
		assert.Contains(t, body, said)
	}
	assert.Less(t, strings.Index(body, "(dead letters)"), strings.Index(body, ">young<"), "the oldest comes first")
}

func TestPageOfAProcessWithoutOutputsSaysSo(t *testing.T) {
	assert.Contains(t, answerOf(t, http.MethodGet, Page).Body.String(), "No s3_destination output runs")
}

func TestDocumentIsTheState(t *testing.T) {
	remove := Add(&output{time.Now()})
	w := answerOf(t, http.MethodGet, JSON)
	assert.Equal(t, "application/json", w.Header().Get("Content-Type"))
	assert.NotContains(t, w.Body.String(), "<", "also where somebody takes it for a page")
	assert.NotContains(t, w.Body.String(), csi, "nor for orders to a terminal")
	var s State
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &s))
	assert.Equal(t, Format, s.Format)
	assert.Positive(t, s.Memory)
	require.Len(t, s.Outputs, 1)
	assert.Equal(t, evil, s.Outputs[0].Label)
	assert.Equal(t, []Rolled{{"size", 2}, {"age", 1}}, s.Outputs[0].Rolled)
	assert.Len(t, s.Outputs[0].Partitions, 2)
	assert.Equal(t, int64(6), s.Outputs[0].Spool.Taken())
	remove()
	w = answerOf(t, http.MethodGet, JSON)
	assert.Contains(t, w.Body.String(), `"outputs": []`, "and not null")
	assert.Contains(t, w.Body.String(), `"inputs": []`)
}

func TestStateCanOnlyBeRead(t *testing.T) {
	for _, handler := range []http.HandlerFunc{Page, JSON} {
		w := answerOf(t, http.MethodPost, handler)
		assert.Equal(t, http.StatusMethodNotAllowed, w.Code)
		assert.Equal(t, "GET, HEAD", w.Header().Get("Allow"))
		assert.Equal(t, http.StatusOK, answerOf(t, http.MethodHead, handler).Code)
	}
}

// counted counts how often it was asked.
type counted struct{ asked int }

func (c *counted) Show(*State) { c.asked++ }

func TestManyWhoLookCostNoMoreThanOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counted{}
		defer Add(c)()
		answerOf(t, http.MethodGet, Page)
		look := func() {
			JSON(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, JSONPath, http.NoBody))
		}
		for range 50 {
			look()
		}
		assert.Equal(t, 1, c.asked)
		time.Sleep(fresh)
		look()
		assert.Equal(t, 2, c.asked)
	})
}
