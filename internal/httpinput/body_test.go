package httpinput

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func gzipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	require.NoError(t, errors.Join(err, w.Close()))
	return b.Bytes()
}

func zstandard(t *testing.T, text string) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	defer w.Close()
	return w.EncodeAll([]byte(text), nil)
}

// bounded is an intake for bodies of that size, in so much memory.
func bounded(most, room int64) *intake {
	l := &limits{}
	l.share.Store(room)
	return &intake{limits: l, most: most}
}

// Bodies of any size come as they were sent, twice: readers are used again.
func TestBodiesAreReadAsTheyWere(t *testing.T) {
	for _, size := range []int{0, 1, firstRead - 1, firstRead, firstRead + 1, 100_000} {
		text := strings.Repeat("0123456789", size/10+1)[:size]
		for name, c := range map[string]struct {
			body     []byte
			encoding string
			chunked  bool
		}{
			"plain": {body: []byte(text)}, "chunks": {body: []byte(text), chunked: true},
			"identity": {body: []byte(text), encoding: "identity"},
			"gzip":     {body: gzipped(t, text), encoding: "gzip"}, "gzip in chunks": {body: gzipped(t, text), encoding: "GZIP", chunked: true},
			"zstd": {body: zstandard(t, text), encoding: "zstd"},
		} {
			for range 2 {
				r := request(t, c.body, "Content-Encoding", c.encoding)
				if c.chunked {
					r.ContentLength = -1
				}
				b := bounded(1<<20, 1<<30)
				body, err := b.body(r)
				require.NoError(t, err, "%s of %d bytes", name, size)
				require.Equal(t, text, string(body), name)
				assert.LessOrEqual(t, int64(cap(body)), b.reserved, "all of the memory counts")
				assert.LessOrEqual(t, cap(body), max(2*len(body), 8), "and a record does not keep much more")
				b.cancel()
				assert.Zero(t, b.limits.held.Load())
			}
		}
	}
}

func TestBodiesThatAreTooLarge(t *testing.T) {
	text := strings.Repeat("x", 10_000)
	for name, c := range map[string]struct {
		body     []byte
		encoding string
		chunked  bool
	}{
		"plain": {body: []byte(text)}, "chunks": {body: []byte(text), chunked: true},
		"gzip": {body: gzipped(t, text), encoding: "gzip"}, "zstd": {body: zstandard(t, text), encoding: "zstd"},
	} {
		r := request(t, c.body, "Content-Encoding", c.encoding)
		if c.chunked {
			r.ContentLength = -1
		}
		b := bounded(9_999, 1<<30)
		_, err := b.body(r)
		require.ErrorIs(t, err, errTooLarge, name)
		assert.LessOrEqual(t, b.reserved, int64(20_000), "%s: no more is read than shows it", name)
		b = bounded(10_000, 1<<30)
		r = request(t, c.body, "Content-Encoding", c.encoding)
		_, err = b.body(r)
		require.NoError(t, err, name)
	}
}

// While others wait, memory is not exceeded; a request that is alone may be large.
func TestBodiesForWhichThereIsNoRoom(t *testing.T) {
	text := []byte(strings.Repeat("x", 10_000))
	for _, chunked := range []bool{false, true} {
		r := request(t, text)
		if chunked {
			r.ContentLength = -1
		}
		b := bounded(1<<20, 9_000)
		b.limits.held.Add(1)
		_, err := b.body(r)
		require.ErrorIs(t, err, errNoRoom)
		b.cancel()
		assert.EqualValues(t, 1, b.limits.held.Load())
	}
	_, err := bounded(1<<20, 9_000).body(request(t, text))
	require.NoError(t, err)
	_, err = bounded(1<<20, 20).body(request(t, gzipped(t, string(text)), "Content-Encoding", "gzip"))
	assert.NoError(t, err, "before and after decompression it is one request")
}

// What a client announces takes no memory from others before it comes.
func TestBodiesTakeNoRoomBeforeTheyCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := takes(t, "max_buffered_bytes: 1MiB\nmax_body_bytes: 1MiB")
		var bodies []*io.PipeWriter
		var all []<-chan *httptest.ResponseRecorder
		for i := range 2*cap(decoders) + 2 { // more than there are decoders, of each
			r := request(t, nil, "Content-Encoding", []string{"", "zstd"}[i%2])
			reader, writer := io.Pipe()
			r.Body, r.ContentLength = reader, 1<<20
			bodies, all = append(bodies, writer), append(all, sends(in, r))
		}
		synctest.Wait()
		assert.LessOrEqual(t, in.limits.held.Load(), int64(len(all)*firstRead))
		answered := sends(in, request(t, gzipped(t, "{}"), "Content-Encoding", "gzip"))
		_, _, ack := read(t.Context(), t, in)
		ack(nil)
		assert.Equal(t, http.StatusOK, (<-answered).Code)
		for i, body := range bodies {
			require.NoError(t, body.CloseWithError(io.ErrUnexpectedEOF))
			assert.Equal(t, http.StatusRequestTimeout, (<-all[i]).Code)
		}
		nothingHeld(t, in)
	})
}

func TestBodiesThatAreDamaged(t *testing.T) {
	text := strings.Repeat("0123456789", 1000)
	for _, encoding := range []string{"gzip", "zstd"} {
		whole := map[string][]byte{"gzip": gzipped(t, text), "zstd": zstandard(t, text)}[encoding]
		for _, body := range [][]byte{whole[:len(whole)-5], []byte("no such thing"), whole[:3]} {
			_, err := bounded(1<<20, 1<<30).body(request(t, body, "Content-Encoding", encoding))
			require.Error(t, err, encoding)
		}
		body, err := bounded(1<<20, 1<<30).body(request(t, whole, "Content-Encoding", encoding))
		require.NoError(t, err, "the reader is used again")
		assert.Equal(t, text, string(body))
	}
	r := request(t, []byte("abc"))
	r.ContentLength = 5
	_, err := bounded(1<<20, 1<<30).body(r)
	require.ErrorIs(t, err, errInterrupted)
	_, err = bounded(1<<20, 1<<30).body(request(t, nil, "Content-Encoding", "br"))
	assert.ErrorContains(t, err, `the content encoding "br" is not known: send gzip, zstd or none`)
}

// lost is a connection that breaks after some bytes.
type lost struct{ io.Reader }

func (l lost) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// What has come of a body is never taken for all of it, wherever it breaks: some
// decoders take the end between two frames for that of the text.
func TestAConnectionThatBreaks(t *testing.T) {
	for encoding, body := range map[string][]byte{"": []byte("{}\n"), "gzip": gzipped(t, "{}\n"), "zstd": zstandard(t, "{}\n")} {
		r := request(t, body, "Content-Encoding", encoding)
		r.Body, r.ContentLength = io.NopCloser(lost{bytes.NewReader(body)}), -1
		in := takes(t, "")
		w := send(in, r)
		assert.Equal(t, http.StatusRequestTimeout, w.Code, encoding)
		assert.Contains(t, w.Body.String(), "has not come completely", encoding)
		nothingHeld(t, in)
	}
}
