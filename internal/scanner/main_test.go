package scanner

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/s3-destination/s3-destination/internal/source"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// chopped gives its pieces one read at a time. It must not be asked again once it
// has ended: standard input blocks then.
type chopped struct {
	t      interface{ Fatal(args ...any) }
	pieces [][]byte
	end    error // instead of io.EOF
	ended  bool
}

func (c *chopped) Read(p []byte) (int, error) {
	if len(c.pieces) == 0 {
		if c.ended {
			c.t.Fatal("the source is asked again after its end")
		}
		c.ended = true
		if c.end != nil {
			return 0, c.end
		}
		return 0, io.EOF
	}
	n := copy(p, c.pieces[0])
	if c.pieces[0] = c.pieces[0][n:]; len(c.pieces[0]) == 0 {
		c.pieces = c.pieces[1:]
	}
	return n, nil
}

func (*chopped) Close() error { return nil }

// whole is a source that has everything at once.
func whole(t interface{ Fatal(args ...any) }, text string) *chopped {
	return &chopped{t: t, pieces: [][]byte{[]byte(text)}}
}

// found is a record with its place.
type found struct {
	text, refused string
	line, offset  int64
}

// read returns all records of a source, and what ended the reading. Records are
// looked at when all is read, so that one which changes afterwards is noticed.
func read(conf *config, input io.ReadCloser) ([]found, error) {
	s := newStream(conf, input, nil)
	defer func() { _ = s.Close(context.Background()) }()
	var messages service.MessageBatch
	var end error
	for end == nil {
		var batch service.MessageBatch
		batch, end = s.NextBatch(context.Background())
		messages = append(messages, batch...)
	}
	if _, err := s.NextBatch(context.Background()); !errors.Is(err, io.EOF) {
		return nil, errors.New("an input that asks again does not come to the end")
	}
	records := make([]found, len(messages))
	for i, m := range messages {
		text, err := m.AsBytes()
		if err != nil {
			return nil, err
		}
		at, _ := source.PositionOf(m)
		records[i] = found{text: string(text), line: at.Line, offset: at.Byte}
		records[i].refused, _ = m.MetaGet(source.MetaError)
	}
	return records, end
}

func texts(records []found) []string {
	out := make([]string, len(records))
	for i, r := range records {
		out[i] = r.text
	}
	return out
}

// configured parses settings.
func configured(t *testing.T, settings string) (*config, error) {
	t.Helper()
	parsed, err := Spec().ParseYAML(settings, nil)
	require.NoError(t, err)
	return parse(parsed)
}

// must parses settings that are right.
func must(t *testing.T, settings string) *config {
	t.Helper()
	conf, err := configured(t, settings)
	require.NoError(t, err)
	return conf
}
