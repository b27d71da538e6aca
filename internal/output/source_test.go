package output

import (
	"bytes"
	"strings"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/source"
	"github.com/s3-destination/s3-destination/internal/template"
)

func parsed(t *testing.T, extra string) (*Config, []string) {
	t.Helper()
	c, err := fields().ParseYAML(override(minimal, extra), service.GlobalEnvironment())
	require.NoError(t, err)
	conf, warnings, err := ParseConfig(c)
	require.NoError(t, err)
	return conf, warnings
}

func TestSourceColumnsAreValidated(t *testing.T) {
	for conf, want := range map[string]string{
		"include_source_columns: [ofset]\n":                                "unknown column \"ofset\": use topic, partition, offset, timestamp, key, headers, or all",
		"include_source_columns: [key, key]\n":                             "twice",
		"include_source_columns: [key]\nsource_column_prefix: \"a\\nb\"\n": "prefix",
	} {
		errs, _ := problems(t, conf)
		require.Len(t, errs, 1, conf)
		assert.Contains(t, errs[0], want)
		assert.Contains(t, errs[0], "include_source_columns")
	}
	_, warnings := problems(t, "source_column_prefix: k_\n")
	assert.Contains(t, strings.Join(warnings, "\n"), "source_column_prefix has no effect")
	conf, warnings := parsed(t, "include_source_columns: [all]\nsource_column_prefix: ''\n")
	assert.Empty(t, warnings)
	assert.Equal(t, "topic", conf.columns.Name(0))
	conf, _ = parsed(t, "")
	assert.Nil(t, conf.columns)
}

// TestEveryFormatHasTheSourceColumns looks for the topic in what each encoder
// writes.
func TestEveryFormatHasTheSourceColumns(t *testing.T) {
	m := service.NewMessage([]byte(`{"a":1}`))
	m.MetaSetMut("kafka_topic", "a-topic-to-be-found")
	m.MetaSetMut("kafka_offset", 7)
	for _, format := range fileFormats {
		conf, _ := parsed(t, "file_format: "+format+"\ninclude_source_columns: [topic]\nparquet: {compression: none}\navro: {codec: 'null'}\n")
		o := &Output{conf: conf}
		rec, err := o.record(m)
		require.NoError(t, err)
		var out bytes.Buffer
		res, err := conf.format.newEncoder().Encode(&out, []record.Record{rec}, 0)
		require.NoError(t, err)
		assert.Equal(t, 1, res.Rows, format)
		if !strings.HasSuffix(format, "+gzip") {
			assert.Contains(t, out.String(), "a-topic-to-be-found", format)
			assert.Contains(t, out.String(), "kafka_topic", format)
		}
	}
}

// TestWhatIsAddedCountsAgainstTheMemoryLimit compares the size of a batch with
// and without columns.
func TestWhatIsAddedCountsAgainstTheMemoryLimit(t *testing.T) {
	m := service.NewMessage([]byte(`{"a":1}`))
	m.MetaSetMut("kafka_topic", "t")
	m.MetaSetMut("kafka_key", bytes.Repeat([]byte("k"), 10_000))
	batch := service.MessageBatch{m, m}
	with, _ := parsed(t, "include_source_columns: [key]\n")
	without, _ := parsed(t, "")
	assert.EqualValues(t, 14, (&Output{conf: without}).payload(batch))
	size := (&Output{conf: with}).payload(batch)
	assert.Greater(t, size, int64(20_000))
	assert.Less(t, size, int64(20_200))
	rec, err := (&Output{conf: with}).record(m)
	require.NoError(t, err)
	assert.EqualValues(t, size, 2*rec.Size())
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
	assert.Contains(t, errs[0], "belongs into file_name")
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

func TestPreviewOfRecordsWithSourceColumns(t *testing.T) {
	conf, _ := parsed(t, "file_format: json\ninclude_source_columns: [all]\nfile_name: 'f-{{chunk_id}}'\n")
	p, err := newPreview(conf)
	require.NoError(t, err)
	var out bytes.Buffer
	refused, err := p.Run(strings.NewReader("{\"a\":1}\n{\"kafka_key\":1}\n"), &out)
	require.NoError(t, err)
	assert.Equal(t, 1, refused)
	assert.Regexp(t, `^f-00001.json\nrefused: .*source_column_prefix`, out.String())
}

// TestForgedCoordinatesDecideNothing gives records the metadata that any client
// of an HTTP input can send.
func TestForgedCoordinatesDecideNothing(t *testing.T) {
	m := service.NewMessage([]byte(`{"a":1}`))
	for key, value := range map[string]string{"kafka_topic": "orders", "kafka_partition": "3", "kafka_offset": "42"} {
		m.MetaSetMut(key, value)
	}
	for setting, want := range map[string]string{"": "f-no-source.json", "auto": "f-no-source.json", "off": "f-no-source.json", "metadata": "f-orders+3+0000000042-0000000042.json"} {
		extra := "file_format: json\nfile_name: 'f-{{source_range}}'\nfolder: ''\ninclude_source_columns: [all]\n"
		if setting != "" {
			extra += "source_coordinates: \"" + setting + "\"\n"
		}
		conf, _ := parsed(t, extra)
		p, err := newPreview(conf)
		require.NoError(t, err)
		key, err := p.Key(m)
		require.NoError(t, err)
		assert.Equal(t, want, key, setting)
		records := []record.Record{{Raw: []byte(`{"a":1}`), Meta: m}}
		o := &Output{conf: conf}
		ranges := o.landing().Describe(records)
		assert.Equal(t, setting == "metadata", ranges != nil, setting)
		assert.Equal(t, setting == "metadata", footer(conf.trust)(records) != nil, setting)
	}
}
