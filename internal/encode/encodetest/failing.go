package encodetest

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode"
)

// errDisk is what a failing writer returns.
var errDisk = errors.New("disk full")

type failingWriter struct{ left int }

func (f *failingWriter) Write(p []byte) (int, error) {
	if len(p) > f.left {
		n := f.left
		f.left = 0
		return n, errDisk
	}
	f.left -= len(p)
	return len(p), nil
}

func checkFailingWriter(t *testing.T, s *Subject) {
	docs := plainDocs(3000)
	enc := s.New()
	whole := s.encodeOne(t, enc, s.records(docs), 0)
	for _, limit := range []int64{0, s.MinLimit} {
		size := min(int(whole.Bytes), int(s.MinLimit)/2)
		for _, left := range []int{0, 1, 20, size / 2, size - 1} {
			res, err := enc.Encode(&failingWriter{left: left}, s.records(docs), limit)
			require.ErrorIs(t, err, errDisk, "failing after %d bytes", left)
			require.Equal(t, encode.Result{}, res, "no record was taken")
		}
	}
	s.requireRows(t, docs, []object{s.encodeOne(t, enc, s.records(docs), 0)})
}
