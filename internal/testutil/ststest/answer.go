package ststest

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// refusal is an error of the query protocol.
type refusal struct {
	status        int
	code, message string
}

type errorXML struct {
	XMLName   xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ ErrorResponse"`
	Type      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	RequestID string   `xml:"RequestId"`
}

func (f *refusal) write(w http.ResponseWriter) {
	send(w, f.status, errorXML{Type: "Sender", Code: f.code, Message: f.message, RequestID: "STSTEST"})
}

func send(w http.ResponseWriter, status int, v any) {
	body, err := xml.Marshal(v)
	if err != nil {
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

type credentialsXML struct {
	AccessKeyID     string `xml:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      string
}

type assumedXML struct {
	ARN string `xml:"Arn"`
	ID  string `xml:"AssumedRoleId"`
}

type assumeRoleXML struct {
	XMLName     xml.Name       `xml:"https://sts.amazonaws.com/doc/2011-06-15/ AssumeRoleResponse"`
	Credentials credentialsXML `xml:"AssumeRoleResult>Credentials"`
	User        assumedXML     `xml:"AssumeRoleResult>AssumedRoleUser"`
	RequestID   string         `xml:"ResponseMetadata>RequestId"`
}

type webIdentityXML struct {
	XMLName     xml.Name       `xml:"https://sts.amazonaws.com/doc/2011-06-15/ AssumeRoleWithWebIdentityResponse"`
	Credentials credentialsXML `xml:"AssumeRoleWithWebIdentityResult>Credentials"`
	User        assumedXML     `xml:"AssumeRoleWithWebIdentityResult>AssumedRoleUser"`
	RequestID   string         `xml:"ResponseMetadata>RequestId"`
}

type callerXML struct {
	XMLName   xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ GetCallerIdentityResponse"`
	ARN       string   `xml:"GetCallerIdentityResult>Arn"`
	UserID    string   `xml:"GetCallerIdentityResult>UserId"`
	Account   string   `xml:"GetCallerIdentityResult>Account"`
	RequestID string   `xml:"ResponseMetadata>RequestId"`
}

// answer carries a request out.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, body []byte, form url.Values) {
	if form.Get("Action") == "AssumeRoleWithWebIdentity" { // the only unsigned one
		s.webIdentity(w, form)
		return
	}
	caller, refused := s.authenticate(r, body)
	if refused != nil {
		refused.write(w)
		return
	}
	call := parseCall(form)
	call.Caller, call.Path = caller.arn, r.URL.Path
	if signed, ok := parseAuthorization(r.Header.Get("Authorization")); ok {
		call.Region = signed.region
	}
	s.mu.Lock()
	s.calls = append(s.calls, call)
	s.mu.Unlock()
	switch call.Action {
	case "GetCallerIdentity":
		send(w, http.StatusOK, callerXML{ARN: caller.arn, UserID: caller.userID, Account: caller.account, RequestID: "STSTEST"})
	case "AssumeRole":
		p, refused := s.assume(caller, call)
		if refused != nil {
			refused.write(w)
			return
		}
		send(w, http.StatusOK, assumeRoleXML{Credentials: p.xml(), User: assumedXML{p.arn, p.userID}, RequestID: "STSTEST"})
	default:
		(&refusal{http.StatusBadRequest, "InvalidAction", "Could not find operation " + call.Action}).write(w)
	}
}

func parseCall(form url.Values) Call {
	seconds, _ := strconv.Atoi(form.Get("DurationSeconds"))
	c := Call{
		Action: form.Get("Action"), RoleARN: form.Get("RoleArn"), SessionName: form.Get("RoleSessionName"),
		ExternalID: form.Get("ExternalId"), Duration: time.Duration(seconds) * time.Second,
	}
	for i := 1; form.Has(fmt.Sprintf("Tags.member.%d.Key", i)); i++ {
		if c.Tags == nil {
			c.Tags = map[string]string{}
		}
		c.Tags[form.Get(fmt.Sprintf("Tags.member.%d.Key", i))] = form.Get(fmt.Sprintf("Tags.member.%d.Value", i))
	}
	return c
}

func (s *Server) webIdentity(w http.ResponseWriter, form url.Values) {
	call := parseCall(form)
	s.mu.Lock()
	s.calls = append(s.calls, call)
	trusted := s.identities[form.Get("WebIdentityToken")]
	s.mu.Unlock()
	if trusted == "" || trusted != call.RoleARN {
		(&refusal{http.StatusBadRequest, "InvalidIdentityToken", "No OpenIDConnect provider found in your account for this token"}).write(w)
		return
	}
	p, refused := s.open(call, time.Hour)
	if refused != nil {
		refused.write(w)
		return
	}
	send(w, http.StatusOK, webIdentityXML{Credentials: p.xml(), User: assumedXML{p.arn, p.userID}, RequestID: "STSTEST"})
}

// assume applies the trust policy and the limits.
func (s *Server) assume(caller *principal, c Call) (*principal, *refusal) {
	s.mu.Lock()
	target, exists := s.roles[c.RoleARN]
	s.mu.Unlock()
	denied := &refusal{http.StatusForbidden, "AccessDenied", fmt.Sprintf("User: %s is not authorized to perform: sts:AssumeRole on resource: %s", caller.arn, c.RoleARN)}
	if !exists || !target.trust.allows("sts:AssumeRole", caller, c.ExternalID) {
		return nil, denied // AWS does not tell a missing role apart
	}
	if len(c.Tags) > 0 && !target.trust.allows("sts:TagSession", caller, c.ExternalID) {
		denied.message = strings.Replace(denied.message, "sts:AssumeRole", "sts:TagSession", 1)
		return nil, denied
	}
	longest, why := target.max, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
	if caller.role != "" && longest > chainedDuration {
		longest = chainedDuration
	}
	if caller.role != "" && c.Duration > chainedDuration {
		why = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
	}
	if c.Duration > longest {
		return nil, &refusal{http.StatusBadRequest, "ValidationError", why}
	}
	return s.open(c, time.Hour)
}

// open issues the credentials of a session.
func (s *Server) open(c Call, usual time.Duration) (*principal, *refusal) {
	if c.Duration != 0 && c.Duration < minDuration {
		return nil, &refusal{http.StatusBadRequest, "ValidationError", fmt.Sprintf("1 validation error detected: Value '%d' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900", int(c.Duration.Seconds()))}
	}
	parts := strings.Split(c.RoleARN, ":")
	if len(parts) != 6 || c.SessionName == "" {
		return nil, &refusal{http.StatusBadRequest, "ValidationError", "1 validation error detected: RoleArn or RoleSessionName"}
	}
	length := usual
	if c.Duration != 0 {
		length = c.Duration
	}
	if s.cfg.Lifetime != 0 {
		length = s.cfg.Lifetime
	}
	id := "AROA" + text(16)
	name := parts[5][strings.LastIndexByte(parts[5], '/')+1:]
	p := &principal{
		AccessKeyID: "ASIA" + text(16), secret: text(40), token: text(120),
		account: parts[4], userID: id + ":" + c.SessionName, role: c.RoleARN,
		arn:     fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/%s", parts[1], parts[4], name, c.SessionName),
		expires: s.cfg.Now().Add(length),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(p)
	return p, nil
}

func (p *principal) xml() credentialsXML {
	return credentialsXML{p.AccessKeyID, p.secret, p.token, p.expires.UTC().Format(time.RFC3339Nano)}
}
