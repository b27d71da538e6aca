//go:build integration

package kafkatest_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
)

func TestIntegrationApacheCompacts(t *testing.T) { compact(t, kafkatest.StartApacheT(t)) }

func TestIntegrationApacheKeepsRecordsAndOffsetsAcrossAKill(t *testing.T) {
	c := kafkatest.StartApacheT(t)
	exercise(t, c)
	c.Kill()
	require.NoError(t, c.Restart(t.Context()))
	ends, err := c.Ends(t.Context(), "events")
	require.NoError(t, err)
	assert.Equal(t, map[int32]int64{0: 4, 1: 3, 2: 3, 3: 0, 4: 0}, ends)
}

func TestIntegrationApacheIsReachedByADetour(t *testing.T) {
	cfg, proxy := detour(t)
	c, err := cfg.StartApache(t.Context())
	if errors.Is(err, kafkatest.ErrUnavailable) {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(c.Close)
	checkDetour(t, c, proxy())
}
