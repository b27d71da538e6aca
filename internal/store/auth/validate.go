package auth

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// Validate reports a combination that cannot work. It never mentions a value
// of a secret or of an external id.
func (c Config) Validate() error {
	if (c.AccessKeyID == "") != (c.SecretAccessKey == "") {
		return errors.New("auth.access_key_id and auth.secret_access_key are only valid together")
	}
	if c.SessionToken != "" && c.AccessKeyID == "" {
		return errors.New("auth.session_token needs auth.access_key_id and auth.secret_access_key")
	}
	switch c.Mode {
	case "", ModeDefault:
		if c.AccessKeyID != "" {
			return fmt.Errorf("auth.access_key_id has no effect with auth.mode %q: use %q", ModeDefault, ModeAccessKey)
		}
		return c.refuseRoles(ModeDefault)
	case ModeAccessKey, ModeBucketPolicy:
		if c.AccessKeyID == "" {
			return fmt.Errorf("auth.mode %s needs auth.access_key_id and auth.secret_access_key", c.Mode)
		}
		return c.refuseRoles(c.Mode)
	case ModeAssumeRole:
		return c.validateRoles()
	default:
		return fmt.Errorf("unknown auth.mode %q: use one of %s, %s, %s, %s",
			c.Mode, ModeDefault, ModeAccessKey, ModeBucketPolicy, ModeAssumeRole)
	}
}

// refuseRoles reports a setting that only assume_role heeds, so that nobody
// believes a role to be in use when it is not.
func (c Config) refuseRoles(mode Mode) error {
	var field string
	switch {
	case c.RoleARN != "":
		field = "auth.role_arn"
	case len(c.Chain) > 0:
		field = "auth.role_chain"
	case c.ExternalID != "":
		return errors.New("auth.external_id needs auth.role_arn: it is sent when a role is assumed")
	case c.SessionName != "":
		field = "auth.session_name"
	case c.SessionDuration != 0:
		field = "auth.session_duration"
	case len(c.SessionTags) > 0:
		field = "auth.session_tags"
	default:
		return nil
	}
	return fmt.Errorf("%s has no effect with auth.mode %q: use %q", field, mode, ModeAssumeRole)
}

func (c Config) validateRoles() error {
	switch {
	case c.RoleARN != "" && len(c.Chain) > 0:
		return errors.New("auth.role_arn and auth.role_chain exclude each other: put every role into auth.role_chain, in the order in which they are assumed")
	case c.ExternalID != "" && len(c.Chain) > 0:
		return errors.New("auth.external_id belongs to auth.role_arn: with auth.role_chain, give it to the hop whose role demands it")
	case c.RoleARN == "" && c.ExternalID != "":
		return errors.New("auth.external_id needs auth.role_arn: it is sent when a role is assumed")
	case c.RoleARN == "" && len(c.Chain) == 0:
		return fmt.Errorf("auth.mode %s needs auth.role_arn or auth.role_chain", ModeAssumeRole)
	}
	partition := ""
	for i, h := range c.Hops() {
		where := "auth.role_arn"
		if len(c.Chain) > 0 {
			where = fmt.Sprintf("auth.role_chain, hop %d of %d", i+1, len(c.Chain))
		}
		// Credentials with a session token are temporary already, so that even
		// the first role is chained to another.
		chained := i > 0 || c.SessionToken != ""
		role, err := h.validate(chained)
		if err != nil {
			return fmt.Errorf("%s: %w", where, err)
		}
		if partition != "" && role.Partition != partition {
			return fmt.Errorf("%s: a role of partition %s cannot be assumed from one of partition %s", where, role.Partition, partition)
		}
		partition = role.Partition
	}
	return nil
}

