package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/unstored"
)

// logOf is a condenser with a clock of its own.
type logOf struct {
	*condenser
	out bytes.Buffer
	at  time.Time
}

func newLog() *logOf {
	l := &logOf{at: time.Unix(0, 0)}
	l.condenser = newCondenser(&l.out)
	l.now = func() time.Time { return l.at }
	return l
}

func (l *logOf) say(t *testing.T, format string, args ...any) {
	t.Helper()
	n, err := fmt.Fprintf(l, format+"\n", args...)
	require.NoError(t, err)
	require.Positive(t, n)
}

func (l *logOf) lines() []string {
	return strings.Split(strings.TrimSuffix(l.out.String(), "\n"), "\n")
}

const failedLine = `time="2026-11-29T01:12:%02dZ" level=error msg="Failed to send message to s3_destination: %s" @service=benthos label="" path=%s`

func TestLogSaysOnceWhyBatchesFail(t *testing.T) {
	l := newLog()
	for i := range 50 {
		l.say(t, failedLine, i, fmt.Sprintf("storing %d of 100 records, among them: object f-%05d.json: denied", i, i), "root.output")
		l.say(t, failedLine, i, `a \"quoted\" reason`, "root.output")
		l.say(t, failedLine, i, `a \"quoted\" reason`, "root.output.broker.outputs.1")
		l.say(t, `level=info msg="another line %d"`, i)
	}
	got := l.lines()
	require.Len(t, got, 3+50)
	assert.Contains(t, got[0], "f-00000.json")
	l.at = l.at.Add(sayAgainAfter)
	l.say(t, failedLine, 59, "storing 7 of 100 records, among them: object f-00099.json: denied", "root.output")
	got = l.lines()
	assert.Len(t, got, 54)
	assert.Contains(t, got[53], "f-00099.json")
	assert.True(t, strings.HasSuffix(got[53], " batches=50"), got[53])
	l.at = l.at.Add(time.Second)
	l.say(t, failedLine, 59, "storing 8 of 100 records, among them: object f-00100.json: denied", "root.output")
	assert.Len(t, l.lines(), 54)
	l.flush()
	got = l.lines()
	assert.Len(t, got, 57, "what was left out is said in the end")
	assert.Contains(t, l.out.String(), `a \"quoted\" reason" @service=benthos label="" path=root.output.broker.outputs.1 batches=49`)
	assert.Contains(t, got[56], "f-00100.json")
	assert.True(t, strings.HasSuffix(got[56], " batches=1"), got[56])
}

func TestLogInJSON(t *testing.T) {
	l := newLog()
	for i := range 3 {
		l.say(t, `{"@service":"benthos","label":"","level":"error","msg":"Failed to send message to s3_destination: no","path":"root.output","time":"2026-11-29T01:12:%02dZ"}`, i)
	}
	assert.Len(t, l.lines(), 1)
	l.flush()
	require.Len(t, l.lines(), 2)
	assert.JSONEq(t, `{"batches":2,"@service":"benthos","label":"","level":"error","msg":"Failed to send message to s3_destination: no","path":"root.output","time":"2026-11-29T01:12:02Z"}`, l.lines()[1])
}

func TestLogLeavesOutBatchesThatAStopCutShort(t *testing.T) {
	l := newLog()
	for i := range 277 {
		l.say(t, failedLine, i%60, unstored.ErrStopped.Error(), "root.output")
	}
	l.flush()
	assert.Empty(t, l.out.String(), "one line at the end of the process is about all of them")
}

func TestLogThatComesInPieces(t *testing.T) {
	var text strings.Builder
	for i := range 5 {
		fmt.Fprintf(&text, failedLine+"\nnext %d\n", i, "no", "root.output", i)
	}
	text.WriteString("no line end")
	l := newLog()
	r := iotest.OneByteReader(strings.NewReader(text.String()))
	buf := make([]byte, 8)
	for {
		n, err := r.Read(buf)
		if err != nil {
			break
		}
		_, err = l.Write(buf[:n])
		require.NoError(t, err)
	}
	assert.Len(t, l.lines(), 6)
	l.flush()
	assert.Len(t, l.lines(), 8)
	assert.True(t, strings.HasSuffix(l.out.String(), "no line end"))
}

func TestLogRemembersSoManyReasons(t *testing.T) {
	l := newLog()
	letters := func(i int) string { return strings.Repeat("x", i+1) }
	for i := range mostReasons + 5 {
		l.say(t, failedLine, 0, letters(i), "root.output")
		l.say(t, failedLine, 0, letters(i), "root.output")
	}
	assert.Len(t, l.lines(), mostReasons+2*5, "beyond that every line is written")
}

func TestOnlyLogsOfPipelinesAreCondensed(t *testing.T) {
	for args, want := range map[string]bool{
		"": false, "run x": true, "streams x": true, "-c x": true, "lint x": false, "size x": false, "list": false,
	} {
		assert.Equal(t, want, runs(append([]string{"s3-destination"}, strings.Fields(args)...)), args)
	}
}
