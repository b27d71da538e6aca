package landing

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/store"
)

// diary is a Journal that knows how often the bucket had been written to.
type diary struct {
	bucket  *bucket
	intents []Intent
	puts    []int
	err     error
}

func (d *diary) Intend(_ context.Context, i Intent) error {
	d.intents = append(d.intents, i)
	d.puts = append(d.puts, d.bucket.puts)
	return d.err
}

// TestAnIntentIsSettledBeforeEachAttempt: the journal knows each key before the
// store does, and again when the object has to take another one.
func TestAnIntentIsSettledBeforeEachAttempt(t *testing.T) {
	b := newBucket("in/f-00001-r+7.json")
	l := lander(t, b, "f-{{chunk_id}}-{{source_range}}")
	d := &diary{bucket: b}
	l.cfg.Journal = d
	l.cfg.Range = func([]record.Record) string { return "r+7" }
	l.cfg.Describe = func([]record.Record) map[string]string { return map[string]string{"s3d-source": "r/0:7-7"} }
	require.NoError(t, land(t, l, "1"))
	require.Equal(t, []int{0, 1}, d.puts, "before the attempt, and before the one under the next key")
	want := Intent{
		Key: "in/f-00001-r+7.json", Identity: "id-1", Path: path(t, l, ""), Opened: opened.UTC(), SourceRange: "r+7",
		Number: 1, Size: 2, Sum: store.Sum{Algorithm: store.ChecksumCRC32C, Value: "2"}, ContentType: "application/x-ndjson",
		Metadata:    map[string]string{MetaRows: "1", MetaReason: "size", "s3d-source": "r/0:7-7"},
		Conditional: true,
	}
	assert.Equal(t, want, d.intents[0])
	want.Key, want.Number = "in/f-00002-r+7.json", 2
	assert.Equal(t, want, d.intents[1], "nothing but key and number changes")
	o := b.objects[want.Key]
	assert.Equal(t, want.Metadata, o.Metadata)
	assert.Equal(t, want.Identity, o.Identity)
	assert.Equal(t, want.Sum, o.Sum)
	assert.True(t, o.IfNoneMatch)
}

// TestAnIntentCanBeWrittenDown and is the same when it is read again, clock
// included.
func TestAnIntentCanBeWrittenDown(t *testing.T) {
	for _, file := range []string{"f-{{uuid}}-{{H}}", "f-{{chunk_id}}", "f"} {
		b := newBucket()
		l := lander(t, b, file)
		d := &diary{bucket: b}
		l.cfg.Journal = d
		require.NoError(t, land(t, l, "1"))
		text, err := json.Marshal(d.intents[0])
		require.NoError(t, err)
		var read Intent
		require.NoError(t, json.Unmarshal(text, &read))
		assert.Equal(t, d.intents[0], read)
	}
}

func TestAnIntentThatIsNotRecordedIsNotCarriedOut(t *testing.T) {
	b := newBucket()
	l := lander(t, b, "f-{{chunk_id}}")
	full := errors.New("disk full")
	l.cfg.Journal = &diary{bucket: b, err: full}
	err := land(t, l, "1")
	require.ErrorIs(t, err, full)
	assert.ErrorContains(t, err, "recording the intent to store in/f-00001.json")
	assert.Empty(t, b.keys())
}

// TestMetadataFitsBesideWhatIsConfigured: S3 would refuse the object otherwise.
func TestMetadataFitsBesideWhatIsConfigured(t *testing.T) {
	words := strings.TrimSpace(strings.Repeat("orders/0:1-2 ", 100))
	for configured, want := range map[int]int{0: len(words), 900: 945, 1700: 145} {
		b := newBucket()
		l := lander(t, b, "f-{{chunk_id}}")
		l.cfg.Metadata = map[string]string{"k": strings.Repeat("v", configured)}
		l.cfg.Describe = func([]record.Record) map[string]string {
			return map[string]string{"s3d-source": words, "a": "1", MetaRows: "7"}
		}
		require.NoError(t, land(t, l, "1"))
		got := b.objects["in/f-00001.json"].Metadata
		assert.Equal(t, "1", got[MetaRows], "what the output says about itself is its own")
		assert.Equal(t, "1", got["a"])
		source := got["s3d-source"]
		assert.InDelta(t, want, len(source), 20)
		if want < len(words) {
			assert.True(t, strings.HasSuffix(source, "1-2"+cut), "whole words: %q", source)
		}
		all := map[string]string{"k": l.cfg.Metadata["k"], store.IdentityKey: strings.Repeat("i", 36)}
		for k, v := range got {
			all[k] = v
		}
		assert.LessOrEqual(t, store.MetadataSize(all), store.MaxMetadata)
	}
	assert.Equal(t, "just fits", fitted("k", "just fits", len("x-amz-meta-k")+len("just fits")))
	assert.Empty(t, fitted("k", "oneverylongword", 20))
	assert.Empty(t, fitted("k", "a b", len("x-amz-meta-k")+len("a")), "no room for the mark of what was cut")
	assert.Equal(t, "a"+cut, fitted("k", "a "+strings.Repeat("ü", 50), len("x-amz-meta-k")+len("a"+cut)), "as it is sent")
}

// TestKeysInMessagesAreReadable: the marks for number and uuid are control
// characters, and values may hold anything.
func TestKeysInMessagesAreReadable(t *testing.T) {
	for what, breaks := range map[string]func(ctx context.Context, l *Lander, b *bucket) context.Context{
		"journal": func(ctx context.Context, l *Lander, b *bucket) context.Context {
			l.cfg.Journal = &diary{bucket: b, err: errors.New("no")}
			return ctx
		},
		"denial": func(ctx context.Context, _ *Lander, b *bucket) context.Context {
			b.before = func(store.Object) error { return exists(false) }
			return ctx
		},
		"range": func(ctx context.Context, l *Lander, _ *bucket) context.Context {
			l.cfg.Range = func([]record.Record) string { return "\x05" }
			return ctx
		},
		"wait": func(ctx context.Context, l *Lander, _ *bucket) context.Context {
			n := newNumbering()
			_, _ = n.enter(ctx)
			for key := range l.names.recent {
				l.names.recent[key] = n
			}
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return ctx
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBucket()
			file := "{{v}}-{{chunk_id}}"
			if what == "range" {
				file += "-{{source_range}}"
			}
			l := lander(t, b, file)
			l.cfg.Range = func([]record.Record) string { return "r" }
			o := object(t, l, "x\x05\x1b[31m\u202ey", "1")
			defer o.Encoded.Release()
			_, err := l.Land(t.Context(), o)
			require.NoError(t, err)
			_, err = l.Land(breaks(t.Context(), l, b), o)
			require.Error(t, err, what)
			assert.Contains(t, err.Error(), "in/x%05%1B[31m%E2%80%AEy-", what)
			for _, r := range err.Error() {
				require.False(t, r < ' ' || r >= 0x7F && r <= 0x9F, "%s: %q", what, err)
			}
		})
	}
}
