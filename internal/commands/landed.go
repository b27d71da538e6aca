package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/urfave/cli/v2"

	"github.com/s3-destination/s3-destination/internal/inspect"
	"github.com/s3-destination/s3-destination/internal/place"
	"github.com/s3-destination/s3-destination/internal/store"
)

// placeFlags are those of the commands that look at what has landed.
func placeFlags() []cli.Flag {
	return []cli.Flag{
		labelFlag,
		&cli.StringFlag{Name: ToFlag.Name, Usage: "the directory that run --to has written to, instead of the bucket"},
	}
}

// landedFlags are those of the ones that tell of objects.
func landedFlags() []cli.Flag {
	return append(placeFlags(), &cli.BoolFlag{Name: "json", Usage: "print a line of JSON for each object"})
}

// lsCommand lists objects.
func lsCommand(out io.Writer) *cli.Command {
	return &cli.Command{
		Name:      "ls",
		Usage:     "List the objects of an output",
		ArgsUsage: "CONFIG [PREFIX]",
		Description: "Lists the objects below PREFIX, or below what all keys of the output begin with: size, time and key. " +
			"With --long also rows and the reason for which the object ended, for which each object is asked. " +
			"It needs s3:ListBucket, and with --long s3:GetObject. The exit code is 0, 1 when there is none, 2 when they cannot be listed.",
		Flags: append(landedFlags(), &cli.BoolFlag{Name: "long", Aliases: []string{"l"}, Usage: "tell rows and reason too"}),
		Action: func(c *cli.Context) error {
			return look(c, func(found *inspect.Output, at place.Landed, args []string) error {
				if len(args) > 1 {
					return usage(c)
				}
				l := lister{output: found, at: at, to: out, json: c.Bool("json"), long: c.Bool("long")}
				return l.list(c.Context, append(args, found.StaticPrefix())[0])
			})
		},
	}
}

// statCommand describes objects.
func statCommand(out io.Writer) *cli.Command {
	return &cli.Command{
		Name:      "stat",
		Usage:     "Tell what is known of objects: rows, why they ended, where their records came from, columns",
		ArgsUsage: "CONFIG KEY...",
		Description: "Reads the metadata of each object, and of parquet the footer, of avro the header, of csv the first row. It needs s3:GetObject. " +
			"The exit code is 0, 1 when there is no such object, 2 when it cannot be read.",
		Flags: landedFlags(),
		Action: func(c *cli.Context) error {
			return look(c, func(found *inspect.Output, at place.Landed, args []string) error {
				if len(args) == 0 {
					return usage(c)
				}
				for i, key := range args {
					o, err := found.Describe(c.Context, at, key)
					if err != nil {
						return notLanded(err)
					}
					if c.Bool("json") {
						err = json.NewEncoder(out).Encode(o)
					} else {
						err = writeObject(out, &o, i > 0)
					}
					if err != nil {
						return cli.Exit(fmt.Sprintf("printing what is known of %s: %v", key, err), exitUsage)
					}
				}
				return nil
			})
		},
	}
}

func usage(c *cli.Context) error {
	return cli.Exit(fmt.Sprintf("usage: %s %s [options] %s", c.App.Name, c.Command.Name, c.Command.ArgsUsage), exitUsage)
}

// notLanded is the error of an object that could not be read.
func notLanded(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return cli.Exit(err.Error(), exitNo)
	}
	return cli.Exit(err.Error(), exitUsage)
}

// look opens the place of the output that a command line names.
func look(c *cli.Context, do func(found *inspect.Output, at place.Landed, args []string) error) error {
	found, args, err := configuredWith(c)
	if err != nil {
		return err
	}
	conf := found.Config()
	if dir := Text(c, ToFlag.Name); dir != "" {
		if _, err := os.Stat(dir); err != nil {
			return cli.Exit(fmt.Sprintf("looking for the directory of objects: %v", err), exitUsage)
		}
		if err := conf.LandIn(dir); err != nil {
			return cli.Exit(err.Error(), exitUsage)
		}
	}
	at, err := place.OpenLanded(c.Context, conf, found.Label)
	if err != nil {
		return cli.Exit(err.Error(), exitUsage)
	}
	defer at.Close()
	for i := range args {
		args[i] = conf.KeyOf(args[i])
	}
	return do(found, at, args)
}

