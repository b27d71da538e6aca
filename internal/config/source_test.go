package config

import (
	"bytes"
	"strings"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/partition"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/source"
	"github.com/s3-destination/s3-destination/internal/template"
)

func parsed(t *testing.T, extra string) *Config {
	t.Helper()
	c, err := spec().ParseYAML(override(minimal, extra), service.GlobalEnvironment())
	require.NoError(t, err)
	conf, err := Parse(c)
	require.NoError(t, err)
	return conf
}

func TestSourceColumnsAreValidated(t *testing.T) {
	for conf, want := range map[string]string{
		"include_source_columns: [ofset]\n":                                "\"ofset\" is no column: write topic, partition, offset, timestamp, key, headers, or all",
		"include_source_columns: [key, key]\n":                             "twice",
		"include_source_columns: [key]\nsource_column_prefix: \"a\\nb\"\n": "prefix",
	} {
		errs, _ := problems(t, conf)
		require.Len(t, errs, 1, conf)
		assert.Contains(t, errs[0], want)
		assert.Regexp(t, "^(include_source_columns|source_column_prefix): ", errs[0])
	}
	_, warnings := problems(t, "source_column_prefix: k_\n")
	assert.Contains(t, strings.Join(warnings, "\n"), "source_column_prefix: it has no effect")
	conf := parsed(t, "include_source_columns: [all]\nsource_column_prefix: ''\n")
	assert.Empty(t, conf.Warnings)
	assert.Equal(t, "topic", conf.Columns.Name(0))
	conf = parsed(t, "")
	assert.Nil(t, conf.Columns)
}

// TestEveryFormatHasTheSourceColumns looks for the topic in what each encoder
// writes.
func TestEveryFormatHasTheSourceColumns(t *testing.T) {
	m := service.NewMessage([]byte(`{"a":1}`))
	m.MetaSetMut("kafka_topic", "a-topic-to-be-found")
	m.MetaSetMut("kafka_offset", 7)
	for _, format := range Formats {
		conf := parsed(t, "file_format: "+format+"\ninclude_source_columns: [topic]\nparquet: {compression: none}\navro: {codec: 'null'}\n")
		rec, err := partition.FromMessage(m)
		require.NoError(t, err)
		rec.Added = conf.Columns.Size(rec.Meta)
		var out bytes.Buffer
		res, err := conf.Format.NewEncoder().Encode(&out, []record.Record{rec}, 0)
		require.NoError(t, err)
		assert.Equal(t, 1, res.Rows, format)
		if !strings.HasSuffix(format, "+gzip") {
			assert.Contains(t, out.String(), "a-topic-to-be-found", format)
			assert.Contains(t, out.String(), "kafka_topic", format)
		}
	}
}

// TestSourceRangeFitsItsPlace ties what is reserved for the range in keys to
// the longest range.
func TestSourceRangeFitsItsPlace(t *testing.T) {
	longest := 0
	for topics := range 40 {
		var records []record.Record
		for i := range topics {
			m := service.NewMessage(nil)
			m.MetaSetMut("kafka_topic", strings.Repeat("t", 1+i%30))
			m.MetaSetMut("kafka_partition", i)
			m.MetaSetMut("kafka_offset", int64(1)<<62+int64(i))
			records = append(records, record.Record{Meta: m})
		}
		longest = max(longest, len(source.AnyMetadata.RangeName(records)))
	}
	assert.LessOrEqual(t, longest, template.MaxSourceRange)
	assert.Greater(t, longest, template.MaxSourceRange/2)
}

func TestSourceRangeIsForFileNamesOnly(t *testing.T) {
	errs, _ := problems(t, "folder: 'x/{{source_range}}'\n")
	require.Len(t, errs, 1)
	assert.Contains(t, errs[0], "write it into file_name")
	errs, warnings := problems(t, "file_name: 'f-{{source_range}}'\nmax_file_size: 64MB\n")
	assert.Empty(t, errs)
	assert.Empty(t, warnings, "each object has a range of its own")
	errs, _ = problems(t, "file_name: '{{a}}-{{source_range}}-{{b}}'\nvariables: {a: x, b: y}\n")
	require.Len(t, errs, 1)
	assert.Contains(t, errs[0], "between two variables")
	errs, _ = problems(t, "file_name: 'f-{{start_offset}}'\n")
	require.Len(t, errs, 1)
	assert.Contains(t, errs[0], "did you mean {{source_range}}")
	errs, _ = problems(t, "on_bad_record: dead_letter\ndead_letter_folder: '{{source_range}}'\n")
	assert.Len(t, errs, 1)
}
