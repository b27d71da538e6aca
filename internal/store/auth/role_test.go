package auth_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/testutil/awsenv"
	"github.com/s3-destination/s3-destination/internal/testutil/ststest"
)

func TestMain(m *testing.M) {
	awsenv.Clear()
	goleak.VerifyTestMain(m)
}

const (
	writerAccount   = "111122223333"
	customerAccount = "444455556666"
	writerRole      = "arn:aws:iam::111122223333:role/writer"
	customerRole    = "arn:aws:iam::444455556666:role/teams/landing"
	externalID      = "agency-7_workspace-1"
)

// trust is a trust policy; condition may be empty.
func trust(principal, condition string) string {
	if condition != "" {
		condition = `,"Condition":` + condition
	}
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":%q},"Action":["sts:AssumeRole","sts:TagSession"]%s}]}`, principal, condition)
}

// harness is an STS with a user of the writer's account.
type harness struct {
	*ststest.Server

	user ststest.User
}

func newHarness(t *testing.T, cfg ststest.Config) harness {
	t.Helper()
	h := harness{Server: ststest.StartT(t, cfg)}
	h.user = h.AddUser(writerAccount, "writer")
	return h
}

func (h harness) role(t *testing.T, arn, policy string) {
	t.Helper()
	require.NoError(t, h.AddRole(arn, policy, 12*time.Hour))
}

// config assumes the given hops from the user's key.
func (h harness) config(hops ...auth.Hop) auth.Config {
	return auth.Config{
		Mode: auth.ModeAssumeRole, AccessKeyID: h.user.AccessKeyID, SecretAccessKey: h.user.SecretAccessKey,
		Label: "orders/eu", STSEndpoint: h.URL, Chain: hops,
	}
}

func (h harness) provider(t *testing.T, c auth.Config) *auth.Provider {
	t.Helper()
	require.NoError(t, c.Validate())
	base := credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
	return auth.New(c, aws.Config{Region: "eu-west-1", Credentials: base}, nil)
}

func TestExternalID(t *testing.T) {
	equals := `{"StringEquals":{"sts:ExternalId":"` + externalID + `"}}`
	list := `{"StringEquals":{"sts:ExternalId":["other","` + externalID + `"]}}`
	wildcard := `{"StringLike":{"sts:ExternalId":"agency-7_*"}}`
	cases := map[string]struct {
		principal, condition, sent string
		advice                     string // empty: it works
	}{
		"right":                      {writerAccount, equals, externalID, ""},
		"none wanted, none sent":     {writerAccount, "", "", ""},
		"none wanted, one sent":      {writerAccount, "", externalID, ""},
		"one of a list":              {writerAccount, list, externalID, ""},
		"matches the wildcard":       {writerAccount, wildcard, externalID, ""},
		"wrong":                      {writerAccount, equals, "agency-7_workspace-2", "must be the one that the trust policy demands"},
		"missing":                    {writerAccount, equals, "", "no external id was sent"},
		"not on the list":            {writerAccount, list, "third", "must be the one"},
		"does not match wildcard":    {writerAccount, wildcard, "agency-8_workspace-1", "must be the one"},
		"the role trusts another":    {"999999999999", equals, externalID, "must allow sts:AssumeRole to the base credentials"},
		"the role trusts the user":   {"arn:aws:iam::111122223333:user/writer", equals, externalID, ""},
		"the role trusts the root":   {"arn:aws:iam::111122223333:root", equals, externalID, ""},
		"the role trusts some other": {"arn:aws:iam::111122223333:user/reader", equals, externalID, "must allow"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, ststest.Config{})
			h.role(t, customerRole, trust(c.principal, c.condition))
			_, err := h.provider(t, h.config(auth.Hop{RoleARN: customerRole, ExternalID: c.sent})).Retrieve(t.Context())
			if c.advice == "" {
				require.NoError(t, err)
				return
			}
			var hop *auth.HopError
			require.ErrorAs(t, err, &hop)
			assert.True(t, hop.Denied)
			assert.Contains(t, hop.Advice, c.advice)
			require.ErrorContains(t, err, "hop 1 of 1, role "+customerRole+": AccessDenied")
			if c.sent != "" {
				assert.NotContains(t, err.Error(), c.sent)
			}
			assert.NotContains(t, err.Error(), h.user.SecretAccessKey)
		})
	}
}

