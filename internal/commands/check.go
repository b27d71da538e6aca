package commands

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/s3-destination/s3-destination/internal/doctor"
)

// checkCommand is the doctor: it tries a destination and says what to fix.
func checkCommand(out io.Writer) *cli.Command {
	return &cli.Command{
		Name:      "check",
		Usage:     "Try the destination of a configuration, and say what works, what matters and what to change",
		ArgsUsage: "CONFIG",
		Description: "Resolves the credentials hop by hop, writes and deletes the object of the health check, tries the optional rights, " +
			"and compares encryption, clock, region and endpoint. Prints a table, and the exact statements to add to which policy. " +
			"The exit code is 0 when everything required works, 1 when something required fails, 2 when the configuration cannot be tried.",
		Flags: []cli.Flag{
			labelFlag,
			&cli.BoolFlag{Name: "json", Usage: "print the report as JSON"},
		},
		Action: func(c *cli.Context) error {
			found, err := configured(c)
			if err != nil {
				return err
			}
			report := doctor.Run(c.Context, found.Doctor())
			if err := printReport(out, report, c.Bool("json")); err != nil {
				return cli.Exit(fmt.Sprintf("printing the report: %v", err), exitUsage)
			}
			if code := report.ExitCode(); code != doctor.ExitHealthy {
				return cli.Exit("", code)
			}
			return nil
		},
	}
}

// report is what a command found out, for people and for machines.
type report interface {
	Write(out io.Writer) error
	JSON() ([]byte, error)
}

func printReport(out io.Writer, r report, asJSON bool) error {
	if !asJSON {
		return r.Write(out)
	}
	text, err := r.JSON()
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}
