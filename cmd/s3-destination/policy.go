package main

import (
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/s3-destination/s3-destination/internal/policy"
)

// policyCommand prints the AWS policies that a configuration needs.
func policyCommand(out io.Writer) *cli.Command {
	return &cli.Command{
		Name:      "policy",
		Usage:     "Print an AWS policy for a configuration: for the writer, the role's trust, the bucket or the key",
		ArgsUsage: "CONFIG",
		Description: "The policy is valid JSON, scoped to the bucket, prefix, key and external ids of the configuration. " +
			"Kinds: role (what the writer may do), trust (who may assume the role), bucket (a bucket policy), kms (a key policy), " +
			"or p1 to p10, the documented templates.",
		Flags: []cli.Flag{
			labelFlag,
			&cli.StringFlag{Name: "kind", Value: string(policy.KindRole), Usage: "role, trust, bucket, kms, or p1 to p10"},
			&cli.StringFlag{Name: "flavour", Value: string(policy.Recommended), Usage: "minimum, recommended or full"},
			&cli.StringSliceFlag{Name: "principal", Usage: "an account id or ARN that is granted access, for trust, bucket and kms"},
			&cli.StringSliceFlag{Name: "source-ip", Usage: "an address or CIDR block from which alone writing is allowed"},
		},
		Action: func(c *cli.Context) error {
			found, err := configured(c)
			if err != nil {
				return err
			}
			conf := found.Policy()
			conf.Region = found.Region(c.Context)
			conf.SourceIPs = c.StringSlice("source-ip")
			kind := strings.ToLower(c.String("kind"))
			if principals := c.StringSlice("principal"); len(principals) > 0 {
				conf.Principals = principals
			} else if kind != string(policy.KindTrust) && conf.RoleARN != "" {
				conf.Principals = []string{conf.RoleARN} // who writes, not who assumes
			}
			document, err := render(conf, kind, strings.ToLower(c.String("flavour")))
			if err != nil {
				return cli.Exit(err.Error(), exitUsage)
			}
			_, err = out.Write(document.JSON())
			return err
		},
	}
}

func render(conf policy.Config, kind, flavour string) (policy.Document, error) {
	for _, t := range policy.Templates() {
		if strings.EqualFold(t.ID, kind) {
			return policy.RenderTemplate(conf, t.ID)
		}
	}
	return policy.Render(conf, policy.Kind(kind), policy.Flavour(flavour))
}
