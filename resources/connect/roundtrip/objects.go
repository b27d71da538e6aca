package roundtrip

// object is a kind of object that our output writes and Redpanda Connect reads.
type object struct {
	folder   string
	settings string // of our output
	scanner  string // of Connect's aws_s3 input
	decode   string // a processor behind it, if any
	reader   string // what both are called
	row      func(rec) any
}

// objects are all kinds, but for Parquet with lz4_raw: parquet-go, and Connect
// with it, takes pages that shrink by less than two thirds for zeros, up to
// v0.32.0. The interop tests read those.
var objects = []object{
	parquet("zstd"), parquet("snappy"), parquet("gzip"), parquet("none"),
	{
		folder: "avro", settings: "file_format: avro", scanner: "avro: {raw_json: true}", reader: "avro scanner", row: same,
	},
	{
		folder: "csv", settings: "file_format: csv", scanner: "csv: {}", reader: "csv scanner", row: text,
	},
	{
		folder: "csv-gzip", settings: "file_format: csv+gzip", scanner: "decompress: {algorithm: gzip, into: {csv: {}}}",
		reader: "csv scanner", row: text,
	},
	{
		folder: "json", settings: "file_format: json", scanner: "lines: {}", reader: "lines scanner", row: exactly,
	},
}

// parquet is Parquet with a codec. Strings of dates become timestamps, so that
// Connect's handling of logical types is part of the way.
func parquet(codec string) object {
	return object{
		folder:   "parquet-" + codec,
		settings: "file_format: parquet\n        parquet: {compression: " + codec + ", bloom_filters: [id, many]}\n        schema: {infer_timestamps: true}",
		scanner:  "to_the_end: {}",
		decode:   "parquet_decode: {handle_logical_types: v2}",
		reader:   "parquet_decode",
		row:      same,
	}
}
