package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	directory  string
	binary     string
	prometheus string
	duration   time.Duration
	out        string
	rules      bool
}

func main() {
	var o options
	flag.StringVar(&o.directory, "dir", "resources/monitoring", "where the dashboard and the alert rules are")
	flag.StringVar(&o.binary, "binary", "bin/s3-destination", "the binary to run")
	flag.StringVar(&o.prometheus, "prometheus", "prometheus", "the Prometheus to run")
	flag.DurationVar(&o.duration, "duration", 8*time.Minute, "how long the load lasts")
	flag.StringVar(&o.out, "out", "", "where to write the answers, for draw.py; empty means nowhere")
	flag.BoolVar(&o.rules, "rules", false, "print the queries of the dashboard as a rule file, and end")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "monitoring: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	d, err := readDashboard(filepath.Join(o.directory, "grafana-dashboard.json"))
	if err != nil {
		return err
	}
	if o.rules {
		text, err := d.rules()
		if err == nil {
			_, err = fmt.Print(text)
		}
		return err
	}
	w, err := newWorld(ctx, o)
	if err != nil {
		return err
	}
	defer w.close()
	began := time.Now()
	if err := w.play(ctx, o.duration); err != nil {
		return err
	}
	answers, err := w.ask(ctx, d, began, time.Now())
	if err != nil {
		return err
	}
	if o.out != "" {
		if err := answers.write(o.out); err != nil {
			return err
		}
	}
	return answers.judge(os.Stdout)
}
