package kafka

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMistakesAreNamedWithTheirRemedy(t *testing.T) {
	const head = "seed_brokers: [localhost:9092]\ntopics: [orders]\nconsumer_group: g\n"
	for name, test := range map[string]struct{ yaml, want string }{
		"no broker":         {"seed_brokers: []\ntopics: [a]\nconsumer_group: g", "seed_brokers is empty: name at least one broker as host:port"},
		"no topic":          {"seed_brokers: [a]\ntopics: [' , ']\nconsumer_group: g", "topics is empty"},
		"no group":          {"seed_brokers: [a]\ntopics: [a]\nconsumer_group: ''", "consumer_group is empty"},
		"single partition":  {"seed_brokers: [a]\ntopics: ['a:0']\nconsumer_group: g", "single partitions cannot be chosen"},
		"a pattern":         {"seed_brokers: [a]\ntopics: ['a.*']\nconsumer_group: g", "patterns need regexp_topics: true"},
		"a broken pattern":  {"seed_brokers: [a]\ntopics: ['a(']\nregexp_topics: true\nconsumer_group: g", `"a(" is no regular expression`},
		"slow heartbeat":    {head + "heartbeat_interval: 20s", "more than a third of session_timeout"},
		"no size":           {head + "fetch_max_bytes: much", `fetch_max_bytes: "much" is no size`},
		"too little memory": {head + "max_buffered_bytes: 1MiB", "max_buffered_bytes: 1.0 MiB is too little"},
		"no password":       {head + "sasl: [{mechanism: PLAIN, username: u}]", "sasl[0]: PLAIN needs username and password"},
		"no token":          {head + "sasl: [{mechanism: OAUTHBEARER}]", "OAUTHBEARER needs a token"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseConfig(parse(t, test.yaml))
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestEveryMechanismIsUnderstood(t *testing.T) {
	conf, err := ParseConfig(parse(t, `
seed_brokers: ["a:9092,b:9092"]
topics: ["x, y"]
consumer_group: g
tls: {enabled: true}
sasl:
  - {mechanism: none}
  - {mechanism: PLAIN, username: u, password: p}
  - {mechanism: SCRAM-SHA-256, username: u, password: p}
  - {mechanism: SCRAM-SHA-512, username: u, password: p}
  - {mechanism: OAUTHBEARER, token: t}
  - {mechanism: AWS_MSK_IAM, aws: {region: eu-west-1}}
`))
	require.NoError(t, err)
	var names []string
	for _, m := range conf.sasl {
		names = append(names, m.Name())
	}
	require.Equal(t, []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "AWS_MSK_IAM"}, names)
	require.Equal(t, []string{"a:9092", "b:9092"}, conf.brokers)
	require.Equal(t, []string{"x", "y"}, conf.topics)
	require.NotNil(t, conf.tls)
}
