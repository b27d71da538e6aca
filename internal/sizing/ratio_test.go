package sizing_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/inspect"
	"github.com/s3-destination/s3-destination/internal/sizing"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
)

// TestRatiosAreMeasured encodes the sample records with the default settings
// of each format and compares with what the package claims.
func TestRatiosAreMeasured(t *testing.T) {
	long.Skip(t)
	clicks := encodetest.Clicks(encodetest.Sized(20_000, 4_000), 1)
	wide := encodetest.Wide(encodetest.Sized(6_000, 1_200), 1)
	// A tenth of the records compress differently.
	tolerance := float64(encodetest.Sized(10, 30)) / 100
	for _, claimed := range sizing.Ratios {
		t.Run(claimed.Format, func(t *testing.T) {
			t.Parallel()
			gotClicks, gotWide := measure(t, claimed.Format, clicks), measure(t, claimed.Format, wide)
			t.Logf("{%q, %.3f, %.3f},", claimed.Format, gotClicks, gotWide)
			assert.InEpsilon(t, claimed.Clicks, gotClicks, tolerance)
			assert.InEpsilon(t, claimed.Wide, gotWide, tolerance)
			ratio, known := sizing.DefaultRatio(claimed.Format)
			assert.True(t, known)
			assert.InDelta(t, (claimed.Clicks+claimed.Wide)/2, ratio, 1e-9)
		})
	}
}

func measure(t *testing.T, format string, docs [][]byte) float64 {
	t.Helper()
	found, err := inspect.Read(fmt.Sprintf("output: {s3_destination: {bucket: b, file_format: %s}}", format), "")
	require.NoError(t, err)
	s, err := found.Measure(bytes.NewReader(bytes.Join(docs, []byte("\n"))))
	require.NoError(t, err)
	require.Equal(t, len(docs), s.Rows)
	require.Zero(t, s.Refused)
	return s.Ratio
}
