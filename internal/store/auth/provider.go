package auth

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Provider gives credentials that are fresh, and lets a caller that saw them
// refused throw them away. It is safe for concurrent use: however many ask at
// the same time, the source is asked once.
type Provider struct {
	cfg   aws.Config
	asked Config
	// sessions are the base credentials and those of every hop, in order.
	sessions []*session
	hops     []*hop
}

// New returns the provider of c. cfg gives the base credentials (what the SDK
// resolved for c.Base()), the region of STS and the HTTP client; reload, which
// may be nil, resolves the base credentials again when their files change or
// when they are refused. No request is made before the first Retrieve.
func New(c Config, cfg aws.Config, reload Reload) *Provider {
	if c.AccessKeyID != "" {
		reload = nil // given in the configuration, not in a file
	}
	p := &Provider{cfg: cfg, asked: c}
	b := newBase(cfg.Credentials, reload)
	p.sessions = []*session{{fetch: b.fetch, stale: b.stale}}
	hops := c.Hops()
	for i, h := range hops {
		parent := p.sessions[i]
		link := &hop{
			Hop: h, number: i + 1, of: len(hops), parent: parent,
			renewable: i > 0 || c.AccessKeyID == "",
			client:    newSTS(cfg, parent, h.STSEndpoint, h.Region),
		}
		p.hops = append(p.hops, link)
		p.sessions = append(p.sessions, &session{fetch: link.fetch})
	}
	return p
}

// NewProvider wraps src, the provider that a configuration without roles
// resolved to. A nil src fails every retrieval.
func NewProvider(src aws.CredentialsProvider) *Provider {
	return New(Config{}, aws.Config{Credentials: src}, nil)
}

func (p *Provider) last() *session { return p.sessions[len(p.sessions)-1] }

// Retrieve implements [aws.CredentialsProvider]. Its errors are
// [*RetrieveError].
func (p *Provider) Retrieve(ctx context.Context) (aws.Credentials, error) {
	creds, err := p.last().Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, &RetrieveError{Err: err}
	}
	return creds, nil
}

// Invalidate drops the cached credentials because a request that began at since
// was told that they are no longer good. It does nothing when they have been
// dropped after that moment: with many requests in flight, one expiry must not
// become as many refreshes. Roles before the last one are renewed only if STS
// finds their credentials outdated as well.
func (p *Provider) Invalidate(since time.Time) { p.last().drop(since) }
