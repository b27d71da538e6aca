package landing

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/template"
)

var errNameless = errors.New("nameless")

// mute is a namer that cannot name the objects of one source range.
type mute struct {
	Namer
	of string
}

func (m mute) Name(path string, o template.ObjectNaming) (template.Name, error) {
	if o.SourceRange == m.of {
		return template.Name{}, errNameless
	}
	return m.Namer.Name(path, o)
}

// TestWhatCannotBeNamedIsNotStored, be it for its range, for the name that it
// shares with other ranges, for the length of its key, or for want of a uuid.
func TestWhatCannotBeNamedIsNotStored(t *testing.T) {
	const file = "{{chunk_id}}-{{source_range}}"
	for what, spoil := range map[string]func(l *Lander, o *chunk.Object) error{
		"its range": func(l *Lander, _ *chunk.Object) error {
			l.cfg.Data.Namer = mute{l.cfg.Data.Namer, "r"}
			return errNameless
		},
		"what it shares": func(l *Lander, _ *chunk.Object) error {
			l.cfg.Data.Namer = mute{l.cfg.Data.Namer, ""}
			return errNameless
		},
		"a long key": func(_ *Lander, o *chunk.Object) error {
			o.Path = strings.Repeat("x", template.MaxKeyBytes) + o.Path
			return template.ErrKeyTooLong
		},
		"no randomness": func(*Lander, *chunk.Object) error {
			none := errors.New("no randomness")
			uuid.DefaultGenerator = uuid.NewGenWithOptions(uuid.WithRandomReader(iotest.ErrReader(none)))
			return none
		},
	} {
		t.Run(what, func(t *testing.T) {
			usual := uuid.DefaultGenerator
			defer func() { uuid.DefaultGenerator = usual }()
			b := newBucket()
			b.before = func(store.Object) error { return errors.New("this must not be asked for") }
			l := lander(t, b, file)
			l.cfg.Range = func([]record.Record) string { return "r" }
			o := object(t, l, "", "1")
			defer o.Encoded.Release()
			want := spoil(l, &o)
			key, err := l.Land(t.Context(), o)
			require.ErrorIs(t, err, want)
			require.ErrorContains(t, err, "naming an object of ")
			assert.Empty(t, key)
			assert.Zero(t, b.puts)
		})
	}
}
