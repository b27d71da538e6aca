// Command calibrate measures what calls and messages in flight cost beside
// their payload. The constants callOverhead and messageOverhead of
// internal/config follow from it.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/s3-destination/s3-destination/resources/bench/feed"
	"github.com/s3-destination/s3-destination/resources/bench/internal/child"
	"github.com/s3-destination/s3-destination/resources/bench/internal/dataset"
	"github.com/s3-destination/s3-destination/resources/bench/internal/works"
)

// held keeps every record in flight until the input has ended.
const held = "file_format: json\nmemory_limit: 64GiB\nmax_age: 1h\nidle_timeout: 0s\nmax_file_size: 0\nmax_records: 0\n"

// spreads are the partitions that the records go to.
var spreads = []struct{ name, fields string }{
	{"one", "folder: out/{{site}}\nfile_name: '{{uuid}}'\nvariables: { site: '${! json(\"site\") }' }"},
	{"10,000", "folder: out/{{tenant}}\nfile_name: '{{uuid}}'\nvariables: { tenant: '${! json(\"tenant\") }' }"},
}

func main() {
	bin := flag.String("bin", "work/bin", "directory of the binaries ours and server")
	dir := flag.String("dir", "work", "directory for data")
	records := flag.Int("records", 100_000, "records in flight")
	flag.Parse()
	if err := run(*bin, *dir, *records); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(bin, dir string, records int) error {
	data, err := dataset.Write(dir, dataset.Tenants, 100_000)
	if err != nil {
		return err
	}
	info, err := os.Stat(data)
	if err != nil {
		return err
	}
	payload := float64(info.Size()) / 100_000
	server, err := child.Serve(filepath.Join(bin, "server"), dir, false)
	if err != nil {
		return err
	}
	defer server.Stop()
	fmt.Printf("%d records in flight of %.0f bytes; bytes a record beside them, after garbage collection.\n\n", records, payload)
	fmt.Println("| partitions | records a call | calls | heap | stacks | resident | resident a call |\n|---|--:|--:|--:|--:|--:|--:|")
	for _, spread := range spreads {
		idle, err := settled(bin, dir, works.Run{Data: data, Records: 1, Batch: 1, Copy: true, Endpoint: server.URL}, spread.fields)
		if err != nil {
			return err
		}
		for _, batch := range []int{1, 10, 100, 1000} {
			if err := server.Reset(false); err != nil {
				return err
			}
			s, err := settled(bin, dir, works.Run{Data: data, Records: records, Batch: batch, Copy: true, Endpoint: server.URL}, spread.fields)
			if err != nil {
				return err
			}
			each := func(now, before int64) float64 { return float64(now-before) / float64(records) }
			rss := each(s.RSS, idle.RSS) - payload
			fmt.Printf("| %s | %d | %d | %.0f | %.0f | %.0f | %.0f |\n", spread.name, batch, records/batch,
				each(s.Heap, idle.Heap)-payload, each(s.Stacks, idle.Stacks), rss, rss*float64(batch))
		}
	}
	return nil
}

// settled runs a stream and returns what it holds when all is in flight.
func settled(bin, dir string, r works.Run, fields string) (s feed.Settled, err error) {
	fields = fmt.Sprintf("%s%s\nmax_in_flight: %d", held, fields, r.Records/r.Batch+10)
	_, log, err := child.Verbose(filepath.Join(bin, "ours"), works.OurConfig(fields, r), dir, 2, feed.EnvSettle+"=1")
	if err != nil {
		return s, err
	}
	line, _, _ := strings.Cut(log, "\n")
	return s, json.Unmarshal([]byte(line), &s)
}
