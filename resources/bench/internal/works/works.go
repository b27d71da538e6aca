// Package works lists what is measured: each work as a configuration of
// s3_destination and as the pipeline that Redpanda Connect's documentation
// shows for the same end.
package works

import (
	"fmt"
	"slices"
	"strings"

	"github.com/s3-destination/s3-destination/resources/bench/internal/dataset"
)

// Work is one row of the table, for each of its data sets.
type Work struct {
	// Name is what the table calls it.
	Name string
	// ID selects it on the command line.
	ID   string
	Data []dataset.Name
	// Ours are the fields of s3_destination.
	Ours string
	// Peer are the parts of the peer's pipeline.
	Peer func(dataset.Name) Peer
	// Base are fields of s3_destination to compare with instead of a peer.
	Base string
	// Unknown says that our side does not know how large batches are.
	Unknown bool
	// Patient runs end by idle_timeout, which the clock of both includes.
	Patient bool
	// Copies says that each batch of the input has memory of its own, as from all inputs
	// that are no benchmark. Else the records of a side that copies none take no memory.
	Copies bool
	// Target is the ratio by CPU second that must be reached; 0 for none.
	Target float64
	// PeerRate and OurRate are the expected thousands of rows per CPU second,
	// from which the length of a run follows.
	PeerRate, OurRate float64
}

// Peer is how Redpanda Connect does it.
type Peer struct {
	// Pipeline are processors that run in parallel.
	Pipeline string
	// Batching are the processors of the output's batching policy.
	Batching string
	// Batch is the number of records that are batched.
	Batch int
	// Path is the key of an object.
	Path string
	// Opaque objects are in no file format, so that nobody can count their
	// rows.
	Opaque bool
}

// Batch is the number of records in an object, where the work has a choice.
const Batch = 20_000

var both = []dataset.Name{dataset.Clicks, dataset.Wide}

// All are the works in the order of the table.
var All = []Work{
	{
		Name: "no-op output (floor)", ID: "floor", Data: both,
		PeerRate: 1500, OurRate: 1500,
		Peer: func(dataset.Name) Peer { return Peer{} },
	},
	{
		Name: "CSV", ID: "csv", Data: both, Target: 20, PeerRate: 20, OurRate: 350,
		Ours: "file_format: csv",
		Peer: func(d dataset.Name) Peer {
			p := objects("csv", lines, header(d))
			p.Pipeline = csvMapping(d)
			return p
		},
	},
	{
		Name: "CSV, peer with join", ID: "csv-join", Data: both, Target: 20, PeerRate: 20, OurRate: 350,
		Ours: "file_format: csv",
		Peer: func(d dataset.Name) Peer {
			p := objects("csv", lines, header(d))
			p.Pipeline = csvJoin(d)
			return p
		},
	},
	{
		Name: "CSV+gzip level 5", ID: "csv+gzip", Data: both, Target: 8, PeerRate: 18, OurRate: 120,
		Ours: "file_format: csv+gzip",
		Peer: func(d dataset.Name) Peer {
			p := objects("csv.gz", lines, header(d), gzip(5))
			p.Pipeline = csvMapping(d)
			return p
		},
	},
	{
		Name: "JSON lines", ID: "json", Data: both, Target: 0.9, PeerRate: 500, OurRate: 450,
		Ours: "file_format: json",
		Peer: func(dataset.Name) Peer { return objects("json", lines) },
	},
	{
		Name: "JSON+gzip level 1", ID: "json+gzip1", Data: both, PeerRate: 190, OurRate: 190,
		Ours: "file_format: json+gzip\ncompression_level: 1",
		Peer: func(dataset.Name) Peer { return objects("json.gz", lines, gzip(1)) },
	},
	{
		Name: "JSON+gzip level 5", ID: "json+gzip", Data: both, PeerRate: 140, OurRate: 140,
		Ours: "file_format: json+gzip",
		Peer: func(dataset.Name) Peer { return objects("json.gz", lines, gzip(5)) },
	},
	{
		Name: "JSON lines by field and date", ID: "json-parts", Data: clicks, Target: 5, PeerRate: 55, OurRate: 350,
		Ours: "file_format: json\n" + oursPartitioned,
		Peer: func(dataset.Name) Peer { return partitioned("json") },
	},
	{
		Name: "JSON+gzip level 5 by field and date", ID: "json+gzip-parts", Data: clicks, Target: 2.5, PeerRate: 40, OurRate: 120,
		Ours: "file_format: json+gzip\n" + oursPartitioned,
		Peer: func(dataset.Name) Peer { return partitioned("json.gz", gzip(5)) },
	},
	{
		Name: "JSON+gzip level 1 by field and date", ID: "json+gzip1-parts", Data: clicks, PeerRate: 45, OurRate: 170,
		Ours: "file_format: json+gzip\ncompression_level: 1\n" + oursPartitioned,
		Peer: func(dataset.Name) Peer { return partitioned("json.gz", gzip(1)) },
	},
	{
		Name: "Parquet zstd", ID: "parquet-zstd", Data: both, Target: 8, PeerRate: 30, OurRate: 220,
		Ours: "file_format: parquet\nparquet:\n  compression: zstd",
		Peer: func(d dataset.Name) Peer { return objects("parquet", parquet(d, "zstd")) },
	},
	{
		Name: "Parquet snappy", ID: "parquet-snappy", Data: both, Target: 11, PeerRate: 30, OurRate: 300,
		Ours: "file_format: parquet\nparquet:\n  compression: snappy",
		Peer: func(d dataset.Name) Peer { return objects("parquet", parquet(d, "snappy")) },
	},
	{
		Name: "Avro snappy, peer without container", ID: "avro", Data: both, Target: 6, PeerRate: 50, OurRate: 250,
		Ours: "file_format: avro\navro:\n  codec: snappy",
		Peer: func(d dataset.Name) Peer {
			p := objects("bin", "- archive: { format: concatenate }", "- compress: { algorithm: snappy }")
			p.Pipeline, p.Opaque = avro(d), true
			return p
		},
	},
	{
		Name: "10,000 open partitions against one, as large objects as fit", ID: "many", Data: tenants, Target: 1 / 1.3,
		PeerRate: 150, OurRate: 150, Patient: true,
		Ours: many, Base: one,
	},
	{
		Name: "10,000 open partitions against one, as many objects", ID: "many-same", Data: tenants, Target: 1 / 1.3,
		PeerRate: 150, OurRate: 150, Patient: true,
		Ours: many, Base: one + "\nmax_records: 46",
	},
	byDefault("CSV", "csv", false),
	byDefault("JSON lines", "json", false),
	byDefault("JSON lines", "json", true),
	byDefault("Parquet snappy", "parquet-snappy", false),
	spooled("JSON lines", "spool-json", "file_format: json", 1/1.35, 250),
	spooled("JSON+gzip level 5", "spool-json+gzip", "file_format: json+gzip", 1/1.06, 120),
	spooled("JSON+gzip level 9", "spool-json+gzip9", "file_format: json+gzip\ncompression_level: 9", 1/1.06, 40),
	spooled("CSV", "spool-csv", "file_format: csv", 1/1.35, 200),
	spooled("Parquet zstd", "spool-parquet", "file_format: parquet", 1/1.2, 180),
	{
		Name: "10,000 open partitions with a spool and a quarter of the memory, against without", ID: "spool-many", Data: tenants,
		PeerRate: 150, OurRate: 100, Patient: true,
		Ours: strings.Replace(many, "2GiB", "512MiB", 1) + onDisk, Base: many,
	},
}

