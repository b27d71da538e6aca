package scaffold

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheInterviewAsksWhatMatters(t *testing.T) {
	for name, c := range map[string]struct {
		answers string
		want    Choices
		asked   int
	}{
		"all defaults": {strings.Repeat("\n", 8), Choices{From: "kafka", Format: "json", Compression: "gzip", Auth: "default", Bucket: "my-bucket", Region: "eu-west-1"}, 8},
		"beginnings": {"h\npar\nsn\nassume\nyes\nb\nus-east-1\n", Choices{
			From: "http_server", Format: "parquet", Compression: "snappy", Auth: "assume_role", Spool: true, Bucket: "b", Region: "us-east-1",
		}, 7},
		"exactly once": {"kafka\navro\nnone\n\nY\n\n\n", Choices{
			From: "kafka", Format: "avro", Compression: "none", Auth: "default", ExactlyOnce: true, Bucket: "my-bucket", Region: "eu-west-1",
		}, 7},
		"asked again": {"sqs\nstdin\ncsv\n\n\nperhaps\nno\n\n\n", Choices{
			From: "stdin", Format: "csv", Compression: "gzip", Auth: "default", Bucket: "my-bucket", Region: "eu-west-1",
		}, 9},
		"no last line end": {"file\n\n\n\n\n\nr", Choices{From: "file", Format: "json", Compression: "gzip", Auth: "default", Bucket: "my-bucket", Region: "r"}, 7},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			got, err := Ask(strings.NewReader(c.answers), &out)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
			assert.Equal(t, c.asked, strings.Count(out.String(), "? "), out.String())
			_, err = got.Pipeline()
			require.NoError(t, err)
		})
	}
	_, err := Ask(strings.NewReader("kafka\n"), io.Discard)
	require.EqualError(t, err, "reading an answer: EOF: nothing was written")
}

func TestWhatDoesNotGoTogetherIsRefused(t *testing.T) {
	for want, c := range map[string]Choices{
		"--from sqs is unknown: write one of kafka, http_server, file, stdin":                                     {From: "sqs"},
		"--format xml is unknown: write one of json, parquet, csv, avro":                                          {Format: "xml"},
		"--auth me is unknown: write one of default, access_key, bucket_policy, assume_role":                      {Auth: "me"},
		"--compression zstd is unknown: write one of gzip, none, as the format is csv":                            {Format: "csv", Compression: "zstd"},
		"--exactly-once: it needs offsets of Kafka, and the input is file: write --from kafka, or leave":          {From: "file", ExactlyOnce: true},
		"--exactly-once and --spool: offsets of records in a spool are committed before their objects are stored": {ExactlyOnce: true, Spool: true},
	} {
		_, err := c.Pipeline()
		require.ErrorContains(t, err, want)
	}
}
