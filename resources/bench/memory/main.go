// Command memory runs the product's own binary with 10,000 open partitions and
// compares its peak memory with the limit it was given.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/s3-destination/s3-destination/resources/bench/feed"
	"github.com/s3-destination/s3-destination/resources/bench/internal/child"
	"github.com/s3-destination/s3-destination/resources/bench/internal/dataset"
)

const (
	limit     = 256 << 20
	allowance = 100 << 20
	records   = 200_000
)

// some is the smaller number of open partitions; dataset.Many is the larger.
const some = 1_000

// cases are the rows of the table. The first input makes batches, as a Kafka
// client does; the second makes single messages that are batched later, each of
// which costs more. Parsed records come out of a mapping as a tree of values, and
// every second record of the row with dead letters is none that parquet can hold.
// 116 is what auto is for bytes in batches of 1,000; generate makes batches of
// trees, as far as auto knows, and gets fewer. With a larger number more batches
// are taken than memory_limit has room for: nothing can bound that, and the
// binary warns of it.
var cases = []struct {
	input, config string
	partitions    int
	format        string
	inFlight      string
}{
	{"batches of 1,000", batches(dataset.Many), dataset.Many, "json", "116"},
	{"messages, batched", messages, dataset.Many, "json", "auto"},
	{"parsed records of 30 fields, in batches of 1,000", parsed(dataset.Many), dataset.Many, "json", "auto"},
	{"parsed records of 30 fields, in batches of 1,000", parsed(some), some, "parquet", "auto"},
	{"batches of 1,000, every second record a dead letter", half(some), some, "parquet", "116"},
	{"batches of 1,000", batches(some), some, "parquet", "116"},
	{"batches of 1,000", batches(some), some, "avro", "116"},
	{"batches of 1,000", batches(some), some, "csv", "116"},
	{"batches of 1,000", batches(dataset.Many), dataset.Many, "json", "1000"},
	{"messages, batched", messages, dataset.Many, "json", "1000"},
}

func batches(partitions int) string {
	return fmt.Sprintf(`
  generate:
    count: %d
    batch_size: 1000
    interval: ""
    mapping: 'root = "{\"tenant\":\"t-%%05d\",\"text\":\"%s\"}".format(random_int(min: 0, max: %d))'`, records, text, partitions-1)
}

// half makes records of which every second one is broken.
func half(partitions int) string {
	return fmt.Sprintf(`
  generate:
    count: %d
    batch_size: 1000
    interval: ""
    mapping: |
      let text = "{\"tenant\":\"t-%%05d\",\"text\":\"%s\"".format(random_int(min: 0, max: %d))
      root = $text + if random_int(min: 0, max: 1) == 0 { "}" } else { "" }`, records, text, partitions-1)
}

// parsed makes records that are trees of values, of about the same size.
func parsed(partitions int) string {
	var fields strings.Builder
	for i := range 30 {
		fmt.Fprintf(&fields, "\n      root.field_%02d = \"%s\"", i, text[:20])
	}
	return fmt.Sprintf(`
  generate:
    count: %d
    batch_size: 1000
    interval: ""
    mapping: |
      root.tenant = "t-%%05d".format(random_int(min: 0, max: %d))%s`, records, partitions-1, fields.String())
}

const messages = `
  batched:
    child:
      file: { paths: [ DATA ], scanner: { lines: {} } }
    policy: { count: 1000, period: 100ms }`

// text makes records as large as those of the data set.
var text = strings.Repeat("0123456789abcdef", 51)

const config = `http: { enabled: false }
logger: { level: ERROR }
input:%s
output:
  s3_destination:
    bucket: bench
    region: us-east-1
    endpoint: %s
    force_path_style_urls: true
    auth: { mode: access_key, access_key_id: bench, secret_access_key: bench-secret }
    health_check: { enabled: false }
    folder: out/{{tenant}}
    variables: { tenant: '${! json("tenant") }' }
    file_format: %s
    memory_limit: 256MiB
    max_in_flight: %s
    on_bad_record: dead_letter
`

func main() {
	binary := flag.String("binary", "../../bin/s3-destination", "the binary to measure")
	bin := flag.String("bin", "work/bin", "directory of the binary server")
	dir := flag.String("dir", "work", "directory for data")
	rows := flag.String("rows", "", "rows of the table to run, as in 5,8; all of them without it")
	flag.Parse()
	fmt.Printf("%d records, memory_limit %d MiB; allowed: limit + %d MiB = %d MiB.\n\n",
		records, limit>>20, allowance>>20, (limit+allowance)>>20)
	fmt.Println("| open partitions | format | input | max_in_flight | peak RSS, MiB | met | rows/s | objects |\n|--:|---|---|--:|--:|---|--:|--:|")
	for i, c := range cases {
		if *rows != "" && !slices.Contains(strings.Split(*rows, ","), strconv.Itoa(i+1)) {
			continue
		}
		fmt.Printf("| %d | %s | %s ", c.partitions, c.format, c.input)
		if err := run(*binary, *bin, *dir, c.config, c.format, c.inFlight); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func run(binary, bin, dir, input, format string, inFlight string) error {
	data, err := dataset.Write(dir, dataset.Tenants, records)
	if err != nil {
		return err
	}
	server, err := child.Serve(filepath.Join(bin, "server"), dir, false)
	if err != nil {
		return err
	}
	defer server.Stop()
	path := filepath.Join(dir, "memory.yaml")
	if err := os.WriteFile(path, fmt.Appendf(nil, config, strings.ReplaceAll(input, "DATA", data), server.URL, format, inFlight), 0o600); err != nil {
		return err
	}
	var log bytes.Buffer
	cmd := exec.Command(binary, "run", path)
	cmd.Stdout, cmd.Stderr = &log, &log
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	peak := watch(cmd)
	took := time.Since(began)
	if !cmd.ProcessState.Success() {
		return fmt.Errorf("%s: %s: %s", binary, cmd.ProcessState, log.String())
	}
	c, err := server.Counts()
	if err != nil {
		return err
	}
	met := "yes"
	if peak > limit+allowance {
		met = "**no**"
	}
	fmt.Printf("| %s | %d | %s | %.0f | %d |\n", inFlight, peak>>20, met, records/took.Seconds(), c.Objects)
	return nil
}

// watch waits for the process and returns its high-water mark.
func watch(cmd *exec.Cmd) (peak int64) {
	done := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(done)
	}()
	for {
		peak = max(peak, feed.PeakRSS(strconv.Itoa(cmd.Process.Pid)))
		select {
		case <-done:
			return peak
		case <-time.After(20 * time.Millisecond):
		}
	}
}
