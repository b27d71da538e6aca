package output

import (
	"fmt"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// The test of a connection probes as the health check does, also where that is
// switched off, and leaves nothing behind.
func TestAConnectionTestProbes(t *testing.T) {
	for _, enabled := range []bool{true, false} {
		t.Run(fmt.Sprintf("health check %v", enabled), func(t *testing.T) {
			s := s3test.StartT(t, s3test.Config{})
			parsed, err := config.Spec().ParseYAML(fmt.Sprintf(`
bucket: %s
region: us-east-1
endpoint: %s
force_path_style_urls: true
auth: {mode: access_key, access_key_id: %s, secret_access_key: %q}
folder: in/place
file_format: json
health_check: {enabled: %v}
`, s.Bucket, s.URL, s.AccessKey, s.SecretKey, enabled), nil)
			require.NoError(t, err)
			conf, err := config.Parse(parsed)
			require.NoError(t, err)
			o, err := New(t.Context(), conf, service.MockResources())
			require.NoError(t, err)
			defer func() { require.NoError(t, o.Close(t.Context())) }()

			results := o.ConnectionTest(t.Context())
			require.Len(t, results, 1)
			require.NoError(t, results[0].Err)
			assert.NotZero(t, s.Count("PutObject"))
			for _, r := range s.Requests("PutObject") {
				assert.Contains(t, r.Key, "in/place/_s3_destination_probe")
			}
			assert.Empty(t, s.Keys(""))

			s.Faults.Deny("PutObject")
			results = o.ConnectionTest(t.Context())
			require.Len(t, results, 1)
			assert.ErrorContains(t, results[0].Err, "checking the destination: uploading s3://"+s.Bucket+"/in/place/_s3_destination_probe: denied")
		})
	}
}