func TestTwoHops(t *testing.T) {
	h := newHarness(t, ststest.Config{})
	h.role(t, writerRole, trust(writerAccount, ""))
	h.role(t, customerRole, trust(writerRole, `{"StringEquals":{"sts:ExternalId":"`+externalID+`"}}`))
	c := h.config(auth.Hop{RoleARN: writerRole}, auth.Hop{RoleARN: customerRole, ExternalID: externalID, SessionDuration: 30 * time.Minute})
	c.SessionTags = map[string]string{"team": "data"}
	p := h.provider(t, c)

	who := p.WhoAmI(t.Context(), true)
	require.Len(t, who, 3)
	assert.Equal(t, h.user.ARN, who[0].ARN)
	assert.Equal(t, "arn:aws:sts::111122223333:assumed-role/writer/s3-destination-orders_eu", who[1].ARN)
	assert.Equal(t, "arn:aws:sts::444455556666:assumed-role/landing/s3-destination-orders_eu", who[2].ARN)
	assert.Equal(t, customerAccount, who[2].Account)
	assert.WithinDuration(t, time.Now().Add(30*time.Minute), who[2].Expires, 5*time.Second)
	for _, id := range who {
		require.NoError(t, id.Err)
		require.NoError(t, id.Unnamed)
	}
	creds, err := p.Retrieve(t.Context())
	require.NoError(t, err)
	assert.NotEmpty(t, creds.SessionToken)
	assert.Equal(t, 2, h.Count("AssumeRole"), "one session for each hop")
	for _, call := range h.Calls() {
		if call.RoleARN == customerRole {
			assert.Equal(t, map[string]string{"team": "data"}, call.Tags)
			assert.Equal(t, externalID, call.ExternalID)
		}
	}
}

func TestABrokenChainNamesItsHop(t *testing.T) {
	h := newHarness(t, ststest.Config{})
	h.role(t, writerRole, trust(writerAccount, ""))
	h.role(t, customerRole, trust("arn:aws:iam::111122223333:role/another", ""))
	hops := []auth.Hop{{RoleARN: writerRole}, {RoleARN: customerRole, ExternalID: externalID}}

	_, err := h.provider(t, h.config(hops...)).Retrieve(t.Context())
	require.ErrorContains(t, err, "hop 2 of 2, role "+customerRole)
	require.ErrorContains(t, err, "the role of hop 1")

	h.role(t, writerRole, trust("999999999999", ""))
	p := h.provider(t, h.config(hops...))
	_, err = p.Retrieve(t.Context())
	require.ErrorContains(t, err, "hop 1 of 2, role "+writerRole)
	assert.Equal(t, 1, strings.Count(err.Error(), "hop "), "an error of hop 1 is not one of hop 2")
	who := p.WhoAmI(t.Context(), true)
	require.Len(t, who, 2, "nobody is known behind the broken hop")
	require.Error(t, who[1].Err)
}

func TestWrongKeys(t *testing.T) {
	h := newHarness(t, ststest.Config{})
	h.role(t, customerRole, trust(writerAccount, ""))
	cases := map[string]struct {
		edit func(*auth.Config)
		want string
	}{
		"unknown key":  {func(c *auth.Config) { c.AccessKeyID = "AKIANOBODY" }, "does not accept the base credentials"},
		"wrong secret": {func(c *auth.Config) { c.SecretAccessKey = "not-the-secret-of-anybody" }, "the secret of the base credentials is wrong"},
		"bogus token":  {func(c *auth.Config) { c.SessionToken = "bogus-session-token" }, "does not accept the base credentials"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			cfg := h.config(auth.Hop{RoleARN: customerRole})
			c.edit(&cfg)
			_, err := h.provider(t, cfg).Retrieve(t.Context())
			require.ErrorContains(t, err, c.want)
			var hop *auth.HopError
			require.ErrorAs(t, err, &hop)
			assert.False(t, hop.Denied)
			assert.NotContains(t, err.Error(), cfg.SecretAccessKey)
			assert.NotContains(t, fmt.Sprintf("%v %+v %#v", cfg, cfg, cfg), cfg.SecretAccessKey)
		})
	}
}

