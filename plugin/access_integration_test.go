//go:build integration

package plugin_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/linkedin/goavro/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/policy"
	"github.com/s3-destination/s3-destination/internal/testutil/versitygw"
)

// access is who writes, and how.
type access struct {
	url, region, bucket, mode, key, secret string
}

func ofUser(e *versitygw.Enforcing) access {
	return access{e.URL, versitygw.Region, e.Bucket, "access_key", e.UserKey, e.UserSecret}
}

// conf is an output below in/teams. extra is indented by two spaces.
func (a access) conf(extra string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `s3_destination:
  bucket: %s
  region: %s
  endpoint: %s
  force_path_style_urls: true
  auth: {mode: %s, access_key_id: %q, secret_access_key: %q}
  checksum: crc32c
  folder: in/teams
  file_name: 'f-{{chunk_id}}'
  idle_timeout: 300ms
  retry: {initial_interval: 10ms, max_interval: 200ms}
`, a.bucket, a.region, a.url, a.mode, a.key, a.secret)
	for line := range strings.Lines(extra) {
		b.WriteString("  " + line)
	}
	return b.String()
}

const unencrypted = "encryption: {mode: none}\n" // versitygw ignores it

// rights renders the policy of the writer, without some of the actions.
func rights(t *testing.T, f policy.Flavour, without ...string) policy.Document {
	t.Helper()
	d, err := policy.Render(policy.Config{Bucket: "landing", Prefix: "in/teams", Region: versitygw.Region, Tagging: true}, policy.KindRole, f)
	require.NoError(t, err)
	for _, action := range without {
		var kept []policy.Statement
		for _, s := range d.Statement {
			var actions policy.Values
			for _, a := range s.Action {
				if a != action {
					actions = append(actions, a)
				}
			}
			if s.Action = actions; len(actions) > 0 {
				kept = append(kept, s)
			}
		}
		d.Statement = kept
	}
	return d
}

// objects reads everything under a prefix with the rights of root.
func objects(t *testing.T, client *s3.Client, prefix string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: aws.String("landing"), Prefix: aws.String(prefix)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		require.NoError(t, err)
		for _, o := range page.Contents {
			out, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("landing"), Key: o.Key})
			require.NoError(t, err)
			body, err := io.ReadAll(out.Body)
			require.NoError(t, err)
			_ = out.Body.Close()
			all[*o.Key] = body
		}
	}
	return all
}

// count adds the ids of the records of an object.
func count(t *testing.T, format string, body []byte, found map[int]int) {
	t.Helper()
	switch format {
	case "parquet":
		reader, err := file.NewParquetReader(bytes.NewReader(body))
		require.NoError(t, err)
		arrow, err := pqarrow.NewFileReader(reader, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
		require.NoError(t, err)
		table, err := arrow.ReadTable(t.Context())
		require.NoError(t, err)
		for _, chunk := range table.Column(table.Schema().FieldIndices("id")[0]).Data().Chunks() {
			for _, id := range chunk.(*array.Int64).Int64Values() {
				found[int(id)]++
			}
		}
	case "avro":
		reader, err := goavro.NewOCFReader(bytes.NewReader(body))
		require.NoError(t, err)
		for reader.Scan() {
			row, err := reader.Read()
			require.NoError(t, err)
			found[int(row.(map[string]any)["id"].(map[string]any)["long"].(int64))]++
		}
	case "csv":
		for i, line := range strings.Split(strings.TrimSpace(string(body)), "\n") {
			if i == 0 {
				continue // the header
			}
			var id int
			_, err := fmt.Sscanf(line, "%d,", &id)
			require.NoError(t, err, line)
			found[id]++
		}
	default:
		for line := range bytes.Lines(body) {
			var rec struct {
				ID int `json:"id"`
			}
			require.NoError(t, json.Unmarshal(line, &rec))
			found[rec.ID]++
		}
	}
}

func countAll(t *testing.T, client *s3.Client, format string) map[int]int {
	t.Helper()
	found := map[int]int{}
	for _, body := range objects(t, client, "in/teams/f") {
		count(t, format, body, found)
	}
	return found
}

// TestIntegrationPutObjectAloneRunsEverything: a user with P1 and nothing else,
// on a server that enforces it: all formats, objects of one request and of
// several parts, dead letters, and a second run under the same names.
func TestIntegrationPutObjectAloneRunsEverything(t *testing.T) {
	const n = 12_000
	mapping := fmt.Sprintf(`let n = counter()
root = if $n %% 1000 == 0 { "{poison" } else { {"id": $n, "name": "n-" + $n.string(), "pad": random_int().string() + %q} }`, strings.Repeat("x", 900))
	input := "generate:\n  count: 12000\n  interval: ''\n  batch_size: 100\n  mapping: |\n    " + strings.ReplaceAll(mapping, "\n", "\n    ") + "\n"
	for _, format := range []string{"csv", "csv+gzip", "json", "parquet", "avro"} {
		t.Run(format, func(t *testing.T) {
			e := versitygw.StartEnforcing(t)
			e.Grant(t, rights(t, policy.Minimum).JSON())
			conf := ofUser(e).conf(unencrypted + "file_format: " + format + "\non_bad_record: dead_letter\nmax_file_size: 8MB\nupload: {multipart_threshold: 5MiB, part_size: 5MiB}\n")
			if format == "csv+gzip" || format == "parquet" || format == "avro" {
				conf = strings.Replace(conf, "8MB", "20KB", 1) // the data compresses well
			}
			for earlier := range 2 {
				logs := run(t, input, conf)
				assert.NotContains(t, logs, "level=ERROR")
				assert.Equal(t, 1, strings.Count(logs, "may write but not delete"), "once in a run: %s", logs)
				letters := 0
				for _, body := range objects(t, e.Client(), "in/teams/_dead_letters/") {
					letters += bytes.Count(body, []byte("{poison"))
				}
				assert.Equal(t, (earlier+1)*n/1000, letters)
			}
			if format == "csv+gzip" {
				assert.Greater(t, len(objects(t, e.Client(), "in/teams/f")), 3)
				return // counted as csv above
			}
			if format == "csv" || format == "json" {
				largest := 0
				for _, body := range objects(t, e.Client(), "in/teams/f") {
					largest = max(largest, len(body))
				}
				assert.Greater(t, largest, 5<<20, "some were uploaded in parts")
			}
			found := countAll(t, e.Client(), format)
			require.Len(t, found, n-n/1000)
			for id, times := range found {
				require.Equal(t, 2, times, "record %d", id)
			}
			assert.Len(t, objects(t, e.Client(), "in/teams/_s3_destination_probe"), 1, "one leftover of the health check")
		})
	}
}
