package auth

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestValidate(t *testing.T) {
	const secret = "hunter2hunter2"
	cases := map[string]struct {
		config Config
		want   string
	}{
		"zero":             {Config{}, ""},
		"default":          {Config{Mode: ModeDefault}, ""},
		"default with key": {Config{AccessKeyID: "a", SecretAccessKey: secret}, "has no effect"},
		"access key":       {Config{Mode: ModeAccessKey, AccessKeyID: "a", SecretAccessKey: secret}, ""},
		"bucket policy":    {Config{Mode: ModeBucketPolicy, AccessKeyID: "a", SecretAccessKey: secret, SessionToken: "t"}, ""},
		"no key":           {Config{Mode: ModeAccessKey}, "needs keys: write auth.access_key_id"},
		"half a key":       {Config{Mode: ModeAccessKey, SecretAccessKey: secret}, "only valid together"},
		"token alone":      {Config{SessionToken: secret}, "auth.session_token: it belongs to temporary keys: write"},
		"unknown":          {Config{Mode: "magic"}, `auth.mode: "magic" is unknown`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			err := c.config.Validate()
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
			assert.NotContains(t, err.Error(), secret)
		})
	}
}

func TestOneExpiryIsOneRefresh(t *testing.T) {
	var calls atomic.Int32
	p := NewProvider(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		calls.Add(1)
		return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "s"}, nil
	}))
	began := time.Now()
	for range 3 {
		_, err := p.Retrieve(t.Context())
		require.NoError(t, err)
	}
	assert.Equal(t, int32(1), calls.Load())
	for range 3 { // three requests that began together are refused
		p.Invalidate(began)
		_, err := p.Retrieve(t.Context())
		require.NoError(t, err)
	}
	assert.Equal(t, int32(2), calls.Load())
	time.Sleep(time.Millisecond) // the clock has to move on
	p.Invalidate(time.Now())
	_, err := p.Retrieve(t.Context())
	require.NoError(t, err)
	assert.Equal(t, int32(3), calls.Load())
}

func TestRetrieveErrorsAreRecognisable(t *testing.T) {
	cause := errors.New("metadata service is silent")
	p := NewProvider(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{}, cause
	}))
	_, err := p.Retrieve(t.Context())
	var retrieve *RetrieveError
	require.ErrorAs(t, err, &retrieve)
	require.ErrorIs(t, err, cause)
	_, err = NewProvider(nil).Retrieve(t.Context())
	require.ErrorContains(t, err, "no credentials are configured")
}
