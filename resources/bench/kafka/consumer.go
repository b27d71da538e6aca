package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/ports"
	"github.com/s3-destination/s3-destination/resources/bench/internal/child"
	"github.com/s3-destination/s3-destination/resources/bench/internal/works"
)

// consumer is a running pipeline.
type consumer struct {
	*child.Service
	http string
}

// start runs a binary on a configuration.
func (b *bench) start(binary string, config func(works.KafkaRun) string, run works.KafkaRun, procs int) (*consumer, error) {
	c := &consumer{}
	if b.profile != "" {
		var err error
		if run.HTTP, err = ports.Address(context.Background()); err != nil {
			return nil, err
		}
		c.http = run.HTTP
	}
	run.Endpoint = b.server.URL
	var env []string
	if binary == b.ours || binary == b.before || binary == b.against {
		run.CA = b.server.CA
	} else if b.server.CA != "" {
		env = append(env, "AWS_CA_BUNDLE="+b.server.CA)
	}
	path := filepath.Join(b.dir, "kafka.yaml")
	if err := os.WriteFile(path, []byte(config(run)), 0o600); err != nil {
		return nil, err
	}
	var err error
	c.Service, err = child.Start(procs, env, binary, "run", path)
	return c, err
}

// wait returns after a while, or with an error when the process has ended by itself.
func (c *consumer) wait(ctx context.Context, d time.Duration) error {
	select {
	case <-c.Done():
		return fmt.Errorf("the process ended: %s\n%s", c.State(), c.Tail(10))
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// profileLength is longer than a run on an idle machine.
const profileLength = 30 * time.Second

// saveProfile writes a CPU profile of the process to a file, in the background.
func (c *consumer) saveProfile(ctx context.Context, path string) <-chan error {
	done := make(chan error, 1)
	go func() {
		done <- func() error {
			text, err := child.Get(ctx, fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", c.http, int(profileLength.Seconds())))
			if err != nil {
				return err
			}
			return os.WriteFile(path, text, 0o600)
		}()
	}()
	return done
}