// lister prints the objects of a listing.
type lister struct {
	output     *inspect.Output
	at         place.Landed
	to         io.Writer
	json, long bool
}

// list prints what is below a prefix, a page at a time.
func (l *lister) list(ctx context.Context, prefix string) error {
	count := 0
	for after := ""; ; {
		page, err := l.at.Listing(ctx, prefix, after, store.MaxListed)
		if err != nil {
			return cli.Exit(err.Error(), exitUsage)
		}
		if len(page) == 0 {
			break
		}
		after = page[len(page)-1].Key
		if err := l.page(ctx, page); err != nil {
			return err
		}
		count += len(page)
	}
	if count == 0 {
		return cli.Exit(fmt.Sprintf("no object begins with %q", prefix), exitNo)
	}
	return nil
}

func (l *lister) page(ctx context.Context, page []store.Listed) error {
	for _, listed := range page {
		o := inspect.Object{}
		o.Listed = listed
		if l.long {
			found, err := l.output.Look(ctx, l.at, listed.Key)
			if errors.Is(err, store.ErrNotFound) {
				continue // removed in the meantime
			}
			if err != nil {
				return cli.Exit(err.Error(), exitUsage)
			}
			o = found
		}
		if err := l.print(&o); err != nil {
			return cli.Exit(fmt.Sprintf("printing the list: %v", err), exitUsage)
		}
	}
	return nil
}

func (l *lister) print(o *inspect.Object) (err error) {
	switch at := o.Modified.UTC().Format(time.RFC3339); {
	case l.json && l.long:
		err = json.NewEncoder(l.to).Encode(o)
	case l.json:
		err = json.NewEncoder(l.to).Encode(o.Listed)
	case l.long:
		_, err = fmt.Fprintf(l.to, "%9s  %s  %12s  %-10s  %s\n", humanize.IBytes(uint64(o.Size)), at, rowCount(o), orDash(o.Reason), o.Key)
	default:
		_, err = fmt.Fprintf(l.to, "%9s  %s  %s\n", humanize.IBytes(uint64(o.Size)), at, o.Key)
	}
	return err
}

func rowCount(o *inspect.Object) string {
	if o.Rows == nil {
		return "-"
	}
	return humanize.Comma(*o.Rows)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// writeObject prints what is known of an object for people, apart from one before it.
func writeObject(to io.Writer, o *inspect.Object, another bool) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	if another {
		_, _ = fmt.Fprintln(w)
	}
	line := func(name, value string) {
		if value != "" {
			_, _ = fmt.Fprintf(w, "%s\t%s\n", name, value)
		}
	}
	line("key", o.Key)
	line("size", humanize.Comma(o.Size)+" bytes")
	line("modified", o.Modified.UTC().Format(time.RFC3339))
	line("rows", rowCount(o))
	line("ended by", orDash(o.Reason))
	line("source", strings.ReplaceAll(o.Source, " ", "\n\t"))
	line("content type", o.ContentType)
	line("content encoding", o.ContentEncoding)
	line("encryption", o.Encryption)
	line("storage class", o.StorageClass)
	line("etag", o.ETag)
	for _, key := range slices.Sorted(maps.Keys(o.Metadata)) {
		line("metadata", key+": "+o.Metadata[key])
	}
	for _, column := range o.Columns {
		line("column", strings.TrimSuffix(column.Name+"\t"+column.Declaration, "\t"))
	}
	return w.Flush() //nolint:wrapcheck // the caller says what was being done
}
