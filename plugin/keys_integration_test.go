//go:build integration

package plugin_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/policy"
	"github.com/s3-destination/s3-destination/internal/testutil/minio"
	"github.com/s3-destination/s3-destination/internal/testutil/versitygw"
)

func ofMinio(s *minio.Server) access {
	return access{s.URL, minio.Region, s.Bucket, "access_key", s.AccessKey, s.SecretKey}
}

const ordersKey = "encryption: {mode: sse-kms-cmk, kms_key: orders-key}\n"

// TestIntegrationKeyTakenAwayDuringARun: the key of a real server is disabled,
// or its key service does not answer, while records are on their way.
func TestIntegrationKeyTakenAwayDuringARun(t *testing.T) {
	for name, c := range map[string]struct{ take, give func(*minio.KeyService) }{
		"disabled":    {func(k *minio.KeyService) { k.Disable("orders-key") }, func(k *minio.KeyService) { k.Enable("orders-key") }},
		"unreachable": {func(k *minio.KeyService) { k.Silence(true) }, func(k *minio.KeyService) { k.Silence(false) }},
	} {
		t.Run(name, func(t *testing.T) {
			keys := minio.StartKeyService(t, "orders-key")
			server := minio.Start(t, keys)
			s := start(t, slowly(3000), ofMinio(server).conf(ordersKey+quick))
			require.Eventually(t, func() bool { return len(objects(t, server.Client(), "in/teams/f")) > 1 }, patience, 50*time.Millisecond)
			c.take(keys)
			s.says(t, "does not accept data (kms)")
			time.Sleep(time.Second)
			c.give(keys)
			s.ends(t)
			requireOnceEach(t, countAll(t, server.Client(), "json"), 3000)
			assert.NotContains(t, s.logs.String(), server.SecretKey)
			for key := range objects(t, server.Client(), "in/teams/f") {
				out, err := server.Client().HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(server.Bucket), Key: aws.String(key)})
				require.NoError(t, err)
				assert.Equal(t, types.ServerSideEncryptionAwsKms, out.ServerSideEncryption)
				assert.Equal(t, "arn:aws:kms:orders-key", aws.ToString(out.SSEKMSKeyId))
			}
		})
	}
}

func TestIntegrationUnknownKeyIsExplained(t *testing.T) {
	server := minio.Start(t, minio.StartKeyService(t))
	s := start(t, slowly(10), ofMinio(server).conf(ordersKey+quick))
	s.says(t, "checking the destination")
	s.says(t, "kms: kms:KeyNotFound")
	s.says(t, "correct encryption.kms_key")
	assert.Empty(t, objects(t, server.Client(), "in/"))
}

// With on_mismatch: warn the objects stay, and a warning says that they are not
// what was asked for.
func TestIntegrationOnMismatchWarn(t *testing.T) {
	e := versitygw.StartEnforcing(t)
	e.Grant(t, rights(t, policy.Recommended).JSON())
	logs := run(t, generate(1000, numbered, 50), ofUser(e).conf("encryption: {mode: sse-kms, on_mismatch: warn}\nfile_format: json\n"))
	assert.Equal(t, 1, strings.Count(logs, "asked for aws:kms, and the server reports no encryption"), logs)
	requireOnceEach(t, countAll(t, e.Client(), "json"), 1000)
}
