// Command release makes what is published of s3-destination: static binaries
// for several platforms, with and without the Kafka components, as archives
// that are the same to the byte whoever makes them, with checksums, bills of
// materials and the licences of all that is linked. See docs/releasing.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

const usage = `usage: release COMMAND [flags], in the root of the repository

  build -version V [-out DIR]   make the release of the commit that is checked out
  notes -version V              print the section of the change log
  check [-quick]                make a release twice for this machine, and check it
  licences [-out DIR]           list what is linked, and write the texts
  licence-check                 fail on licences that are not allowed
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1) //nolint:gocritic // the signals need no restoring
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		return fmt.Errorf("no command\n%s", usage)
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the usage is part of the error
	version := flags.String("version", "", "the version, as 1.2.3")
	dir := flags.String("out", "dist", "the folder for what is made")
	quick := flags.Bool("quick", false, "check: let the second build use what the first compiled")
	if err := flags.Parse(args[1:]); err != nil {
		return fmt.Errorf("%w\n%s", err, usage)
	}
	switch args[0] {
	case "build":
		v, err := parseVersion(*version)
		if err != nil {
			return err
		}
		return buildRelease(ctx, v, *dir, out)
	case "notes":
		return printNotes(*version, out)
	case "check":
		return check(ctx, *quick, out)
	case "licences":
		return printLicences(ctx, *dir, out)
	case "licence-check":
		return checkLicences(ctx, out)
	}
	return fmt.Errorf("there is no command %q\n%s", args[0], usage)
}

// printNotes prints what the change log says about a version.
func printNotes(version string, out io.Writer) error {
	v, err := parseVersion(version)
	if err != nil {
		return err
	}
	entry, err := entryOf(".", v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, entry.Body)
	return err
}