// byDefault compares the default max_in_flight with a tuned one. unknown is for
// programs in which the output does not know how large batches are.
func byDefault(name, format string, unknown bool) Work {
	f := Formats[slices.IndexFunc(Formats, func(f Format) bool { return f.ID == format })]
	w := Work{
		Name: name + " with the default max_in_flight against a tuned one", ID: "default-" + format, Data: both, Target: 0.95,
		PeerRate: f.Rate, OurRate: f.Rate, Ours: f.Fields + "\nmax_in_flight: auto", Base: f.Fields, Unknown: unknown,
	}
	if unknown {
		w.Name, w.ID = w.Name+", batches of unknown size", w.ID+"-unknown"
	}
	return w
}

// onDisk is a spool.
const onDisk = "\nspool: { path: work/spool, max_size: 20GiB }\non_bad_record: drop"

// spooled compares a format with a spool and its default max_in_flight with the same
// format without one.
func spooled(name, id, fields string, target, rate float64) Work {
	return Work{
		Name: name + " with a spool against without", ID: id, Data: clicks, Target: target, PeerRate: rate, OurRate: rate,
		Ours: fields + onDisk + "\nmax_in_flight: auto", Base: fields, Copies: true,
	}
}

var (
	clicks  = []dataset.Name{dataset.Clicks}
	tenants = []dataset.Name{dataset.Tenants}
)

const lines = "- archive: { format: lines }"

func gzip(level int) string {
	return fmt.Sprintf("- compress: { algorithm: gzip, level: %d }", level)
}

// objects is the pipeline of the documentation of aws_s3.
func objects(extension string, processors ...string) Peer {
	return Peer{
		Batch:    Batch,
		Batching: strings.Join(processors, "\n"),
		Path:     `out/${! count("files") }-${! timestamp_unix_nano() }.` + extension,
	}
}

// partitioned is the pipeline of the documentation of group_by_value, which
// groups by metadata. Metadata is what the path can be made of once the
// records are archived. The batches are larger, since they are split.
func partitioned(extension string, more ...string) Peer {
	p := objects(extension, append([]string{"- group_by_value: { value: '${! @partition }' }", lines}, more...)...)
	p.Batch = 5 * Batch
	p.Pipeline = `- mapping: 'meta partition = "country=%s/date=%s".format(this.country, this.event_time.slice(0, 10))'`
	p.Path = `out/${! @partition }/${! count("files") }-${! timestamp_unix_nano() }.` + extension
	return p
}

const oursPartitioned = `variables: { country: '${! json("country") }' }
date_field: event_time
folder: out/country={{country}}/date={{YYYY}}-{{MM}}-{{DD}}
max_in_flight: 256`

// many has as many partitions as there are tenants, and memory for all of them
// to stay open.
const many = "file_format: json\nmemory_limit: 2GiB\nmax_in_flight: 600\nfolder: out/{{tenant}}\nvariables: { tenant: '${! json(\"tenant\") }' }"

// one looks up a value of every record all the same.
const one = "file_format: json\nmemory_limit: 2GiB\nmax_in_flight: 600\nfolder: out/{{tenant}}\nvariables: { tenant: '${! json(\"site\") }' }"
