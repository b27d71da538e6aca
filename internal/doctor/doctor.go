// Package doctor tries everything that the output does with a destination, and
// some things that it could do, and says what works, what does not, whether
// that matters, and which statement of which policy would change it.
package doctor

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/s3-destination/s3-destination/internal/health"
	"github.com/s3-destination/s3-destination/internal/policy"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/store/auth"
)

// stepTimeout bounds each check.
const stepTimeout = 20 * time.Second

// Config is what is checked.
type Config struct {
	// Store is the configuration of the output's store. Its retries are
	// replaced by a few quick ones.
	Store store.Config
	// Probe is the health check of the output, whose key the checks use.
	Probe health.ProbeConfig
	// Columns are kept in the bucket.
	Columns bool
	// Policy adds what the statements of the report need and Store does not
	// say, such as source addresses. The rest is filled in.
	Policy policy.Config
	Spool  Spool
	// Delivery says that records are stored exactly once, in words; empty where
	// that is not asked for.
	Delivery string
}

// doctor is one examination.
type doctor struct {
	cfg    Config
	store  *store.Store
	prober *health.Prober
	report *Report
	policy policy.Config
	heard  hearsay
	// leftover: the object of the health check cannot be deleted.
	leftover bool
	// foreign: what answers does not speak S3.
	foreign bool
}

// Run makes all checks and reports. It needs nothing but the right to write,
// and leaves nothing behind unless deleting is refused. It ends early with ctx.
func Run(ctx context.Context, cfg Config) *Report {
	cfg.Store.Retry = store.RetryConfig{MaxRetries: 2, InitialInterval: 200 * time.Millisecond, MaxInterval: time.Second}
	cfg.Store.Auth.Label = cfg.Probe.Label
	d := &doctor{cfg: cfg, report: &Report{Bucket: cfg.Store.Bucket, Prefix: cfg.Probe.Prefix}}
	cfg.Store.HTTP.Tap = d.heard.listen
	cfg.Store.TolerateEncryption = true // to report it beside the other checks
	var err error
	if d.store, err = store.New(ctx, cfg.Store); err != nil {
		d.report.broken = true
		d.report.add(Row{Check: "configuration", Result: Fails, Matters: Required, Detail: err.Error()})
		return d.report
	}
	defer d.store.Close()
	d.spool()
	d.prober = health.NewProber(d.store, cfg.Probe)
	d.policy = d.policyConfig()

	known := d.credentials(ctx)
	reached := known && d.write(ctx)
	d.server(reached)
	d.rights(ctx, reached)
	if cfg.Delivery != "" {
		d.report.add(Row{Check: "delivery", Result: Works, Matters: Required, Detail: cfg.Delivery})
	}
	return d.report
}

// policyConfig is what the statements to add are written for.
func (d *doctor) policyConfig() policy.Config {
	c := d.cfg.Policy.WithStore(d.cfg.Store)
	c.Prefix, c.Region, c.Foreign = d.cfg.Probe.Prefix, d.store.Region(), d.store.Foreign()
	return c
}

// fixes are the statements for a failed operation; none when it is not a right
// that is missing, such as with a disabled key.
func (d *doctor) fixes(op store.Op, err error) []Fix {
	if !store.MissingRight(err) {
		return nil
	}
	var all []Fix
	for _, f := range policy.Fixes(d.policy, op, store.ClassOf(err)) {
		all = append(all, Fix(f))
	}
	return all
}

// hearsay remembers what the server says beside its answers. It is safe for
// concurrent use.
type hearsay struct {
	mu sync.Mutex
	// answers counts the answers, whatever they were.
	answers int
	// skew is how far the server's clock is ahead of ours, once dated.
	skew  time.Duration
	dated bool
	// server and region are the headers Server and X-Amz-Bucket-Region.
	server, region string
	// written are the headers of the last object that was put in one request.
	written http.Header
}

func (h *hearsay) listen(resp *http.Response) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answers++
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		h.skew, h.dated = time.Until(at), true
	}
	h.server = resp.Header.Get("Server")
	if region := resp.Header.Get("X-Amz-Bucket-Region"); region != "" {
		h.region = region
	}
	if r := resp.Request; r != nil && r.Method == http.MethodPut && !r.URL.Query().Has("partNumber") && resp.StatusCode == http.StatusOK {
		h.written = resp.Header.Clone()
	}
}

// step runs one check under its own time limit.
func step(ctx context.Context, fn func(ctx context.Context) error) error {
	return bounded(ctx, stepTimeout, fn)
}

func bounded(ctx context.Context, limit time.Duration, fn func(ctx context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return store.OutOfTime(ctx, fn(limited))
}

// principal is how a policy names an identity: a session by its account, since
// its ARN does not tell the path of its role.
func principal(id auth.Identity) string {
	switch {
	case id.RoleARN != "":
		return id.RoleARN
	case id.Account != "" && isSession(id.ARN):
		return id.Account
	}
	return id.ARN
}
