package policy

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/s3-destination/s3-destination/internal/store/auth"
)

// Flavour is how much the writer is granted.
type Flavour string

const (
	// Minimum is s3:PutObject: all that the program needs.
	Minimum Flavour = "minimum"
	// Recommended adds s3:DeleteObject, which removes the object of the health
	// check.
	Recommended Flavour = "recommended"
	// Full adds what makes some things better: continuing after the highest
	// number (list), recognising an own object after a lost answer (get),
	// removing the parts of a failed upload (abort).
	Full Flavour = "full"
)

// Flavours are all flavours, the smallest first.
func Flavours() []Flavour { return []Flavour{Minimum, Recommended, Full} }

// Kind is what a policy is attached to.
type Kind string

const (
	// KindRole is the policy of the identity that writes, role or user.
	KindRole Kind = "role"
	// KindTrust is the trust policy of the role.
	KindTrust Kind = "trust"
	// KindBucket is the policy of the bucket, for a writer of another account.
	KindBucket Kind = "bucket"
	// KindKMS is the policy of the encryption key.
	KindKMS Kind = "kms"
)

// Kinds are all kinds.
func Kinds() []Kind { return []Kind{KindRole, KindTrust, KindBucket, KindKMS} }

// Render writes the policy of a kind. The flavour matters to [KindRole] and
// [KindBucket]; empty means [Recommended].
func Render(c Config, k Kind, f Flavour) (Document, error) {
	if err := c.validate(); err != nil {
		return Document{}, err
	}
	switch f {
	case "":
		f = Recommended
	case Minimum, Recommended, Full:
	default:
		return Document{}, fmt.Errorf("unknown flavour %q: use minimum, recommended or full", f)
	}
	switch k {
	case KindRole:
		return document(c.grants(f)...), nil
	case KindTrust:
		return c.trustPolicy()
	case KindBucket:
		return c.bucketPolicy(f)
	case KindKMS:
		return c.keyPolicy()
	}
	return Document{}, fmt.Errorf("unknown kind %q: use role, trust, bucket or kms", k)
}

func document(s ...Statement) Document { return Document{Version: version, Statement: s} }

func (c Config) trustPolicy() (Document, error) {
	switch {
	case c.Mode != auth.ModeAssumeRole:
		return Document{}, fmt.Errorf("a trust policy belongs to a role: auth.mode is %q, not %s", c.Mode, auth.ModeAssumeRole)
	case len(c.Principals) == 0:
		return Document{}, errors.New("a trust policy needs to know who assumes the role: name the ARN or the account of the writer as principal")
	}
	return document(c.trust()), nil
}

func (c Config) bucketPolicy(f Flavour) (Document, error) {
	if len(c.Principals) == 0 {
		return Document{}, errors.New("a bucket policy needs to know whom it lets in: name the account or the ARN of the writer as principal")
	}
	if f == Full && !c.sessionsOnly() {
		return document(c.documentedBucket()...), nil
	}
	var granted []Statement
	for _, s := range c.grants(f) {
		if !strings.HasPrefix(s.Action[0], "kms:") { // keys have policies of their own
			s.Principal = &Principal{AWS: Values(c.Principals)}
			granted = append(granted, s)
		}
	}
	return document(granted...), nil
}

func (c Config) keyPolicy() (Document, error) {
	owner, known := c.keyAccount()
	switch {
	case !c.hasKey():
		return Document{}, fmt.Errorf("encryption.mode %q uses no key of yours, so that there is no key policy to write", c.Encryption)
	case !known:
		return Document{}, errors.New("a key policy needs the account of the key: give encryption.kms_key as an ARN")
	case len(c.Principals) == 0:
		return Document{}, errors.New("a key policy needs to know who uses the key: name the account or the ARN of the writer as principal")
	}
	return document(c.documentedKey(owner)...), nil
}

// Warnings say what of the policy may surprise those who attach it.
func (c Config) Warnings() []string {
	if len(c.SourceIPs) == 0 {
		return nil
	}
	all := []string{"requests from any other address get 403 AccessDenied, and so do those through a VPC endpoint, which have no public address: compare --source-ip with the address that the writer leaves with (NAT gateway or proxy), and run check from there before you rely on it"}
	for _, ip := range sortedCopy(c.SourceIPs) {
		if private(ip) {
			all = append(all, fmt.Sprintf("%s is private: S3 sees the public address that a request leaves with, so that this lets nobody in", ip))
		}
	}
	return all
}

// private reports whether an address, or all of a block, is none of the internet.
func private(ip string) bool {
	if block, err := netip.ParsePrefix(ip); err == nil {
		return block.Addr().IsPrivate() || block.Addr().IsLoopback() || block.Addr().IsLinkLocalUnicast()
	}
	a, err := netip.ParseAddr(ip)
	return err == nil && (a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast())
}
