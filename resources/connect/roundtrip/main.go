package roundtrip

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"

	// The output is what this is about.
	_ "github.com/s3-destination/s3-destination/plugin"
)

// patience is for the whole way there and back.
const patience = 3 * time.Minute

// Main runs the way there and back in a program that imports the components of
// Redpanda Connect, and ends the process.
func Main() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	var p plugged
	flag.StringVar(&p.host, "host", "", "a Redpanda Connect without our output, to be tried too")
	flag.StringVar(&p.manifest, "plugin", "", "the manifest of our output as a plugin for it")
	flag.StringVar(&p.page, "page", "", "the page about the plugin, with the processors that it needs")
	flag.Parse()
	err := run(ctx, os.Stdout)
	if err == nil && p.host != "" {
		err = p.run(ctx, os.Stdout)
	}
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "FAIL:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	modules, err := versions()
	if err != nil {
		return err
	}
	_, _ = fmt.Fprint(out, modules)
	store, err := s3test.Start(s3test.Config{}) //nolint:contextcheck // it runs until it is closed
	if err != nil {
		return err
	}
	defer store.Close()
	broker, err := kafkatest.Start()
	if err != nil {
		return err
	}
	defer broker.Close()

	sent := records(count)
	if err := land(ctx, broker, store, sent); err != nil {
		return fmt.Errorf("landing the records: %w", err)
	}
	for _, o := range objects {
		rows, err := read(ctx, store, &o)
		if err == nil {
			err = o.compare(sent, rows)
		}
		if err != nil {
			return fmt.Errorf("reading %s back: %w", o.folder, err)
		}
		_, _ = fmt.Fprintf(out, "%-16s %d rows, read by Connect's %s: as they were\n", o.folder, len(rows), o.reader)
	}
	return nil
}
