package httpinput

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/s3-destination/s3-destination/internal/inflight"
)

var (
	errTooLarge = errors.New("the body is too large")
	errNoRoom   = errors.New("too much waits to be stored")
	errTooMany  = errors.New("the body has more records than there is memory for")
	// errInterrupted means that the client has not sent all of a body.
	errInterrupted = errors.New("the body is cut off")
)

// firstRead is the room for a body before any of it has come, in bytes at most.
// unknownSize is that of a body whose size nobody has said.
const firstRead, unknownSize = 16 << 10, 4 << 10

// intake reads one body and counts the memory of it.
type intake struct {
	limits   *limits
	most     int64 // bytes of a body
	reserved int64 // bytes that are counted
	records  int64 // bytes of these that records take beside the body
	packed   int64 // those of the same request before decompression
}

func (b *intake) reserve(n int64) error {
	if !b.limits.reserve(n, b.reserved+b.packed) {
		return errNoRoom
	}
	b.reserved += n
	return nil
}

// record counts what one record takes beside the body. A few bytes of a compressed body
// may be many records, which must fit also where the request is alone.
func (b *intake) record() error {
	if b.records += inflight.RecordOverhead; b.records > max(b.limits.share.Load(), b.most) {
		return errTooMany
	}
	return b.reserve(inflight.RecordOverhead)
}

// cancel counts nothing of it any more.
func (b *intake) cancel() { b.limits.free(b.reserved) }

// all reads to the end. It begins with room for first bytes, and grows with what comes.
// guess is how many may come.
func (b *intake) all(r io.Reader, first, guess int64) ([]byte, error) {
	first = min(max(first, 1), b.most+1)
	if err := b.reserve(first); err != nil {
		return nil, err
	}
	body := make([]byte, 0, first)
	for {
		n, err := r.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case int64(len(body)) > b.most:
			return nil, errTooLarge
		case err == io.EOF:
			return b.fit(body), nil
		case err != nil:
			return nil, err
		case len(body) < cap(body):
			continue
		}
		next := min(larger(int64(cap(body)), guess), b.most+1)
		if err := b.reserve(next - int64(cap(body))); err != nil {
			return nil, err
		}
		grown := make([]byte, len(body), next)
		copy(grown, body)
		body = grown
	}
}

// larger is the next room for a body that fills its room: not more than twice that, and
// the guess where that is near.
func larger(room, guess int64) int64 {
	if guess > room && guess < 2*room {
		return guess
	}
	return 2 * room
}

// fit lets go of room that a body does not need, which its records would keep.
func (b *intake) fit(body []byte) []byte {
	unused := int64(cap(body) - len(body))
	if unused < int64(len(body)) {
		return body
	}
	b.limits.free(unused)
	b.reserved -= unused
	exact := make([]byte, len(body))
	copy(exact, body)
	return exact
}

// usualRatio is that of text to compressed text, about.
const usualRatio = 6

// body reads that of a request, and takes its encoding off.
func (b *intake) body(r *http.Request) ([]byte, error) {
	var decode func(r io.Reader, size int64) ([]byte, error)
	switch encoding := strings.Join(r.Header.Values("Content-Encoding"), ", "); strings.ToLower(encoding) {
	case "", "identity":
		return b.sent(r)
	case "gzip", "x-gzip":
		decode = b.gzip
	case "zstd":
		decode = b.zstd
	default:
		return nil, &unknownEncoding{encoding}
	}
	packed := &intake{limits: b.limits, most: b.most + b.most/64 + unknownSize} // an encoding may add a little
	defer packed.cancel()
	body, err := packed.sent(r)
	if err != nil {
		return nil, err
	}
	b.packed = packed.reserved
	defer func() { b.packed = 0 }()
	decoders <- struct{}{}
	defer func() { <-decoders }()
	from := bytes.NewReader(body)
	defer from.Reset(nil) // a decoder that is used again keeps it
	return decode(from, int64(len(body)))
}

// decoders bounds those that work at once: one of zstd takes 8 MiB, which nobody counts.
// None of them waits for a client.
var decoders = make(chan struct{}, runtime.GOMAXPROCS(0))

// sent reads a body as it comes. Memory is counted and taken with the bytes: what a client
// only announces takes nothing from others.
func (b *intake) sent(r *http.Request) ([]byte, error) {
	size := r.ContentLength
	if size > b.most {
		return nil, errTooLarge
	}
	guess := int64(unknownSize)
	if size >= 0 {
		guess = size + 1 // there is room to see the end
	}
	body, err := b.all(r.Body, min(guess, firstRead), guess)
	switch {
	case errors.Is(err, errTooLarge) || errors.Is(err, errNoRoom):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errInterrupted, err)
	case int64(len(body)) < size:
		return nil, errInterrupted
	}
	return body, nil
}

// unknownEncoding is an encoding of a body that cannot be undone.
type unknownEncoding struct{ name string }

func (e *unknownEncoding) Error() string {
	return fmt.Sprintf("the content encoding %q is not known: send gzip, zstd or none", e.name)
}

var gzips, zstds sync.Pool

func (b *intake) gzip(from io.Reader, size int64) ([]byte, error) {
	d, ok := gzips.Get().(*gzip.Reader)
	if !ok {
		d = new(gzip.Reader)
	}
	defer gzips.Put(d)
	if err := d.Reset(from); err != nil {
		return nil, fmt.Errorf("decompressing gzip: %w", err)
	}
	return undone("gzip")(b.all(d, usualRatio*size, usualRatio*size))
}

// undone says what went wrong with an encoding.
func undone(encoding string) func(body []byte, err error) ([]byte, error) {
	return func(body []byte, err error) ([]byte, error) {
		if err != nil && !errors.Is(err, errTooLarge) && !errors.Is(err, errNoRoom) {
			err = fmt.Errorf("decompressing %s: %w", encoding, err)
		}
		return body, err
	}
}

// largestWindow is what every decoder of zstd has to take by RFC 8878, in bytes.
const largestWindow = 8 << 20

func (b *intake) zstd(from io.Reader, size int64) ([]byte, error) {
	d, ok := zstds.Get().(*zstd.Decoder)
	if !ok {
		var err error
		if d, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(largestWindow)); err != nil {
			return nil, fmt.Errorf("decompressing zstd: %w", err)
		}
	}
	defer zstds.Put(d) // which has nothing to close with one goroutine
	if err := d.Reset(from); err != nil {
		return nil, fmt.Errorf("decompressing zstd: %w", err)
	}
	return undone("zstd")(b.all(d, usualRatio*size, usualRatio*size))
}
