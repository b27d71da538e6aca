package store

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/s3-destination/s3-destination/internal/store/auth"
)

// What a panic prints, or a line of debugging that somebody forgot.
func TestPrintedConfigurationsHoldNoSecret(t *testing.T) {
	a := auth.Config{
		Mode: auth.ModeAssumeRole, AccessKeyID: "hidden-id", SecretAccessKey: "hidden-secret", SessionToken: "hidden-token", ExternalID: "hidden-external-id",
		Chain: []auth.Hop{{RoleARN: "arn:aws:iam::111122223333:role/hub", ExternalID: "hidden-external-id"}},
	}
	cfg := Config{Bucket: "b", Auth: a}
	for _, v := range []any{a, &a, a.Hops(), a.Chain[0], cfg, &cfg, fmt.Errorf("with %v", cfg), []Config{cfg}, map[string]any{"auth": a}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			assert.NotContains(t, fmt.Sprintf(verb, v), "hidden", "%s of %T", verb, v)
		}
	}
}
