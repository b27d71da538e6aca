package encryption

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestValidate(t *testing.T) {
	cases := map[string]struct {
		config Config
		want   string
	}{
		"zero is sse-s3":         {Config{}, ""},
		"none":                   {Config{Mode: ModeNone}, ""},
		"sse-s3":                 {Config{Mode: ModeSSES3}, ""},
		"sse-kms":                {Config{Mode: ModeSSEKMS}, ""},
		"customer's key":         {Config{Mode: ModeSSEKMSCMK, KMSKey: "k", BucketKey: aws.Bool(true), Context: map[string]string{"a": "b"}}, ""},
		"customer's without key": {Config{Mode: ModeSSEKMSCMK}, "encryption.kms_key: it is missing"},
		"key with sse-s3":        {Config{Mode: ModeSSES3, KMSKey: "k"}, "has no effect"},
		"key with default":       {Config{KMSKey: "k"}, `"sse-s3"`},
		"bucket key with none":   {Config{Mode: ModeNone, BucketKey: aws.Bool(true)}, "knows neither"},
		"no bucket key, none":    {Config{Mode: ModeNone, BucketKey: aws.Bool(false)}, ""},
		"context with sse-s3":    {Config{Mode: ModeSSES3, Context: map[string]string{"a": "b"}}, "knows neither"},
		"unknown":                {Config{Mode: "rot13"}, "is unknown: write one of"},
		"twice":                  {Config{Mode: ModeSSEKMSDSSE}, ""},
		"twice with a key":       {Config{Mode: ModeSSEKMSDSSE, KMSKey: "k", Context: map[string]string{"a": "b"}}, ""},
		"twice with a bucket key": {
			Config{Mode: ModeSSEKMSDSSE, BucketKey: aws.Bool(true)}, "knows no bucket keys: remove it",
		},
		"every key":           {Config{Mode: ModeSSEKMSCMK, KMSKey: "*"}, `encryption.kms_key: "*" names no key`},
		"every alias":         {Config{Mode: ModeSSEKMS, KMSKey: "alias/*"}, "without wildcards"},
		"every key of a kind": {Config{Mode: ModeSSEKMSDSSE, KMSKey: "mrk-?"}, "names no key"},
		"a variable":          {Config{Mode: ModeSSEKMSCMK, KMSKey: "${aws:username}"}, "names no key"},
		"a blank":             {Config{Mode: ModeSSEKMSCMK, KMSKey: "k "}, "names no key"},
		"a key of MinIO":      {Config{Mode: ModeSSEKMSCMK, KMSKey: "my-key_1"}, ""},
		"an alias":            {Config{Mode: ModeSSEKMSCMK, KMSKey: "alias/land/ing_1"}, ""},
		"a key of several regions": {
			Config{Mode: ModeSSEKMSCMK, KMSKey: "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-0f"}, "",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c.want == "" {
				require.NoError(t, c.config.Validate())
				return
			}
			require.ErrorContains(t, c.config.Validate(), c.want)
		})
	}
}

func TestParams(t *testing.T) {
	p, err := Config{}.Params()
	require.NoError(t, err)
	assert.Equal(t, Params{Algorithm: types.ServerSideEncryptionAes256}, p)
	p, err = Config{Mode: ModeNone}.Params()
	require.NoError(t, err)
	assert.Equal(t, Params{}, p)
	p, err = Config{Mode: ModeSSEKMSDSSE, KMSKey: "k"}.Params()
	require.NoError(t, err)
	assert.Equal(t, Params{Algorithm: types.ServerSideEncryptionAwsKmsDsse, KMSKeyID: aws.String("k")}, p)
	p, err = Config{Mode: ModeSSEKMS, Context: map[string]string{"b": "2", "a": "1"}}.Params()
	require.NoError(t, err)
	assert.Equal(t, Params{Algorithm: types.ServerSideEncryptionAwsKms, Context: aws.String("eyJhIjoiMSIsImIiOiIyIn0=")}, p)
}
