package auth

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var errSourceDown = errors.New("the source is down")

// lasting gives credentials that last as long as it says once, and fails then.
func lasting(d time.Duration) *session {
	first := true
	return &session{fetch: func(context.Context, bool) (aws.Credentials, error) {
		if !first {
			return aws.Credentials{}, errSourceDown
		}
		first = false
		return aws.Credentials{AccessKeyID: "AKIA", CanExpire: true, Expires: time.Now().Add(d)}, nil
	}}
}

// A request needs time to arrive, and clocks differ: credentials that are about
// to end would be refused on the way.
func TestCredentialsAreNotUsedToTheirLastMoment(t *testing.T) {
	for _, c := range []struct{ lasts, margin time.Duration }{
		{time.Hour, lateMargin},
		{time.Minute, time.Minute / 10}, // short ones keep most of their time
	} {
		synctest.Test(t, func(t *testing.T) {
			s := lasting(c.lasts)
			_, err := s.Retrieve(t.Context())
			require.NoError(t, err)
			time.Sleep(c.lasts - c.margin - time.Second)
			creds, err := s.Retrieve(t.Context())
			require.NoError(t, err, "a source that is down costs nothing while there is time")
			assert.Equal(t, "AKIA", creds.AccessKeyID)
			time.Sleep(2 * time.Second)
			_, err = s.Retrieve(t.Context())
			require.ErrorIs(t, err, errSourceDown)
		})
	}
}

// Whoever fetches for everybody may be cancelled, which is no answer of the
// source.
func TestAFetchThatIsGivenUpFailsNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &session{fetch: func(ctx context.Context, _ bool) (aws.Credentials, error) {
			select {
			case <-time.After(5 * time.Second):
				return aws.Credentials{AccessKeyID: "AKIA"}, nil
			case <-ctx.Done():
				return aws.Credentials{}, ctx.Err()
			}
		}}
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		led := make(chan error, 1)
		go func() { _, err := s.Retrieve(impatient); led <- err }()
		synctest.Wait()
		creds, err := s.Retrieve(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "AKIA", creds.AccessKeyID)
		require.ErrorIs(t, <-led, context.DeadlineExceeded)
	})
}

// One expiry is refused to every request that is on its way, and must become
// one refresh.
func TestCredentialsThatAreNewerThanTheRefusalStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fetched := 0
		s := &session{fetch: func(context.Context, bool) (aws.Credentials, error) {
			fetched++
			return aws.Credentials{AccessKeyID: "AKIA"}, nil
		}}
		for range 3 {
			_, err := s.Retrieve(t.Context())
			require.NoError(t, err)
			began := time.Now()
			time.Sleep(time.Second)
			for range 16 {
				s.drop(began)
				time.Sleep(time.Millisecond)
				_, err := s.Retrieve(t.Context())
				require.NoError(t, err)
			}
		}
		assert.Equal(t, 1+3, fetched)
	})
}
