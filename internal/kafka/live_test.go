package kafka

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/live"
)

func TestInputShowsWhatIsNotStored(t *testing.T) {
	in := &Input{conf: &Config{group: "g"}, name: live.Name{Label: "orders", Path: "root.input"}}
	var s live.State
	in.Show(&s)
	assert.Equal(t, []live.Input{{Name: in.name, Group: "g", Behind: []live.Behind{}}}, s.Inputs, "it is not connected")

	r := bench(64<<20, 0, 1, 2)
	feed(r, 0, 100, 40, 10)
	feed(r, 1, 0, 5, 10)
	in.shown.Store(r)
	s = live.State{}
	in.Show(&s)
	require.Len(t, s.Inputs, 1)
	got := s.Inputs[0]
	assert.Equal(t, 3, got.Assigned)
	assert.EqualValues(t, 45, got.Lag)
	assert.Equal(t, []live.Behind{{Topic: "t", Partition: 0, Lag: 40}, {Topic: "t", Partition: 1, Lag: 5}}, got.Behind, "of the third there is nothing")
	assert.Positive(t, got.Held)
	_, err := r.next(t.Context())
	require.NoError(t, err)
	s = live.State{}
	in.Show(&s)
	assert.Equal(t, 1, s.Inputs[0].Batches)
}
