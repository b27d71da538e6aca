package auth

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const someRole = "arn:aws:iam::111122223333:role/landing"

func TestValidateRoles(t *testing.T) {
	one := func(edit func(*Config)) Config {
		c := Config{Mode: ModeAssumeRole, RoleARN: someRole}
		edit(&c)
		return c
	}
	two := func(edit func(*Config)) Config {
		c := Config{Mode: ModeAssumeRole, Chain: []Hop{{RoleARN: someRole}, {RoleARN: someRole}}}
		edit(&c)
		return c
	}
	arn := func(text string) Config { return one(func(c *Config) { c.RoleARN = text }) }
	cases := map[string]struct {
		config Config
		want   string // empty: valid
	}{
		"one role":                    {one(func(*Config) {}), ""},
		"two roles":                   {two(func(*Config) {}), ""},
		"one role for 12 hours":       {one(func(c *Config) { c.SessionDuration = 12 * time.Hour }), ""},
		"a first hop may last longer": {two(func(c *Config) { c.Chain[0].SessionDuration = 4 * time.Hour }), ""},
		"China":                       {arn("arn:aws-cn:iam::111122223333:role/landing"), ""},
		"a role with a path":          {arn("arn:aws:iam::111122223333:role/a/b/landing"), ""},
		"no role":                     {Config{Mode: ModeAssumeRole}, "needs a role: write auth.role_arn or auth.role_chain"},
		"both forms":                  {two(func(c *Config) { c.RoleARN = someRole }), "exclude each other"},
		"external id beside a chain":  {two(func(c *Config) { c.ExternalID = "hidden-id" }), "give it to the hop"},
		"external id without role":    {Config{Mode: ModeAssumeRole, ExternalID: "hidden-id"}, "auth.external_id: it is sent when a role is assumed"},
		"external id, default mode":   {Config{ExternalID: "hidden-id"}, "auth.external_id: it is sent when a role is assumed"},
		"role, default mode":          {Config{RoleARN: someRole}, `auth.role_arn: it has no effect with auth.mode "default"`},
		"role, access key":            {Config{Mode: ModeAccessKey, AccessKeyID: "a", SecretAccessKey: "hidden", RoleARN: someRole}, `auth.role_arn: it has no effect with auth.mode "access_key"`},
		"chain, bucket policy":        {Config{Mode: ModeBucketPolicy, AccessKeyID: "a", SecretAccessKey: "hidden", Chain: []Hop{{RoleARN: someRole}}}, "auth.role_chain: it has no effect"},
		"duration, default mode":      {Config{SessionDuration: time.Hour}, "auth.session_duration: it has no effect"},
		"name, default mode":          {Config{SessionName: "x"}, "auth.session_name: it has no effect"},
		"tags, default mode":          {Config{SessionTags: map[string]string{"a": "b"}}, "auth.session_tags: it has no effect"},
		"half a key":                  {one(func(c *Config) { c.AccessKeyID = "a" }), "only valid together"},
		"no ARN":                      {arn("landing"), "is not an ARN"},
		"a user's ARN":                {arn("arn:aws:iam::111122223333:user/u"), "is not the ARN of a role"},
		"a session's ARN":             {arn("arn:aws:sts::111122223333:assumed-role/landing/me"), "is the ARN of a session"},
		"a short account":             {arn("arn:aws:iam::1234:role/landing"), "an account id that is none"},
		"a placeholder":               {arn("arn:aws:iam::111122223333:role/<name>"), "holds a character"},
		"a wildcard":                  {arn("arn:aws:iam::111122223333:role/*"), "holds a character"},
		"a region":                    {arn("arn:aws:iam:eu-west-1:111122223333:role/x"), "names a region"},
		"another cloud":               {arn("arn:gcp:iam::111122223333:role/x"), "unknown partition"},
		"an empty hop":                {two(func(c *Config) { c.Chain[1].RoleARN = "" }), "auth.role_chain[1].role_arn: it is missing"},
		"two partitions":              {two(func(c *Config) { c.Chain[1].RoleARN = "arn:aws-us-gov:iam::111122223333:role/x" }), "cannot be assumed from"},
		"too short":                   {one(func(c *Config) { c.SessionDuration = time.Minute }), "is too short"},
		"too long":                    {one(func(c *Config) { c.SessionDuration = 13 * time.Hour }), "is too long"},
		"chained and long":            {two(func(c *Config) { c.SessionDuration = 2 * time.Hour }), "auth.role_chain[1].session_duration: 2h0m0s is impossible"},
		"temporary base and long": {one(func(c *Config) {
			c.AccessKeyID, c.SecretAccessKey, c.SessionToken, c.SessionDuration = "a", "hidden", "hidden", 2*time.Hour
		}), "is impossible"},
		"fraction of a second":         {one(func(c *Config) { c.SessionDuration = time.Hour - time.Millisecond }), "whole seconds"},
		"wildcard in the external id":  {one(func(c *Config) { c.ExternalID = "hidden-id*" }), "a wildcard belongs into the trust policy"},
		"external id of one character": {one(func(c *Config) { c.ExternalID = "x" }), "2 to 1224"},
		"session name":                 {one(func(c *Config) { c.SessionName = "no blanks" }), "session_name"},
		"endpoint":                     {one(func(c *Config) { c.STSEndpoint = "sts.example" }), "sts_endpoint: it is no URL"},
		"endpoint with password":       {one(func(c *Config) { c.STSEndpoint = "http://u:hidden@sts" }), "it contains a user name"},
		"reserved tag":                 {one(func(c *Config) { c.SessionTags = map[string]string{"aws:x": "y"} }), "not aws: in front"},
		"long tag":                     {one(func(c *Config) { c.SessionTags = map[string]string{"x": strings.Repeat("y", 257)} }), "at most 256"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			err := c.config.Validate()
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
			assert.NotContains(t, err.Error(), "hidden")
		})
	}
}

func TestSessionName(t *testing.T) {
	assert.Equal(t, "s3-destination", SessionName(""))
	assert.Equal(t, "s3-destination-orders_eu", SessionName("orders/eu"))
	assert.Equal(t, "s3-destination-Z_rich+1", SessionName("Zürich+1"))
	assert.Len(t, SessionName(strings.Repeat("x", 200)), 64)
}

func TestHopsTakeTheDefaults(t *testing.T) {
	c := Config{
		Mode: ModeAssumeRole, Label: "orders", SessionDuration: time.Hour, STSEndpoint: "http://sts", STSRegion: "eu-west-1",
		Chain: []Hop{{RoleARN: someRole, Region: "us-east-1", SessionName: "own"}, {RoleARN: someRole}},
	}
	hops := c.Hops()
	assert.Equal(t, Hop{RoleARN: someRole, Region: "us-east-1", SessionName: "own", SessionDuration: time.Hour, STSEndpoint: "http://sts"}, hops[0])
	assert.Equal(t, Hop{RoleARN: someRole, Region: "eu-west-1", SessionName: "s3-destination-orders", SessionDuration: time.Hour, STSEndpoint: "http://sts"}, hops[1])
	assert.Empty(t, c.Chain[1].SessionName, "the configuration stays as it was")
	assert.Nil(t, Config{}.Hops())
}
