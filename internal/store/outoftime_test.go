package store

import (
	"context"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a cut off attempt was lost on is told by the failure before it, and where
// there was none by the end itself.
func TestWhatTheTimeWasLostOn(t *testing.T) {
	api := func(code string) error { return &smithy.GenericAPIError{Code: code, Message: "m"} }
	for name, c := range map[string]struct {
		last, err    error
		class        Class
		text, advice string
	}{
		"throttled":             {api("SlowDown"), context.DeadlineExceeded, ClassThrottled, "last: SlowDown m", "spread keys over more prefixes"},
		"no credentials":        {api("ExpiredToken"), context.DeadlineExceeded, ClassCredentials, "last: ExpiredToken m", "check the access key"},
		"a key of KMS":          {api("KMS.InternalException"), context.DeadlineExceeded, ClassKMS, "last: KMS.InternalException m", "the key service itself fails"},
		"something that passes": {api("InternalError"), context.DeadlineExceeded, ClassNetwork, "last: InternalError m", ""},
		"a clock that was set":  {api("RequestTimeTooSkewed"), context.DeadlineExceeded, ClassNetwork, "last: RequestTimeTooSkewed m", adviceBroken},
		"no answer at all":      {nil, context.DeadlineExceeded, ClassNetwork, "no answer in the time allowed", adviceBroken},
		"an earlier end":        {nil, context.Canceled, ClassNetwork, "last: context canceled", adviceBroken},
	} {
		t.Run(name, func(t *testing.T) {
			var lost *Error
			cut := &Error{Op: OpPutObject, Bucket: "b", Key: "k", Class: ClassCanceled, Err: c.err, last: c.last, OutcomeUnknown: true, Attempts: 2}
			require.ErrorAs(t, OutOfTime(t.Context(), cut), &lost)
			assert.Equal(t, c.class, lost.Class)
			require.ErrorContains(t, lost, c.text)
			require.ErrorContains(t, lost, c.advice)
			assert.True(t, lost.OutcomeUnknown)
			assert.Equal(t, 2, lost.Attempts)
			assert.Equal(t, ClassCanceled, cut.Class, "the error that it was made of stays as it is")
		})
	}
	other := &Error{Class: ClassThrottled}
	assert.Same(t, error(other), OutOfTime(t.Context(), other))
}
