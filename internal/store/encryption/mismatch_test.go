package encryption

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMismatch(t *testing.T) {
	const arn = "arn:aws:kms:eu-west-1:111122223333:key/k1"
	for name, tc := range map[string]struct {
		asked    Config
		reported types.ServerSideEncryption
		key      string
		want     string
	}{
		"as asked":                    {Config{Mode: ModeSSES3}, types.ServerSideEncryptionAes256, "", ""},
		"nothing was asked":           {Config{Mode: ModeNone}, types.ServerSideEncryptionAwsKms, arn, ""},
		"silently left out":           {Config{Mode: ModeSSES3}, "", "", "reports no encryption"},
		"another algorithm":           {Config{Mode: ModeSSEKMS}, types.ServerSideEncryptionAes256, "", "reports AES256"},
		"the key by its id":           {Config{Mode: ModeSSEKMSCMK, KMSKey: "k1"}, types.ServerSideEncryptionAwsKms, arn, ""},
		"the key by its ARN":          {Config{Mode: ModeSSEKMSCMK, KMSKey: arn}, types.ServerSideEncryptionAwsKms, arn, ""},
		"the key as MinIO has it":     {Config{Mode: ModeSSEKMSCMK, KMSKey: "k1"}, types.ServerSideEncryptionAwsKms, "arn:aws:kms:k1", ""},
		"another key of MinIO":        {Config{Mode: ModeSSEKMSCMK, KMSKey: "k2"}, types.ServerSideEncryptionAwsKms, "arn:aws:kms:k1", "asked for the KMS key k2"},
		"another key":                 {Config{Mode: ModeSSEKMSCMK, KMSKey: "k2"}, types.ServerSideEncryptionAwsKms, arn, "asked for the KMS key k2"},
		"an alias cannot be compared": {Config{Mode: ModeSSEKMSCMK, KMSKey: "alias/x"}, types.ServerSideEncryptionAwsKms, arn, ""},
		"twice":                       {Config{Mode: ModeSSEKMSDSSE, KMSKey: "k1"}, types.ServerSideEncryptionAwsKmsDsse, arn, ""},
		"once instead of twice":       {Config{Mode: ModeSSEKMSDSSE}, types.ServerSideEncryptionAwsKms, arn, "asked for aws:kms:dsse, and the server reports aws:kms"},
		"twice with another key":      {Config{Mode: ModeSSEKMSDSSE, KMSKey: "k2"}, types.ServerSideEncryptionAwsKmsDsse, arn, "asked for the KMS key k2"},
		"a key that is not reported":  {Config{Mode: ModeSSEKMSCMK, KMSKey: "k2"}, types.ServerSideEncryptionAwsKms, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := tc.asked.Params()
			require.NoError(t, err)
			got := p.Mismatch(tc.reported, tc.key)
			if tc.want == "" {
				assert.Empty(t, got)
			} else {
				assert.Contains(t, got, tc.want)
			}
		})
	}
}
