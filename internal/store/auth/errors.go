package auth

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
)

// RetrieveError says that no credentials could be had, as opposed to S3
// refusing the ones that were used.
type RetrieveError struct{ Err error }

// Error implements error. The texts below it hold no secret.
func (e *RetrieveError) Error() string { return "getting credentials: " + e.Err.Error() }

// Unwrap gives the reason: a [*HopError] or a [*BaseError].
func (e *RetrieveError) Unwrap() error { return e.Err }

// BaseError says that there are no base credentials.
type BaseError struct {
	// Advice is one sentence on what to do.
	Advice string
	// Err is the SDK's own error.
	Err error
}

func newBaseError(err error) *BaseError {
	e := &BaseError{Err: err}
	switch text := err.Error(); {
	case strings.Contains(text, "IMDS"):
		e.Advice = "neither the environment, the shared AWS files, a web identity nor a container role gives credentials, and no instance metadata service answers: set auth.mode access_key, or give this machine a role"
	case strings.Contains(text, "WebIdentity"), strings.Contains(text, "web identity"):
		e.Advice = "check the file of AWS_WEB_IDENTITY_TOKEN_FILE, and that the role of AWS_ROLE_ARN trusts its issuer and subject"
	case strings.Contains(text, "shared config profile"):
		e.Advice = "check AWS_PROFILE and the shared AWS files"
	}
	return e
}

// Error implements error.
func (e *BaseError) Error() string {
	if e.Advice == "" {
		return e.Err.Error()
	}
	return e.Err.Error() + ": " + e.Advice
}

// Unwrap gives the SDK's error.
func (e *BaseError) Unwrap() error { return e.Err }

// HopError says that a role could not be assumed.
type HopError struct {
	// Hop counts from 1; Of is the length of the chain.
	Hop, Of int
	// RoleARN is the role that was to be assumed.
	RoleARN string
	// Denied: STS knows who asks, and refuses. It answers a wrong external id,
	// a missing one and a role that trusts somebody else all the same way.
	Denied bool
	// Code is the error code of STS; empty when it did not answer.
	Code string
	// Advice is one sentence on what to do.
	Advice string
	// Err is the SDK's own error.
	Err error

	reason string
}

// Error names the hop, the reason that STS gave, and what to do. External ids
// and tokens in the answer are blanked.
func (e *HopError) Error() string {
	return fmt.Sprintf("assuming hop %d of %d, role %s: %s: %s", e.Hop, e.Of, e.RoleARN, e.reason, e.Advice)
}

// Unwrap gives the SDK's error.
func (e *HopError) Unwrap() error { return e.Err }

func (h *hop) newError(err error) *HopError {
	e := &HopError{Hop: h.number, Of: h.of, RoleARN: h.RoleARN, Err: err, reason: plainText(err)}
	var api smithy.APIError
	if errors.As(err, &api) {
		e.Code = api.ErrorCode()
		e.reason = strings.TrimRight(e.Code+": "+api.ErrorMessage(), ".: ")
	}
	if h.ExternalID != "" {
		e.reason = strings.ReplaceAll(e.reason, h.ExternalID, "***")
	}
	e.Denied = e.Code == "AccessDenied" || e.Code == "AccessDeniedException"
	e.Advice = h.advice(e)
	return e
}

// advice tells what to look at. STS on purpose does not say which condition of
// a trust policy failed, so that all candidates are named.
func (h *hop) advice(e *HopError) string {
	before := "the base credentials"
	if h.number > 1 {
		before = fmt.Sprintf("the role of hop %d", h.number-1)
	}
	switch {
	case e.Denied:
		sent := "no external id was sent: if the trust policy demands one (sts:ExternalId), set external_id for this hop"
		if h.ExternalID != "" {
			sent = "the external id of this hop must be the one that the trust policy demands (sts:ExternalId)"
		}
		tags := ""
		if len(h.Tags) > 0 {
			tags = ", sts:TagSession for the session tags"
		}
		return fmt.Sprintf("the trust policy of this role must allow sts:AssumeRole%s to %s; %s; and %s must have the right sts:AssumeRole on this role", tags, before, sent, before)
	case outdatedCode(e.Code):
		return fmt.Sprintf("STS does not accept %s: they are unknown, revoked or have expired", before)
	case e.Code == "SignatureDoesNotMatch", e.Code == "IncompleteSignature":
		return fmt.Sprintf("the secret of %s is wrong, or this machine's clock is", before)
	case e.Code == "ValidationError" && strings.Contains(e.reason, "DurationSeconds"):
		return "lower session_duration: it exceeds the maximum of the role, which is one hour when a role is assumed from another"
	case e.Code == "ValidationError":
		return "STS refuses a value of this hop: check role_arn, session_name, external_id and session_tags"
	case e.Code == "RegionDisabledException":
		return "activate STS for this region in the account, or set sts_region to another one"
	case strings.HasPrefix(e.Code, "Throttl"):
		return "STS limits the request rate of the account"
	case e.Code == "":
		return "STS gave no usable answer: check sts_endpoint, region, proxy and firewall"
	}
	return "check the role, its trust policy and " + before
}

// isSourceError finds the error of a hop or base further up, which reaches a
// hop through the SDK as the failure to sign its own request.
func isSourceError(err error) error {
	if e := (*HopError)(nil); errors.As(err, &e) {
		return e
	}
	if e := (*BaseError)(nil); errors.As(err, &e) {
		return e
	}
	return nil
}

// outdated reports whether err says that the credentials used are no longer
// good, which newer ones may cure.
func outdated(err error) bool {
	var api smithy.APIError
	return isSourceError(err) == nil && errors.As(err, &api) && outdatedCode(api.ErrorCode())
}

func outdatedCode(code string) bool {
	return slices.Contains([]string{
		"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "InvalidAccessKeyId",
		"UnrecognizedClientException", "InvalidToken",
	}, code)
}

// plainText drops the SDK's wrapping of an error that is no answer.
func plainText(err error) string {
	var op *smithy.OperationError
	for errors.As(err, &op) {
		err = op.Err
	}
	return err.Error()
}
