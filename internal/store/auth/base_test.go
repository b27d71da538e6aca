package auth

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// named is a provider whose credentials say where they are from.
func named(id string) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: id, SecretAccessKey: "secret"}, nil
	})
}

// The file changes, and nobody has refused the old key yet.
func TestAChangedFileIsNoticedWithoutARefusal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "credentials")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
	synctest.Test(t, func(t *testing.T) {
		current, broken := "first", error(nil)
		write := func(text string) {
			require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
			require.NoError(t, os.Chtimes(file, time.Now(), time.Now()))
		}
		write("first")
		reloads := 0
		p := New(Config{}, aws.Config{Credentials: named(current)}, func(context.Context) (aws.CredentialsProvider, error) {
			reloads++
			return named(current), broken
		})
		key := func() string {
			creds, err := p.Retrieve(t.Context())
			require.NoError(t, err)
			return creds.AccessKeyID
		}
		assert.Equal(t, "first", key())
		time.Sleep(time.Hour)
		assert.Equal(t, "first", key())
		assert.Equal(t, 0, reloads, "the file is as it was")

		broken = errors.New("half a file")
		write("sec")
		time.Sleep(2 * checkFilesEvery)
		assert.Equal(t, "first", key(), "what is half written does no harm")
		current, broken = "second", nil
		write("second")
		time.Sleep(2 * checkFilesEvery)
		assert.Equal(t, "second", key())
		time.Sleep(time.Hour)
		assert.Equal(t, "second", key())
		assert.Equal(t, 2, reloads)
	})
}

func TestRenewalIsEarlyAndShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fetches := 0
		p := NewProvider(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			fetches++
			time.Sleep(time.Second) // STS takes its time
			return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "s", CanExpire: true, Expires: time.Now().Add(time.Hour)}, nil
		}))
		_, err := p.Retrieve(t.Context())
		require.NoError(t, err)
		time.Sleep(54 * time.Minute)
		_, err = p.Retrieve(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 1, fetches)
		time.Sleep(5 * time.Minute) // past the whole window
		began := time.Now()
		waited := make(chan time.Duration, 10)
		for range cap(waited) {
			go func() {
				_, err := p.Retrieve(t.Context())
				assert.NoError(t, err)
				waited <- time.Since(began)
			}()
		}
		slow := 0
		for range cap(waited) {
			if <-waited > 0 {
				slow++
			}
		}
		assert.Equal(t, 1, slow, "one renews, the others go on")
		assert.Equal(t, 2, fetches)
	})
}
