package source

import (
	"bytes"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
)

func TestAPositionIsThatOfTheRecord(t *testing.T) {
	at := Position{Line: 3, Byte: 70}
	read := func() *service.Message {
		return service.NewMessageWithContext(WithPosition(t.Context(), at, []byte("{}")), []byte("{}"))
	}
	p, ok := PositionOf(read().Copy())
	assert.True(t, ok)
	assert.Equal(t, at, p)
	_, ok = PositionOf(service.NewMessage(nil))
	assert.False(t, ok, "no scanner of ours has read it")
	_, ok = PositionOf(nil)
	assert.False(t, ok)
	changed := read()
	changed.SetBytes([]byte(`{"of":"another record"}`))
	_, ok = PositionOf(changed)
	assert.False(t, ok, "the context may be that of another record")
	for _, other := range []string{"source_line", "kafka_topic", "http_server_request_path"} {
		m := read()
		m.MetaSetMut(other, "of a letter that is replayed")
		_, ok = PositionOf(m)
		assert.False(t, ok, "the position is that of the letter, and not of the record")
	}
}

func TestCoordinatesAndPositionLeaveEachOther(t *testing.T) {
	c := Coordinates{Topic: "t", Partition: 1, Offset: 2}
	ctx := WithPosition(WithCoordinates(t.Context(), c), Position{Line: 1}, nil)
	found, ok := Noted(service.NewMessageWithContext(ctx, nil))
	assert.True(t, ok)
	assert.Equal(t, c, found)
	p, ok := PositionOf(service.NewMessageWithContext(ctx, nil))
	assert.True(t, ok)
	assert.Equal(t, Position{Line: 1}, p)
}

// Contexts that share memory do not share what they say, and there may be more of them
// than were expected.
func TestPositionsOfABatch(t *testing.T) {
	var all Positions
	var messages service.MessageBatch
	for n := range 7 {
		if n%3 == 0 {
			all.Reserve(2)
		}
		payload := []byte{'0' + byte(n)}
		messages = append(messages, service.NewMessageWithContext(all.With(t.Context(), Position{Line: int64(n)}, payload), payload))
	}
	for n, m := range messages {
		p, ok := PositionOf(m)
		assert.True(t, ok)
		assert.EqualValues(t, n, p.Line)
		same, err := m.AsBytes()
		assert.NoError(t, err)
		m.SetBytes(bytes.Clone(same))
		_, ok = PositionOf(m)
		assert.True(t, ok, "a copy is the same record")
	}
}