func (h Hop) validate(chained bool) (arn.ARN, error) {
	role, err := parseRole(h.RoleARN)
	if err != nil {
		return role, err
	}
	if err := validateExternalID(h.ExternalID); err != nil {
		return role, err
	}
	if len(h.SessionName) < 2 || len(h.SessionName) > maxSessionName || strings.ContainsFunc(h.SessionName, func(r rune) bool { return !sessionNameRune(r) }) {
		return role, fmt.Errorf("session_name %q must have 2 to %d letters, digits or characters of _+=,.@-", h.SessionName, maxSessionName)
	}
	if err := validateDuration(h.SessionDuration, chained); err != nil {
		return role, err
	}
	if h.STSEndpoint != "" {
		if err := validateEndpoint(h.STSEndpoint); err != nil {
			return role, err
		}
	}
	return role, validateSessionTags(h.Tags)
}

// parseRole tells apart the ARNs that people paste instead of a role's.
func parseRole(text string) (arn.ARN, error) {
	if text == "" {
		return arn.ARN{}, errors.New("role_arn is missing")
	}
	role, err := arn.Parse(text)
	switch {
	case err != nil:
		return role, fmt.Errorf("%q is not an ARN: use arn:aws:iam::<account>:role/<name>", text)
	case role.Service == "sts":
		return role, fmt.Errorf("%q is the ARN of a session: use the role's own, arn:%s:iam::%s:role/<name>", text, role.Partition, role.AccountID)
	case role.Service != "iam" || !strings.HasPrefix(role.Resource, "role/") || role.Resource == "role/":
		return role, fmt.Errorf("%q is not the ARN of a role: use arn:aws:iam::<account>:role/<name>", text)
	case !strings.HasPrefix(role.Partition, "aws"):
		return role, fmt.Errorf("%q names the unknown partition %q", text, role.Partition)
	case len(role.AccountID) != 12 || strings.Trim(role.AccountID, "0123456789") != "":
		return role, fmt.Errorf("%q: an account id has 12 digits", text)
	case role.Region != "":
		return role, fmt.Errorf("%q: the ARN of a role names no region", text)
	case strings.ContainsFunc(role.Resource, func(r rune) bool { return !sessionNameRune(r) && r != '/' }):
		return role, fmt.Errorf("%q holds a character that no role's ARN has (a wildcard or a placeholder?)", text)
	}
	return role, nil
}

func validateExternalID(id string) error {
	if id == "" {
		return nil
	}
	if len(id) < 2 || len(id) > 1224 {
		return errors.New("external_id must have 2 to 1224 characters")
	}
	if strings.ContainsFunc(id, func(r rune) bool { return !sessionNameRune(r) && !strings.ContainsRune(":/", r) }) {
		return errors.New("external_id may hold letters, digits and the characters _+=,.@:/- only; a wildcard belongs into the trust policy")
	}
	return nil
}

func validateDuration(d time.Duration, chained bool) error {
	switch {
	case d == 0:
		return nil
	case d < MinSessionDuration:
		return fmt.Errorf("session_duration %v is too short: AWS grants at least %v", d, MinSessionDuration)
	case chained && d > MaxChainedDuration:
		return fmt.Errorf("session_duration %v is impossible: a role that is assumed with the credentials of another role lasts at most %v", d, MaxChainedDuration)
	case d > MaxSessionDuration:
		return fmt.Errorf("session_duration %v is too long: AWS grants at most %v, and only if the role allows it", d, MaxSessionDuration)
	case d%time.Second != 0:
		return fmt.Errorf("session_duration %v must be whole seconds", d)
	}
	return nil
}

func validateEndpoint(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return errors.New("sts_endpoint must be a URL that starts with http:// or https://")
	}
	if u.User != nil {
		return errors.New("sts_endpoint must not contain a user name or password")
	}
	return nil
}

// validateSessionTags applies the limits of
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
func validateSessionTags(tags map[string]string) error {
	if len(tags) > 50 {
		return fmt.Errorf("a session can have at most 50 tags, not %d", len(tags))
	}
	for k, v := range tags {
		if k == "" || len([]rune(k)) > 128 || strings.HasPrefix(strings.ToLower(k), "aws:") {
			return fmt.Errorf("session tag %q: a key does not begin with aws: and has 1 to 128 characters", k)
		}
		if len([]rune(v)) > 256 {
			return fmt.Errorf("the value of session tag %q must have at most 256 characters", k)
		}
	}
	return nil
}
