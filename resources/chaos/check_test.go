package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// bucket is a server with objects that the tests below make by hand.
func bucket(t *testing.T) (*s3test.Server, func(key, run string, rows int, body []byte)) {
	t.Helper()
	server := s3test.StartT(t, s3test.Config{})
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client := s3.New(s3.Options{
		Region: s3test.Region, BaseEndpoint: aws.String(server.URL), UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(server.AccessKey, server.SecretKey, ""),
		HTTPClient:  &http.Client{Transport: transport},
	})
	return server, func(key, run string, rows int, body []byte) {
		_, err := client.PutObject(context.Background(), &s3.PutObjectInput{
			Bucket: &server.Bucket, Key: aws.String(key), Body: bytes.NewReader(body),
			Metadata: map[string]string{"run": run, "s3d-rows": fmt.Sprint(rows)},
		})
		require.NoError(t, err)
	}
}

// read reads a server back.
func read(t *testing.T, server *s3test.Server, l *ledger) *stored {
	t.Helper()
	s, err := readBack(t.Context(), inProcess{server}, l)
	require.NoError(t, err)
	return s
}

func lines(ids ...int) []byte {
	var b []byte
	for _, id := range ids {
		b = append(append(b, kafkatest.NumberedValue(id, 100)...), '\n')
	}
	return b
}

// known is a ledger of n records in one partition.
func known(n int) *ledger {
	l := &ledger{}
	for i := range n {
		l.add(origin{offset: int64(i), size: 100})
	}
	return l
}

const evenDay, oddDay = "lake/date=2026-07-01/", "lake/date=2026-07-02/"

func TestCheckerAcceptsWhatIsRight(t *testing.T) {
	server, put := bucket(t)
	put(evenDay+"a.json", "1", 2, lines(0, 2))
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, err := io.Copy(z, bytes.NewReader(lines(1, 3)))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	put(oddDay+"a.json.gz", "1", 2, zipped.Bytes())
	l := known(4)
	s := read(t, server, l)
	assert.Empty(t, s.wrong)
	assert.Empty(t, s.missing(l))
	assert.Zero(t, s.explain(l, nil, nil, false).copies)
}

func TestCheckerNoticesWhatIsWrong(t *testing.T) {
	cases := map[string]struct {
		key  string
		rows int
		body []byte
		want string
	}{
		"rows":    {evenDay + "a.json", 3, lines(0, 2), "has 2 rows and claims 3"},
		"folder":  {oddDay + "a.json", 1, lines(0), "holds record 0 of 2026-07-01"},
		"bytes":   {evenDay + "a.json", 1, bytes.Replace(lines(0), []byte(`pad":"`), []byte(`pad":"X`), 1), "is not what was produced"},
		"unknown": {oddDay + "a.json", 1, lines(99), "nobody produced"},
		"cut":     {evenDay + "a.json", 1, lines(0)[:50], "unexpected end"},
		"gzip":    {evenDay + "a.json.gz", 1, []byte("no gzip"), "no complete gzip"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			server, put := bucket(t)
			put(c.key, "1", c.rows, c.body)
			s := read(t, server, known(4))
			require.NotEmpty(t, s.wrong)
			assert.Contains(t, s.wrong[0], c.want)
		})
	}
}

func TestCheckerNoticesWhatIsMissing(t *testing.T) {
	server, put := bucket(t)
	put(evenDay+"a.json", "1", 1, lines(0))
	l := known(3)
	assert.Equal(t, []int{1, 2}, read(t, server, l).missing(l))
}

func TestWhatNobodyWasToldOfMayBeMissingAndNotTwiceThere(t *testing.T) {
	server, put := bucket(t)
	put(evenDay+"a.json", "1", 1, lines(0))
	put(evenDay+"b.json", "2", 1, lines(0))
	l := known(5)
	l.doubt(0, 3)
	s := read(t, server, l)
	assert.Equal(t, []int{3, 4}, s.missing(l))
	assert.Equal(t, 1, s.explain(l, nil, nil, true).unexplained)
}

func TestSurplusCopiesNeedAReason(t *testing.T) {
	server, put := bucket(t)
	put(evenDay+"a.json", "first", 2, lines(0, 2))
	put(evenDay+"b.json", "second", 2, lines(0, 2))
	put(evenDay+"c.json", "third", 1, lines(2))
	l := known(3)
	s := read(t, server, l)
	order := map[string]int{"first": 0, "second": 1, "third": 2}
	at := func(committed int64, runs ...string) *breach {
		return &breach{what: "kill", committed: map[int32]int64{0: committed}, ends: map[int32]int64{0: 3}, runs: runs}
	}
	// Record 0 has two copies, record 2 three.
	assert.Equal(t, 3, s.explain(l, nil, order, false).unexplained)
	assert.Zero(t, s.explain(l, []*breach{at(0, "first"), at(2, "second")}, order, false).unexplained)
	assert.Equal(t, 1, s.explain(l, []*breach{at(1, "first"), at(2, "second")}, order, false).unexplained, "record 0 was committed")
	assert.Equal(t, 1, s.explain(l, []*breach{at(0, "first")}, order, false).unexplained, "one kill doubles a record once")
	assert.Equal(t, 3, s.explain(l, []*breach{at(0, "third")}, order, false).unexplained, "nothing came after it")
	twice := at(0)
	twice.most = 2
	assert.Zero(t, s.explain(l, []*breach{twice}, order, false).unexplained)
	twice.moved = map[int32]int{0: 1}
	assert.Equal(t, 1, s.explain(l, []*breach{twice}, order, false).unexplained, "the partition was claimed once more")
	twice.abandoned = true
	assert.Zero(t, s.explain(l, []*breach{twice}, order, false).unexplained, "and by whoever came next")
	twice.abandoned = false
	twice.moved = map[int32]int{1: 2}
	assert.Equal(t, 3, s.explain(l, []*breach{twice}, order, false).unexplained, "another partition was")
	assert.Equal(t, 3, s.explain(l, []*breach{at(0, "first"), at(2, "second")}, order, true).unexplained, "nothing excuses a copy")
}
