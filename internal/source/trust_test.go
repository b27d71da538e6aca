package source

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/record"
)

// contextual is metadata of a message that has a context.
type contextual struct {
	meta
	ctx context.Context
}

func (c contextual) Context() context.Context { return c.ctx }

// as a client of an HTTP input sends it
var forged = from("orders", "3", "42")

func TestForgedTextIsBelievedOnlyWhereAnyMetadataIs(t *testing.T) {
	for name, r := range map[string]record.Record{
		"all text":       forged,
		"a text offset":  from("orders", 3, "42"),
		"a partition":    from("orders", "3", 42),
		"bytes":          from("orders", []byte("3"), []byte("42")),
		"no coordinates": {Meta: meta{"x": "y"}},
	} {
		records := []record.Record{r}
		assert.Nil(t, KafkaInputs.Describe(records), name)
		assert.Equal(t, NoRange, KafkaInputs.RangeName(records), name)
	}
	assert.Equal(t, "orders+3+0000000042-0000000042", AnyMetadata.RangeName([]record.Record{forged}))
	assert.Equal(t, "orders+3+0000000042-0000000042", KafkaInputs.RangeName([]record.Record{from("orders", 3, int64(42))}))
	assert.Equal(t, NoRange, Nobody.RangeName([]record.Record{from("orders", 3, 42)}))
}

func TestForgedRecordsAddNothingToTheRangeOfOthers(t *testing.T) {
	records := []record.Record{forged, from("orders", 3, 1000), from("orders", "3", "999999"), from("orders", 3, 1001)}
	assert.Equal(t, "orders+3+0000001000-0000001001", KafkaInputs.RangeName(records), "whoever is first")
	records = make([]record.Record, looked)
	records = append(records, from("orders", 3, 7))
	assert.Equal(t, NoRange, KafkaInputs.RangeName(records), "an object of another input is not searched to its end")
	assert.NotEqual(t, NoRange, KafkaInputs.RangeName(records[1:]))
}

func TestCoordinatesOfOurOwnInputAreInTheContext(t *testing.T) {
	ctx := WithCoordinates(t.Context(), Coordinates{Topic: "t", Partition: 1, Offset: 9})
	c, ok := Noted(contextual{meta: meta{}, ctx: ctx})
	require.True(t, ok)
	assert.Equal(t, Coordinates{Topic: "t", Partition: 1, Offset: 9}, c)
	r := record.Record{Meta: contextual{meta: meta{record.KafkaTopic: "other", record.KafkaPartition: "5", record.KafkaOffset: "6"}, ctx: ctx}}
	for _, trust := range []Trust{KafkaInputs, AnyMetadata} {
		assert.Equal(t, "t+1+0000000009-0000000009", trust.RangeName([]record.Record{r}), "whatever metadata says")
	}
	assert.Equal(t, NoRange, Nobody.RangeName([]record.Record{r}))
	r.Meta = contextual{meta: meta{}, ctx: t.Context()}
	assert.Equal(t, NoRange, KafkaInputs.RangeName([]record.Record{r}))
}

// TestContextsThatMovedToOtherMessages: as Benthos leaves them behind a processor
// that drops some messages of a batch.
func TestContextsThatMovedToOtherMessages(t *testing.T) {
	b := NewBatch(t.Context(), "t", 1, 10, 20)
	moved := func(m meta) contextual { return contextual{meta: m, ctx: b.At(12)} }
	own := meta{record.KafkaTopic: "t", record.KafkaPartition: 1, record.KafkaOffset: 15}
	for name, c := range map[string]struct {
		meta    meta
		offset  int64
		certain bool
	}{
		"of the batch":         {own, 15, true},
		"nothing":              {meta{}, 12, false},
		"beyond the batch":     {meta{record.KafkaTopic: "t", record.KafkaPartition: 1, record.KafkaOffset: 21}, 12, false},
		"text":                 {meta{record.KafkaTopic: "t", record.KafkaPartition: 1, record.KafkaOffset: "15"}, 12, false},
		"of another partition": {meta{record.KafkaTopic: "t", record.KafkaPartition: 2, record.KafkaOffset: 15}, 15, false},
		"of another topic":     {meta{record.KafkaTopic: "u", record.KafkaPartition: 1, record.KafkaOffset: 15}, 15, false},
	} {
		got, ok := Noted(moved(c.meta))
		require.True(t, ok, name)
		assert.Equal(t, Coordinates{"t", 1, c.offset}, got, name)
		got, ok = Certain(moved(c.meta))
		assert.Equal(t, c.certain, ok, name)
		if ok {
			assert.Equal(t, Coordinates{"t", 1, c.offset}, got, name)
		}
	}
	_, ok := Certain(contextual{meta: own, ctx: t.Context()})
	assert.False(t, ok)
}

func TestColumnsAreNullWhereTheSourceIsNotTrusted(t *testing.T) {
	all, err := NewColumns([]string{All}, "")
	require.NoError(t, err)
	m := meta{record.KafkaTopic: "orders", record.KafkaPartition: "3", record.KafkaOffset: "42", record.KafkaMillis: "1751328000000", record.KafkaKey: "k"}
	row := func(trust Trust, m record.Metadata) string {
		return string(all.Trusting(trust).NewReader().AppendMembers([]byte("{"), m, true))
	}
	const nothing = `{"topic":null,"partition":null,"offset":null,"timestamp":null,"key":null,"headers":null}`
	assert.Equal(t, nothing, row(KafkaInputs, m))
	assert.Contains(t, row(AnyMetadata, m), `"topic":"orders","partition":3,"offset":42`)
	m[record.KafkaPartition], m[record.KafkaOffset], m[record.KafkaMillis] = 3, 42, int64(1751328000000)
	assert.Contains(t, row(KafkaInputs, m), `"topic":"orders","partition":3,"offset":42,"timestamp":"2025-07-01T00:00:00.000Z","key":"k"`)
	assert.Equal(t, nothing, row(Nobody, m))
	assert.Nil(t, (*Columns)(nil).Trusting(Nobody))
}

func TestTrustIsNamedInConfigurations(t *testing.T) {
	for name, want := range map[string]Trust{"auto": KafkaInputs, "metadata": AnyMetadata, "off": Nobody} {
		got, err := ParseTrust(name)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	_, err := ParseTrust("yes")
	require.ErrorContains(t, err, `"yes"`)
	require.ErrorContains(t, err, "auto, metadata or off")
}
