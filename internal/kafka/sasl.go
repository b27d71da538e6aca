package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/aws"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

func saslField() *service.ConfigField {
	return service.NewObjectListField(fieldSASL,
		service.NewStringAnnotatedEnumField("mechanism", map[string]string{
			"none":          "No authentication.",
			"PLAIN":         "User name and password, in the clear: use it with `tls`.",
			"SCRAM-SHA-256": "User name and password, neither of which is sent.",
			"SCRAM-SHA-512": "User name and password, neither of which is sent.",
			"OAUTHBEARER":   "A token.",
			"AWS_MSK_IAM":   "Amazon MSK, with the credentials of the AWS SDK's chain: environment, profile, web identity, role of the instance.",
		}).Description("The mechanism."),
		service.NewStringField("username").Description("For PLAIN and SCRAM.").Default(""),
		service.NewStringField("password").Description("For PLAIN and SCRAM.").Default("").Secret(),
		service.NewStringField("token").Description("For OAUTHBEARER.").Default("").Secret(),
		service.NewStringMapField("extensions").Description("For OAUTHBEARER: sent with the token.").Default(map[string]any{}),
		service.NewObjectField("aws",
			service.NewStringField("region").Description("The region, unless the environment names it.").Default(""),
			service.NewStringField("profile").Description("A profile of the shared configuration.").Default(""),
		).Description("For AWS_MSK_IAM."),
	).Description("Ways to authenticate, the preferred one first: the first that the broker knows is taken.").
		Default([]any{}).
		Example([]any{map[string]any{"mechanism": "SCRAM-SHA-512", "username": "lander", "password": "${KAFKA_PASSWORD}"}})
}

// mechanisms reads the ways to authenticate. It makes no request.
func mechanisms(conf *service.ParsedConfig) ([]sasl.Mechanism, error) {
	list, err := conf.FieldObjectList(fieldSASL)
	if err != nil {
		return nil, err
	}
	var all []sasl.Mechanism
	for i, c := range list {
		m, err := mechanism(c)
		if err != nil {
			return nil, fmt.Errorf("%s[%d]: %w", fieldSASL, i, err)
		}
		if m != nil {
			all = append(all, m)
		}
	}
	return all, nil
}

func mechanism(c *service.ParsedConfig) (sasl.Mechanism, error) {
	name, err := c.FieldString("mechanism")
	if err != nil {
		return nil, err
	}
	switch name {
	case "none", "":
		return nil, nil //nolint:nilnil // none was asked for
	case "OAUTHBEARER":
		return bearer(c)
	case "AWS_MSK_IAM":
		return msk(c)
	}
	user, err := c.FieldString("username")
	if err != nil {
		return nil, err
	}
	password, err := c.FieldString("password")
	if err != nil {
		return nil, err
	}
	if user == "" || password == "" {
		return nil, fmt.Errorf("%s needs username and password", name)
	}
	switch name {
	case "PLAIN":
		return plain.Auth{User: user, Pass: password}.AsMechanism(), nil
	case "SCRAM-SHA-256":
		return scram.Auth{User: user, Pass: password}.AsSha256Mechanism(), nil
	case "SCRAM-SHA-512":
		return scram.Auth{User: user, Pass: password}.AsSha512Mechanism(), nil
	}
	return nil, fmt.Errorf("unknown mechanism %q: use PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or AWS_MSK_IAM", name)
}

func bearer(c *service.ParsedConfig) (sasl.Mechanism, error) {
	token, err := c.FieldString("token")
	if err != nil {
		return nil, err
	}
	if token == "" {
		return nil, errors.New("OAUTHBEARER needs a token")
	}
	extensions, err := c.FieldStringMap("extensions")
	if err != nil {
		return nil, err
	}
	return tokens{oauth.Auth{Token: token, Extensions: extensions}.AsMechanism()}, nil
}

// tokens is OAUTHBEARER that says what the brokers say of a token.
type tokens struct{ sasl.Mechanism }

// errToken is a token that is not accepted.
var errToken = errors.New("the brokers refuse the token")

// Authenticate implements sasl.Mechanism.
func (t tokens) Authenticate(ctx context.Context, host string) (sasl.Session, []byte, error) {
	s, first, err := t.Mechanism.Authenticate(ctx, host)
	return tokenSession{s}, first, err //nolint:wrapcheck // as the other mechanisms
}

type tokenSession struct{ sasl.Session }

// Challenge implements sasl.Session. Brokers say why they refuse a token in what is
// otherwise empty (RFC 7628).
func (s tokenSession) Challenge(answer []byte) (done bool, reply []byte, err error) {
	if len(answer) > 0 {
		return false, nil, fmt.Errorf("%w: %.200q", errToken, answer)
	}
	return s.Session.Challenge(answer) //nolint:wrapcheck // as the other mechanisms
}

// msk asks the credentials of the SDK's chain anew for each connection: those
// of a role end.
func msk(c *service.ParsedConfig) (sasl.Mechanism, error) {
	region, err := c.FieldString("aws", "region")
	if err != nil {
		return nil, err
	}
	profile, err := c.FieldString("aws", "profile")
	if err != nil {
		return nil, err
	}
	var options []func(*config.LoadOptions) error
	if region != "" {
		options = append(options, config.WithRegion(region))
	}
	if profile != "" {
		options = append(options, config.WithSharedConfigProfile(profile))
	}
	loaded, err := config.LoadDefaultConfig(context.Background(), options...)
	if err != nil {
		return nil, fmt.Errorf("loading the AWS configuration: %w", err)
	}
	return aws.ManagedStreamingIAM(func(ctx context.Context) (aws.Auth, error) {
		creds, err := loaded.Credentials.Retrieve(ctx)
		if err != nil {
			return aws.Auth{}, fmt.Errorf("getting AWS credentials for MSK: %w", err)
		}
		return aws.Auth{AccessKey: creds.AccessKeyID, SecretKey: creds.SecretAccessKey, SessionToken: creds.SessionToken}, nil
	}), nil
}
