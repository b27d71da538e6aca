package roundtrip

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// plugged is a Redpanda Connect that knows our output as a plugin only.
type plugged struct {
	host     string // the program
	manifest string
	page     string // docs/plugin.md, whose processors are used
}

// run takes records from Kafka to objects, stops Redpanda Connect, and reads the objects
// back. The records have keys and headers of all kinds, and some have no value.
func (p plugged) run(ctx context.Context, out io.Writer) error {
	processors, err := p.processors()
	if err != nil {
		return err
	}
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
	none := valueless()
	if err := produce(ctx, broker, sent, none...); err != nil {
		return err
	}
	kinds := []object{objects[0], objects[len(objects)-1]} // parquet and lines of JSON
	for i := range kinds {
		kinds[i].row = sourced(kinds[i].row, i == 0)
	}
	if err := p.lands(ctx, processors, broker, store, kinds); err != nil {
		return fmt.Errorf("landing the records by a plugin: %w", err)
	}
	for _, o := range kinds {
		rows, err := read(ctx, store, &o)
		if err == nil {
			err = o.compare(sent, rows)
		}
		if err != nil {
			return fmt.Errorf("reading %s back: %w", o.folder, err)
		}
		_, _ = fmt.Fprintf(out, "%-16s %d rows, stored by a plugin: as they were\n", o.folder, len(rows))
	}
	return readLetters(ctx, store, len(none)*len(kinds))
}

// letters is where what has no value goes.
const letters = "letters"

// readLetters expects dead letters with the source of their records, and no payload for
// tombstones.
func readLetters(ctx context.Context, store *s3test.Server, count int) error {
	rows, err := read(ctx, store, &object{folder: letters, scanner: "lines: {}"})
	if err != nil {
		return fmt.Errorf("reading the dead letters: %w", err)
	}
	payloads := map[any]any{"gone": nil, "empty": ""}
	for _, row := range rows {
		letter, _ := row.(rec)
		source, _ := letter["source"].(rec)
		payload, known := payloads[source["kafka_key"]]
		if !known || letter["payload"] != payload {
			return fmt.Errorf("a dead letter is not that of a record without a value: %v", letter)
		}
	}
	if len(rows) != count {
		return fmt.Errorf("there are %d dead letters, and not %d: %v", len(rows), count, rows)
	}
	return nil
}

// processors are those of the pipeline on the page.
func (p plugged) processors() (string, error) {
	text, err := os.ReadFile(p.page)
	if err != nil {
		return "", fmt.Errorf("reading the page about the plugin: %w", err)
	}
	_, rest, found := strings.Cut(string(text), "\npipeline:\n")
	processors, _, ended := strings.Cut(rest, "\noutput:\n")
	if !found || !ended {
		return "", fmt.Errorf("%s has no pipeline with processors before its output", p.page)
	}
	return "\npipeline:\n" + processors, nil
}

// lands runs the host until everything is committed, and has it end.
func (p plugged) lands(ctx context.Context, processors string, broker *kafkatest.Cluster, store *s3test.Server, kinds []object) error {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	address, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	const settings = "on_bad_record: dead_letter\n        dead_letter_folder: " + letters + "\n        include_source_columns: [key, headers]"
	indented := func(yaml string) string { return strings.ReplaceAll(yaml, "\n", "\n  ") }
	pipeline := "http: {address: '" + address + "'}\ninput:" + indented(input(broker, "plugin")) + processors + "\noutput:\n  " + indented(outputs(store, kinds, settings))
	path := filepath.Join(dir, "pipeline.yaml")
	if err := os.WriteFile(path, []byte(pipeline), 0o600); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, p.host, "run", "--rpc-plugins", p.manifest, path)
	var log strings.Builder
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	err = errors.Join(landed(ctx, broker, "plugin", ended), ready(ctx, address), cmd.Process.Signal(syscall.SIGTERM))
	select {
	case exit := <-ended:
		err = errors.Join(err, exit)
	case <-time.After(30 * time.Second):
		err = errors.Join(err, errors.New("it did not end after SIGTERM"), cmd.Process.Kill(), <-ended)
	}
	if err == nil && strings.Contains(log.String(), "level=error") {
		err = errors.New("it logs errors")
	}
	if err != nil {
		return fmt.Errorf("%w; its log:\n%s", err, log.String())
	}
	return nil
}

func freeAddress(ctx context.Context) (string, error) {
	var how net.ListenConfig
	l, err := how.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// ready asks the host whether all of its outputs are connected.
func ready(ctx context.Context, address string) error {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/ready", http.NoBody)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(q)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("asking whether it is ready: %s", res.Status)
	}
	return nil
}
