package ststest

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
)

// policy is the part of a trust policy that this server evaluates.
type policy struct {
	Statement []statement
}

type statement struct {
	Effect    string
	Action    oneOrMany
	Principal principals
	Condition map[string]map[string]oneOrMany
}

// oneOrMany is a string or a list of strings, as everywhere in IAM.
type oneOrMany []string

// UnmarshalJSON implements [json.Unmarshaler].
func (o *oneOrMany) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*o = oneOrMany{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(o))
}

// principals is "*" or {"AWS": ...}.
type principals struct{ AWS oneOrMany }

// UnmarshalJSON implements [json.Unmarshaler].
func (p *principals) UnmarshalJSON(text []byte) error {
	if string(text) == `"*"` {
		p.AWS = oneOrMany{"*"}
		return nil
	}
	type plain principals
	return json.Unmarshal(text, (*plain)(p))
}

// parsePolicy refuses what it would not evaluate, so that no test passes
// because a condition was skipped.
func parsePolicy(text string) (policy, error) {
	var p policy
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return p, err //nolint:wrapcheck // AddRole does
	}
	for _, s := range p.Statement {
		for operator, keys := range s.Condition {
			if operator != "StringEquals" && operator != "StringLike" {
				return p, fmt.Errorf("the condition operator %s is not supported", operator)
			}
			for key := range keys {
				if !strings.EqualFold(key, "sts:ExternalId") {
					return p, fmt.Errorf("the condition key %s is not supported", key)
				}
			}
		}
	}
	return p, nil
}

// allows evaluates the policy: an explicit Deny wins, then any Allow.
func (p policy) allows(action string, caller *principal, externalID string) bool {
	allowed := false
	for _, s := range p.Statement {
		if !s.Action.covers(action) || !s.Principal.include(caller) || !s.holds(externalID) {
			continue
		}
		if s.Effect == "Deny" {
			return false
		}
		allowed = allowed || s.Effect == "Allow"
	}
	return allowed
}

func (o oneOrMany) covers(action string) bool {
	return slices.ContainsFunc(o, func(pattern string) bool { return like(strings.ToLower(pattern), strings.ToLower(action)) })
}

// include knows the forms of
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func (p principals) include(caller *principal) bool {
	return slices.ContainsFunc(p.AWS, func(who string) bool {
		return who == "*" || who == caller.account || who == "arn:aws:iam::"+caller.account+":root" ||
			who == caller.arn || (caller.role != "" && who == caller.role)
	})
}

func (s statement) holds(externalID string) bool {
	for operator, keys := range s.Condition {
		for _, wanted := range keys {
			match := func(w string) bool { return externalID != "" && w == externalID }
			if operator == "StringLike" {
				match = func(w string) bool { return externalID != "" && like(w, externalID) }
			}
			if !slices.ContainsFunc(wanted, match) {
				return false
			}
		}
	}
	return true
}

// like matches * and ? as IAM does. A slash is an ordinary character to IAM,
// unlike to path.Match, so it is replaced.
func like(pattern, value string) bool {
	escape := strings.NewReplacer("/", "\x00", "[", `\[`, `\`, `\\`)
	ok, err := path.Match(escape.Replace(pattern), strings.ReplaceAll(value, "/", "\x00"))
	return err == nil && ok
}
