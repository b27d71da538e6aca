package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
	"github.com/s3-destination/s3-destination/internal/testutil/versitygw"
)

// shelf is where the checker reads what is stored, past all faults.
type shelf interface {
	keys(ctx context.Context, prefix string) ([]string, error)
	object(ctx context.Context, key string) (s3test.Object, error)
}

// inProcess is the shelf of the server in this process.
type inProcess struct{ *s3test.Server }

func (p inProcess) keys(_ context.Context, prefix string) ([]string, error) {
	return p.Keys(prefix), nil //nolint:contextcheck // reads memory
}

var errNoObject = errors.New("it is listed and cannot be read")

func (p inProcess) object(_ context.Context, key string) (s3test.Object, error) {
	o, ok := p.Object(key) //nolint:contextcheck // reads memory
	if !ok {
		return o, errNoObject
	}
	return o, nil
}

// remote is the shelf of a real server, read with the SDK.
type remote struct {
	client *s3.Client
	bucket string
}

func newRemote(g *versitygw.Server) *remote {
	return &remote{bucket: g.Bucket, client: s3.New(s3.Options{
		Region: versitygw.Region, BaseEndpoint: aws.String(g.URL), UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(g.AccessKey, g.SecretKey, ""),
		HTTPClient:  &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 10}},
	})}
}

func (r *remote) keys(ctx context.Context, prefix string) ([]string, error) {
	var keys []string
	pages := s3.NewListObjectsV2Paginator(r.client, &s3.ListObjectsV2Input{Bucket: &r.bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing %s: %w", prefix, err)
		}
		for _, o := range page.Contents {
			if key := aws.ToString(o.Key); !strings.HasSuffix(key, "/") { // a directory of the server
				keys = append(keys, key)
			}
		}
	}
	return keys, nil
}

func (r *remote) object(ctx context.Context, key string) (s3test.Object, error) {
	out, err := r.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &r.bucket, Key: &key})
	if err != nil {
		return s3test.Object{}, fmt.Errorf("reading %s: %w", key, err)
	}
	defer func() { _ = out.Body.Close() }()
	o := s3test.Object{Key: key, Metadata: map[string]string{}}
	for name, value := range out.Metadata {
		o.Metadata[strings.ToLower(name)] = value
	}
	if o.Body, err = io.ReadAll(out.Body); err != nil {
		return s3test.Object{}, fmt.Errorf("reading %s: %w", key, err)
	}
	return o, nil
}