func TestManyWaitForOneSession(t *testing.T) {
	h := newHarness(t, ststest.Config{})
	h.role(t, writerRole, trust(writerAccount, ""))
	h.role(t, customerRole, trust(writerRole, ""))
	p := h.provider(t, h.config(auth.Hop{RoleARN: writerRole}, auth.Hop{RoleARN: customerRole}))
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			_, err := p.Retrieve(t.Context())
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	assert.Equal(t, 2, h.Count("AssumeRole"))
}

func TestTheOneWhoAsksMayGiveUp(t *testing.T) {
	h := newHarness(t, ststest.Config{})
	h.role(t, customerRole, trust(writerAccount, ""))
	h.Hang("AssumeRole", 1)
	p := h.provider(t, h.config(auth.Hop{RoleARN: customerRole}))
	impatient, cancel := context.WithCancel(t.Context())
	leading := make(chan error, 1)
	go func() {
		_, err := p.Retrieve(impatient)
		leading <- err
	}()
	require.Eventually(t, func() bool { return h.Count("AssumeRole") == 1 }, 5*time.Second, time.Millisecond)
	following := make(chan error, 1)
	go func() {
		_, err := p.Retrieve(t.Context())
		following <- err
	}()
	cancel()
	require.ErrorIs(t, <-leading, context.Canceled)
	require.NoError(t, <-following, "the next one asks again")
}

func TestThrottlingIsWaitedOut(t *testing.T) {
	t.Parallel()
	h := newHarness(t, ststest.Config{})
	h.role(t, customerRole, trust(writerAccount, ""))
	h.Throttle(2)
	_, err := h.provider(t, h.config(auth.Hop{RoleARN: customerRole})).Retrieve(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 3, h.Count("AssumeRole"))
}

func TestLimitsOfSessions(t *testing.T) {
	h := newHarness(t, ststest.Config{})
	require.NoError(t, h.AddRole(customerRole, trust(writerAccount, ""), time.Hour))
	_, err := h.provider(t, h.config(auth.Hop{RoleARN: customerRole, SessionDuration: 2 * time.Hour})).Retrieve(t.Context())
	require.ErrorContains(t, err, "lower session_duration")
}

// The credentials of the first hop are revoked: only STS knows, and the chain
// is renewed from there.
func TestAnOutdatedHopIsRenewedFromTheRoot(t *testing.T) {
	h := newHarness(t, ststest.Config{})
	h.role(t, writerRole, trust(writerAccount, ""))
	h.role(t, customerRole, trust(writerRole, ""))
	p := h.provider(t, h.config(auth.Hop{RoleARN: writerRole}, auth.Hop{RoleARN: customerRole}))
	_, err := p.Retrieve(t.Context())
	require.NoError(t, err)
	h.Age(2 * time.Hour)
	p.Invalidate(time.Now())
	_, err = p.Retrieve(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 5, h.Count("AssumeRole"), "two, one refused, two")
}

func TestASourceErrorKeepsItsCause(t *testing.T) {
	h := newHarness(t, ststest.Config{})
	cause := errors.New("no EC2 IMDS role found")
	base := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, cause })
	c := auth.Config{Mode: auth.ModeAssumeRole, RoleARN: customerRole, STSEndpoint: h.URL}
	_, err := auth.New(c, aws.Config{Region: "eu-west-1", Credentials: base}, nil).Retrieve(t.Context())
	require.ErrorIs(t, err, cause)
	var hop *auth.HopError
	assert.NotErrorAs(t, err, &hop, "it is not the hop's fault")
	require.ErrorContains(t, err, "set auth.mode access_key, or give this machine a role")
}
