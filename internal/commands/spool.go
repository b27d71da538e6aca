package commands

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/urfave/cli/v2"

	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/courier"
	"github.com/s3-destination/s3-destination/internal/landing"
	"github.com/s3-destination/s3-destination/internal/output"
	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/spooled"
	"github.com/s3-destination/s3-destination/internal/template"
)

// spoolCommand looks into the spool of an output that does not run, and empties
// it.
func spoolCommand(out io.Writer) *cli.Command {
	flags := func() []cli.Flag {
		return []cli.Flag{
			labelFlag,
			&cli.StringFlag{Name: "stream", Usage: "the name of the stream, of streams mode"},
			&cli.BoolFlag{Name: "json", Usage: "print the report as JSON"},
		}
	}
	return &cli.Command{
		Name:  "spool",
		Usage: "Look into the spool of an output that does not run, and empty it",
		Subcommands: []*cli.Command{
			ofConfig(&cli.Command{
				Name: "inspect", ArgsUsage: "CONFIG", Flags: flags(),
				Usage:       "Tell what waits in the spool",
				Description: "Reads the journal and what lies beside it, and changes nothing. The exit code is 0, or 2 when the spool cannot be read or a process has it.",
				Action:      func(c *cli.Context) error { return spoolReport(c, out, false) },
			}),
			ofConfig(&cli.Command{
				Name: "verify", ArgsUsage: "CONFIG", Flags: flags(),
				Usage:       "Read all that waits in the spool, and compare it with its checksums",
				Description: "As inspect, and reads every record and object. The exit code is 0 when all can be read, 1 when something is lost, 2 when the spool cannot be read or a process has it.",
				Action:      func(c *cli.Context) error { return spoolReport(c, out, true) },
			}),
			ofConfig(&cli.Command{
				Name: "drain", ArgsUsage: "CONFIG", Flags: flags(),
				Usage:       "Store all that waits in the spool, and return when it is empty",
				Description: "Writes what is collected as objects, and stores them as the output would. The exit code is 0 when the spool is empty, 1 when it is not, 2 when the configuration cannot be read.",
				Action:      func(c *cli.Context) error { return drainSpool(c, out) },
			}),
		},
	}
}

// spoolOf is the configuration and the directory that a command line names.
func spoolOf(c *cli.Context) (*config.Config, string, string, error) {
	found, err := configured(c)
	if err != nil {
		return nil, "", "", err
	}
	conf := found.Config()
	if !conf.Spool.On() {
		return nil, "", "", cli.Exit("the output has no spool: spool.path is empty", exitUsage)
	}
	return conf, found.Label, spooled.Dir(conf, c.String("stream"), found.Label), nil
}

// SpoolContents is what spool inspect and spool verify print with --json.
type SpoolContents struct {
	Directory   string           `json:"directory"`
	Format      int              `json:"format"`
	Destination string           `json:"destination"`
	Bytes       map[string]int64 `json:"bytes"`
	Partitions  []spoolPartition `json:"partitions"`
	Objects     []spoolObject    `json:"objects"`
	Lost        []string         `json:"lost"`
	Torn        []string         `json:"torn"`
}

type spoolPartition struct {
	Path    string    `json:"path"`
	Kind    string    `json:"kind"`
	Records uint64    `json:"records"`
	Bytes   int64     `json:"bytes"`
	Since   time.Time `json:"since"`
}

type spoolObject struct {
	Number  uint64 `json:"number"`
	Key     string `json:"key"`
	Kind    string `json:"kind"`
	Records uint64 `json:"records"`
}

func kindName(k spool.Kind) string {
	if k == spool.DeadLetter {
		return "dead_letter"
	}
	return "data"
}

func spoolReport(c *cli.Context, out io.Writer, verify bool) error {
	_, _, dir, err := spoolOf(c)
	if err != nil {
		return err
	}
	found, err := spool.Inspect(disk.OS{}, dir, verify)
	if err != nil {
		return cli.Exit(err.Error(), exitUsage)
	}
	report := describeSpool(dir, &found)
	if c.Bool("json") {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		err = e.Encode(report)
	} else {
		err = report.write(out)
	}
	if err != nil {
		return cli.Exit(fmt.Sprintf("printing the report: %v", err), exitUsage)
	}
	if verify && len(report.Lost) > 0 {
		return cli.Exit("", exitNo)
	}
	return nil
}

func describeSpool(dir string, found *spool.Contents) *SpoolContents {
	r := &SpoolContents{
		Directory: dir, Format: found.Version, Destination: found.Destination,
		Bytes:      map[string]int64{"journal": found.Journal, "spill": found.Spill, "outbox": found.Stats.Outbox},
		Partitions: []spoolPartition{}, Objects: []spoolObject{}, Lost: []string{}, Torn: []string{},
	}
	for _, s := range found.Waiting {
		r.Partitions = append(r.Partitions, spoolPartition{
			Path: template.Readable(courier.Path(s.Path)), Kind: kindName(s.Kind), Records: s.Records, Bytes: s.Bytes, Since: s.Since,
		})
	}
	for _, o := range found.Outbox {
		r.Objects = append(r.Objects, spoolObject{
			Number: o.Number, Key: landing.KeyOf(o.Intent), Kind: kindName(o.Kind), Records: o.End - o.First,
		})
	}
	for _, l := range found.Lost {
		l.Path = template.Readable(courier.Path(l.Path))
		if l.Unacknowledged {
			r.Torn = append(r.Torn, l.String())
		} else {
			r.Lost = append(r.Lost, l.String())
		}
	}
	return r
}

// write prints the report for people.
func (r *SpoolContents) write(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
	size := func(part string) string { return humanize.IBytes(uint64(r.Bytes[part])) }
	line("%s, format %d, for %s", r.Directory, r.Format, r.Destination)
	line("journal %s, spill %s, outbox %s", size("journal"), size("spill"), size("outbox"))
	line("\n%d partitions with records", len(r.Partitions))
	for _, p := range r.Partitions {
		line("  %s\t%s\t%d records\t%s\tsince %s", p.Path, p.Kind, p.Records, humanize.IBytes(uint64(p.Bytes)), p.Since.Format(time.RFC3339))
	}
	line("\n%d objects to store", len(r.Objects))
	for _, o := range r.Objects {
		line("  %d\t%s\t%s\t%d records", o.Number, o.Key, o.Kind, o.Records)
	}
	section := func(title string, lines []string) {
		if len(lines) > 0 {
			line("\n%s\n  %s", title, strings.Join(lines, "\n  "))
		}
	}
	section("lost", r.Lost)
	section("not complete, and never acknowledged", r.Torn)
	return w.Flush() //nolint:wrapcheck // the caller says what was being done
}

// drainSpool stores what is in a spool.
func drainSpool(c *cli.Context, out io.Writer) error {
	conf, label, dir, err := spoolOf(c)
	if err != nil {
		return err
	}
	var told time.Time
	err = output.DrainSpool(c.Context, conf, c.String("stream"), label, func(s spool.Stats) {
		if time.Since(told) >= time.Second && !c.Bool("json") {
			told = time.Now()
			_, _ = fmt.Fprintf(out, "%d partitions and %d objects wait\n", s.Streams, s.Objects)
		}
	})
	if err != nil {
		return cli.Exit(fmt.Sprintf("draining the spool in %s: %v", dir, err), exitNo)
	}
	if c.Bool("json") {
		return json.NewEncoder(out).Encode(map[string]string{"drained": dir}) //nolint:wrapcheck // says enough
	}
	_, err = fmt.Fprintf(out, "the spool in %s is empty\n", dir)
	return err //nolint:wrapcheck // says enough
}
