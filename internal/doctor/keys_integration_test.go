//go:build integration

package doctor

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
	"github.com/s3-destination/s3-destination/internal/testutil/minio"
)

func TestIntegrationKeysOfARealServer(t *testing.T) {
	keys := minio.StartKeyService(t, "orders-key", "disabled-key")
	keys.Disable("disabled-key")
	server := minio.Start(t, keys)
	cases := map[string]struct {
		config encryption.Config
		check  string
		result Result
		class  store.Class
		detail string
	}{
		"sse-s3":       {encryption.Config{Mode: encryption.ModeSSES3}, "encryption", Works, "", "the server reports AES256"},
		"default key":  {encryption.Config{Mode: encryption.ModeSSEKMS}, "encryption", Works, "", "aws:kms with key arn:aws:kms:" + minio.DefaultKey},
		"named key":    {encryption.Config{Mode: encryption.ModeSSEKMSCMK, KMSKey: "orders-key"}, "encryption", Works, "", "aws:kms with key arn:aws:kms:orders-key"},
		"none":         {encryption.Config{Mode: encryption.ModeNone}, "encryption", Unknown, "", "may be stored in the clear"},
		"unknown key":  {encryption.Config{Mode: encryption.ModeSSEKMSCMK, KMSKey: "nobodys-key"}, "write", Fails, store.ClassKMS, "there is no such key"},
		"disabled key": {encryption.Config{Mode: encryption.ModeSSEKMSCMK, KMSKey: "disabled-key"}, "write", Fails, store.ClassKMS, "check encryption.kms_key"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := Run(t.Context(), Config{
				Probe: probe,
				Store: store.Config{
					Bucket: server.Bucket, Endpoint: server.URL, ForcePathStyle: true, Region: minio.Region,
					Auth:       auth.Config{Mode: auth.ModeAccessKey, AccessKeyID: server.AccessKey, SecretAccessKey: server.SecretKey},
					Encryption: c.config,
				},
			})
			rows := map[string]Row{}
			for _, row := range r.Rows {
				rows[row.Check] = row
				assert.Empty(t, row.Fixes, "no policy is at fault: %s", row.Check)
			}
			assert.Equal(t, c.result != Fails, r.OK())
			assert.Equal(t, c.result, rows[c.check].Result, rows[c.check].Detail)
			assert.Equal(t, c.class, rows[c.check].Class)
			assert.Contains(t, rows[c.check].Detail, c.detail)
			var table strings.Builder
			require.NoError(t, r.Write(&table))
			assert.NotContains(t, table.String(), "add to")
			assert.NotContains(t, table.String(), server.SecretKey)
		})
	}
}
