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
		return errors.New("auth.access_key_id: it and auth.secret_access_key are only valid together: write both, or neither")
	}
	if c.SessionToken != "" && c.AccessKeyID == "" {
		return errors.New("auth.session_token: it belongs to temporary keys: write auth.access_key_id and auth.secret_access_key too")
	}
	switch c.Mode {
	case "", ModeDefault:
		if c.AccessKeyID != "" {
			return fmt.Errorf("auth.access_key_id: it has no effect with auth.mode %q: write auth.mode: %s", ModeDefault, ModeAccessKey)
		}
		return c.refuseRoles(ModeDefault)
	case ModeAccessKey, ModeBucketPolicy:
		if c.AccessKeyID == "" {
			return fmt.Errorf("auth.mode: %q needs keys: write auth.access_key_id and auth.secret_access_key", c.Mode)
		}
		return c.refuseRoles(c.Mode)
	case ModeAssumeRole:
		return c.validateRoles()
	default:
		return fmt.Errorf("auth.mode: %q is unknown: write one of %s, %s, %s, %s",
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
		return errors.New("auth.external_id: it is sent when a role is assumed, and none is: write auth.mode: assume_role and auth.role_arn")
	case c.SessionName != "":
		field = "auth.session_name"
	case c.SessionDuration != 0:
		field = "auth.session_duration"
	case len(c.SessionTags) > 0:
		field = "auth.session_tags"
	default:
		return nil
	}
	return fmt.Errorf("%s: it has no effect with auth.mode %q: write auth.mode: %s", field, mode, ModeAssumeRole)
}

func (c Config) validateRoles() error {
	switch {
	case c.RoleARN != "" && len(c.Chain) > 0:
		return errors.New("auth.role_chain: it and auth.role_arn exclude each other: put every role into auth.role_chain, in the order in which they are assumed")
	case c.ExternalID != "" && len(c.Chain) > 0:
		return errors.New("auth.external_id: it belongs to auth.role_arn: with auth.role_chain, give it to the hop whose role demands it")
	case c.RoleARN == "" && c.ExternalID != "":
		return errors.New("auth.external_id: it is sent when a role is assumed, and none is: write auth.mode: assume_role and auth.role_arn")
	case c.RoleARN == "" && len(c.Chain) == 0:
		return fmt.Errorf("auth.mode: %q needs a role: write auth.role_arn or auth.role_chain", ModeAssumeRole)
	}
	partition := ""
	for i, h := range c.Hops() {
		where := "auth"
		if len(c.Chain) > 0 {
			where = fmt.Sprintf("auth.role_chain[%d]", i)
		}
		// Credentials with a session token are temporary already, so that even
		// the first role is chained to another.
		chained := i > 0 || c.SessionToken != ""
		role, err := h.validate(chained)
		if err != nil {
			return fmt.Errorf("%s.%w", where, err)
		}
		if partition != "" && role.Partition != partition {
			return fmt.Errorf("%s.role_arn: a role of partition %s cannot be assumed from one of partition %s: write roles of one partition", where, role.Partition, partition)
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
		return role, fmt.Errorf("session_name: %q is no name of a session: write 2 to %d letters, digits or characters of _+=,.@-", h.SessionName, maxSessionName)
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
		return arn.ARN{}, errors.New("role_arn: it is missing: write arn:aws:iam::<account>:role/<name>")
	}
	role, err := arn.Parse(text)
	switch {
	case err != nil:
		return role, fmt.Errorf("role_arn: %q is not an ARN: write arn:aws:iam::<account>:role/<name>", text)
	case role.Service == "sts":
		return role, fmt.Errorf("role_arn: %q is the ARN of a session: write the role's own, arn:%s:iam::%s:role/<name>", text, role.Partition, role.AccountID)
	case role.Service != "iam" || !strings.HasPrefix(role.Resource, "role/") || role.Resource == "role/":
		return role, fmt.Errorf("role_arn: %q is not the ARN of a role: write arn:aws:iam::<account>:role/<name>", text)
	case !strings.HasPrefix(role.Partition, "aws"):
		return role, fmt.Errorf("role_arn: %q names the unknown partition %q: write arn:aws:iam::<account>:role/<name>", text, role.Partition)
	case len(role.AccountID) != 12 || strings.Trim(role.AccountID, "0123456789") != "":
		return role, fmt.Errorf("role_arn: %q has an account id that is none: write its 12 digits", text)
	case role.Region != "":
		return role, fmt.Errorf("role_arn: %q names a region, which roles have none of: write arn:aws:iam::<account>:role/<name>", text)
	case strings.ContainsFunc(role.Resource, func(r rune) bool { return !sessionNameRune(r) && r != '/' }):
		return role, fmt.Errorf("role_arn: %q holds a character that no role's ARN has (a wildcard or a placeholder?): write the role itself", text)
	}
	return role, nil
}

func validateExternalID(id string) error {
	if id == "" {
		return nil
	}
	if len(id) < 2 || len(id) > 1224 {
		return errors.New("external_id: it is too short or too long: write 2 to 1224 characters")
	}
	if strings.ContainsFunc(id, func(r rune) bool { return !sessionNameRune(r) && !strings.ContainsRune(":/", r) }) {
		return errors.New("external_id: it may hold letters, digits and the characters _+=,.@:/- only; a wildcard belongs into the trust policy")
	}
	return nil
}

func validateDuration(d time.Duration, chained bool) error {
	switch {
	case d == 0:
		return nil
	case d < MinSessionDuration:
		return fmt.Errorf("session_duration: %v is too short: write %v or more, which AWS grants", d, MinSessionDuration)
	case chained && d > MaxChainedDuration:
		return fmt.Errorf("session_duration: %v is impossible: a role that is assumed with the credentials of another role lasts %v at most: write that, or less", d, MaxChainedDuration)
	case d > MaxSessionDuration:
		return fmt.Errorf("session_duration: %v is too long: AWS grants %v at most, and only if the role allows it: write less", d, MaxSessionDuration)
	case d%time.Second != 0:
		return fmt.Errorf("session_duration: %v has a part of a second: write whole seconds", d)
	}
	return nil
}

func validateEndpoint(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return errors.New("sts_endpoint: it is no URL: write one that starts with http:// or https://")
	}
	if u.User != nil {
		return errors.New("sts_endpoint: it contains a user name or password: write auth.access_key_id and auth.secret_access_key")
	}
	return nil
}

// validateSessionTags applies the limits of
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
func validateSessionTags(tags map[string]string) error {
	if len(tags) > 50 {
		return fmt.Errorf("session_tags: a session can have at most 50 tags, not %d: remove some", len(tags))
	}
	for k, v := range tags {
		if k == "" || len([]rune(k)) > 128 || strings.HasPrefix(strings.ToLower(k), "aws:") {
			return fmt.Errorf("session_tags: %q is no key: write 1 to 128 characters, and not aws: in front", k)
		}
		if len([]rune(v)) > 256 {
			return fmt.Errorf("session_tags.%s: the value is too long: write at most 256 characters", k)
		}
	}
	return nil
}
