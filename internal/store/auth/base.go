package auth

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
)

// Reload loads the AWS configuration anew and returns its credentials, which
// may come from other files, or other contents of them, than the last time.
type Reload func(ctx context.Context) (aws.CredentialsProvider, error)

// checkFilesEvery is how often the files that hold credentials are looked at.
const checkFilesEvery = 5 * time.Second

// base is the source of the credentials that everything starts from. The SDK
// reads static keys of a shared file once in a process' life; base reads them
// again when the file has changed, or when they have been refused.
type base struct {
	reload Reload
	files  []string

	mu       sync.Mutex
	provider aws.CredentialsProvider
	seen     []fileStamp // of files, when they were loaded
	checked  time.Time
}

// fileStamp tells one version of a file from the next.
type fileStamp struct {
	size     int64
	modified time.Time
}

// newBase wraps what the SDK resolved. reload may be nil.
func newBase(provider aws.CredentialsProvider, reload Reload) *base {
	if provider == nil {
		provider = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{}, errors.New("no credentials are configured")
		})
	}
	b := &base{provider: provider, reload: reload}
	if reload != nil {
		b.files = sharedFiles()
	}
	b.seen = stamps(b.files)
	return b
}

// fetch gets credentials for a [session].
func (b *base) fetch(ctx context.Context, force bool) (aws.Credentials, error) {
	provider, err := b.renewed(ctx, force)
	if err != nil {
		return aws.Credentials{}, newBaseError(err)
	}
	creds, err := provider.Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, newBaseError(err)
	}
	return creds, nil
}

// renewed returns the provider to ask. With force, one that holds nothing from
// the last time.
func (b *base) renewed(ctx context.Context, force bool) (aws.CredentialsProvider, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !force {
		return b.provider, nil
	}
	cache, cached := b.provider.(*aws.CredentialsCache)
	if cached && cache.IsCredentialsProvider((*ec2rolecreds.Provider)(nil)) {
		// The instance role's provider renews early by itself, and outlives an
		// outage of the metadata service by what it has cached.
		return b.provider, nil
	}
	if b.reload == nil {
		if cached {
			cache.Invalidate()
		}
		return b.provider, nil
	}
	now := stamps(b.files) // before loading: a change in between is seen again
	provider, err := b.reload(ctx)
	if err != nil {
		return nil, err
	}
	if provider != nil {
		b.provider, b.seen = provider, now
	}
	return b.provider, nil
}

// stale reports whether a file has changed since it was loaded. It looks at
// most once in [checkFilesEvery].
func (b *base) stale() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.files) == 0 || time.Since(b.checked) < checkFilesEvery {
		return false
	}
	b.checked = time.Now()
	for i, s := range stamps(b.files) {
		if s != b.seen[i] {
			return true
		}
	}
	return false
}

// sharedFiles are the files that the SDK reads:
// https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html
func sharedFiles() []string {
	var files []string
	home, _ := os.UserHomeDir()
	for variable, name := range map[string]string{
		"AWS_SHARED_CREDENTIALS_FILE": "credentials",
		"AWS_CONFIG_FILE":             "config",
	} {
		switch path := os.Getenv(variable); {
		case path != "":
			files = append(files, path)
		case home != "":
			files = append(files, filepath.Join(home, ".aws", name))
		}
	}
	return files
}

// stamps of missing files are zero.
func stamps(files []string) []fileStamp {
	all := make([]fileStamp, len(files))
	for i, name := range files {
		if info, err := os.Stat(name); err == nil {
			all[i] = fileStamp{info.Size(), info.ModTime()}
		}
	}
	return all
}
