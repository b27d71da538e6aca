package store

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
)

// withSessions lets the errors of CreateSession through, which a directory
// bucket is asked for before everything else. The SDK keeps their text alone, so
// that nothing could tell a missing right from a store that is away for a
// moment.
func withSessions(client *s3.Client) *s3.Client {
	o := client.Options()
	o.ExpressCredentials = sessions{o.ExpressCredentials}
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("SessionError", returnSessionError), middleware.Before)
	})
	return s3.New(o)
}

// sessions begins sessions, and leaves the error in the context of the request.
type sessions struct{ next s3.ExpressCredentialsProvider }

// Retrieve implements [s3.ExpressCredentialsProvider].
func (s sessions) Retrieve(ctx context.Context, bucket string) (aws.Credentials, error) {
	creds, err := s.next.Retrieve(ctx, bucket)
	if failed, ok := ctx.Value(sessionError{}).(*error); ok {
		*failed = err
	}
	return creds, err //nolint:wrapcheck // a transparent wrapper
}

// sessionError is the key of the context under which the error of a session is
// left.
type sessionError struct{}

func returnSessionError(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	middleware.InitializeOutput, middleware.Metadata, error,
) {
	var failed error
	out, metadata, err := next.HandleInitialize(context.WithValue(ctx, sessionError{}, &failed), in)
	if err != nil && failed != nil {
		err = fmt.Errorf("beginning a session: %w", failed)
	}
	return out, metadata, err
}
