package commands

import (
	"fmt"
	"io"
	"maps"
	"slices"
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
			&cli.StringSliceFlag{Name: "principal", Usage: "an account id or ARN that assumes the role (trust), or is granted access (bucket, kms)"},
			&cli.StringSliceFlag{Name: "external-id", Usage: "an external id that the role demands instead of that of the configuration, for trust; * and ? are wildcards"},
			&cli.StringSliceFlag{Name: "source-ip", Usage: "an address or CIDR block from which alone writing is allowed, for role and bucket"},
		},
		Action: func(c *cli.Context) error {
			found, err := configured(c)
			if err != nil {
				return err
			}
			kind, flavour := strings.ToLower(c.String("kind")), strings.ToLower(c.String("flavour"))
			if err := usesAll(c, kind); err != nil {
				return cli.Exit(err.Error(), exitUsage)
			}
			conf := found.Policy()
			conf.Region = found.Region(c.Context)
			conf.SourceIPs = c.StringSlice("source-ip")
			if ids := c.StringSlice("external-id"); len(ids) > 0 {
				conf.ExternalIDs = ids
			}
			if principals := c.StringSlice("principal"); len(principals) > 0 {
				conf.Principals = principals
			} else if kind != string(policy.KindTrust) && kind != "p9" && conf.RoleARN != "" {
				conf.Principals = []string{conf.RoleARN} // who writes, not who assumes
			}
			document, err := render(conf, kind, flavour)
			if err != nil {
				return cli.Exit(err.Error(), exitUsage)
			}
			for _, w := range conf.Warnings() {
				_, _ = fmt.Fprintln(c.App.ErrWriter, "policy: warning:", w)
			}
			_, err = out.Write(document.JSON())
			return err
		},
	}
}

// policyFlags are the kinds that each flag changes: with another it would be
// ignored.
var policyFlags = map[string][]string{
	"flavour":     {"role", "bucket"},
	"principal":   {"trust", "bucket", "kms", "p6", "p7", "p9"},
	"external-id": {"trust", "p9"},
	"source-ip":   {"role", "bucket", "p10"},
}

// usesAll reports a flag that the kind has no use for.
func usesAll(c *cli.Context, kind string) error {
	for _, flag := range slices.Sorted(maps.Keys(policyFlags)) {
		if c.IsSet(flag) && !slices.Contains(policyFlags[flag], kind) {
			return fmt.Errorf("--%s changes nothing of --kind %s: it is for %s", flag, kind, strings.Join(policyFlags[flag], ", "))
		}
	}
	return nil
}

func render(conf policy.Config, kind, flavour string) (policy.Document, error) {
	for _, t := range policy.Templates() {
		if strings.EqualFold(t.ID, kind) {
			return policy.RenderTemplate(conf, t.ID)
		}
	}
	return policy.Render(conf, policy.Kind(kind), policy.Flavour(flavour))
}
