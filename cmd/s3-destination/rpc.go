package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/urfave/cli/v2"
	"gopkg.in/yaml.v3"

	"github.com/s3-destination/s3-destination/internal/commands"
	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/inspect"
	"github.com/s3-destination/s3-destination/internal/lifecycle"
	"github.com/s3-destination/s3-destination/internal/output"
	"github.com/s3-destination/s3-destination/internal/rpc"
	"github.com/s3-destination/s3-destination/plugin"
)

// rpcMust are settings that have no default in a plugin.
var rpcMust = map[string]string{
	"on_bad_record": "In a plugin it must be given, and be `dead_letter` or `drop`.",
}

// rpcCommand is what Redpanda Connect starts as a plugin.
func rpcCommand(out io.Writer) *cli.Command {
	return &cli.Command{
		Name:  "rpc",
		Usage: "Serve the output to a Redpanda Connect that was built without it, as a dynamic plugin",
		Description: "Redpanda Connect starts this command by the file plugin.yaml, which --manifest prints and archives have: " +
			"redpanda-connect run --rpc-plugins plugin.yaml pipeline.yaml. What differs from the output inside a process is in docs/plugin.md. " +
			"The exit code is 0, 2 when it cannot serve, 3 when records were not stored.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "manifest", Usage: "print the file plugin.yaml"},
			&cli.StringFlag{Name: "log-level", Value: "INFO", Usage: "what is said: DEBUG, INFO, WARN or ERROR; Redpanda Connect logs all of it at INFO"},
			&cli.StringFlag{Name: "http", Usage: "an address such as 127.0.0.1:4199 at which /metrics is served, for Prometheus"},
		},
		Action: func(c *cli.Context) error {
			manifest, err := rpc.ManifestOf(config.Name, []string{"./s3-destination", "rpc"}, rpcMust)
			if err != nil {
				return cli.Exit(err.Error(), commands.ExitUsage)
			}
			if c.Bool("manifest") {
				text, err := manifest.YAML()
				if err == nil {
					_, err = out.Write(text)
				}
				if err != nil {
					return cli.Exit(fmt.Sprintf("printing the manifest: %v", err), commands.ExitUsage)
				}
				return nil
			}
			return serveRPC(c, manifest)
		},
	}
}

// serveRPC answers the calls of Redpanda Connect until it ends.
func serveRPC(c *cli.Context, manifest *rpc.Manifest) error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.String("log-level"))); err != nil {
		return cli.Exit(fmt.Sprintf("--log-level %s is unknown: write DEBUG, INFO, WARN or ERROR", c.String("log-level")), commands.ExitUsage)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level, ReplaceAttr: untimed}))
	res, closeResources, err := rpcResources(c.Context, log, c.String("http"))
	if err != nil {
		return cli.Exit(err.Error(), commands.ExitUsage)
	}
	ctx, cancel := context.WithCancel(c.Context)
	defer cancel()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	err = rpc.Serve(ctx, rpc.Config{
		Address: os.Getenv(rpc.AddressVariable), Version: os.Getenv(rpc.VersionVariable),
		Construct: func(conf map[string]any) (service.BatchOutput, service.BatchPolicy, int, error) {
			return rpcOutput(ctx, manifest.Written(conf), res)
		},
		Drain: plugin.Drain, Signals: signals, Orphaned: rpc.Orphaned(ctx, os.Getppid),
	})
	closeResources()
	if err != nil {
		return cli.Exit(err.Error(), commands.ExitUsage)
	}
	if all, untold := lifecycle.AtEnd(); all.Any() {
		if untold.Any() {
			untold.Log(res.Logger())
		}
		return cli.Exit("", exitUnstored)
	}
	return nil
}

// untimed leaves the time out of a line: Redpanda Connect writes one in front of it.
func untimed(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// rpcResources are the log and the metrics of the output. The function ends them.
func rpcResources(ctx context.Context, log *slog.Logger, address string) (*service.Resources, func(), error) {
	b := service.NewResourceBuilder()
	b.SetLogger(log)
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second}
	if address != "" {
		mux := http.NewServeMux()
		server.Handler = mux
		b.SetHTTPMux(mux)
		if err := b.SetMetricsYAML("prometheus: {}"); err != nil {
			return nil, nil, fmt.Errorf("making the metrics: %w", err)
		}
		var how net.ListenConfig
		listener, err := how.Listen(ctx, "tcp", address)
		if err != nil {
			return nil, nil, fmt.Errorf("listening at the address of --http: %w", err)
		}
		go func() { _ = server.Serve(listener) }() // until it is closed
	}
	res, end, err := b.Build()
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("making the log and the metrics: %w", err), server.Close())
	}
	return res, func() {
		_ = server.Close()
		_ = end(context.WithoutCancel(ctx))
	}, nil
}

// rpcOutput makes the output of a configuration. What lint refuses is refused, and what
// the protocol has no way to do.
func rpcOutput(ctx context.Context, conf map[string]any, res *service.Resources) (service.BatchOutput, service.BatchPolicy, int, error) {
	none := service.BatchPolicy{}
	text, err := yaml.Marshal(conf)
	if err != nil {
		return nil, none, 0, fmt.Errorf("reading the configuration: %w", err)
	}
	if err := rpcLint(conf); err != nil {
		return nil, none, 0, err
	}
	parsed, err := config.Spec().ParseYAML(string(text), nil)
	if err != nil {
		return nil, none, 0, fmt.Errorf("reading the configuration: %w", err)
	}
	c, err := config.Parse(parsed)
	if err != nil {
		return nil, none, 0, err
	}
	o, err := output.New(ctx, c, res)
	if err != nil {
		return nil, none, 0, err
	}
	return o, c.Batching, c.MaxInFlight, nil
}

func rpcLint(conf map[string]any) error {
	text, err := yaml.Marshal(map[string]any{"output": map[string]any{config.Name: conf}})
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	r, err := inspect.ReadText("", string(text))
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	var wrong []string
	for _, f := range r.Serious() {
		wrong = append(wrong, f.Message())
	}
	if bad := conf["on_bad_record"]; bad == nil || bad == "reject" {
		wrong = append(wrong, "on_bad_record: the protocol of plugins has no errors of single records, and a batch with one that is rejected would be sent again for ever: write dead_letter or drop")
	}
	if batching, _ := conf["batching"].(map[string]any); batching["processors"] != nil {
		wrong = append(wrong, "batching.processors: the protocol of plugins has no place for them: write them into the processors of the pipeline")
	}
	if len(wrong) > 0 {
		return errors.New("the configuration of " + config.Name + " has mistakes:\n" + strings.Join(wrong, "\n"))
	}
	return nil
}
