package config

import (
	"bytes"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/record"
)

// TestWhatIsAddedCountsAgainstTheMemoryLimit compares the size of a batch with
// and without columns.
func TestWhatIsAddedCountsAgainstTheMemoryLimit(t *testing.T) {
	m := service.NewMessage([]byte(`{"a":1}`))
	m.MetaSetMut("kafka_topic", "t")
	m.MetaSetMut("kafka_key", bytes.Repeat([]byte("k"), 10_000))
	batch := service.MessageBatch{m, m}
	with := parsed(t, "file_format: csv\ninclude_source_columns: [key]\n")
	without := parsed(t, "file_format: csv\n")
	assert.EqualValues(t, 14, without.Payload(batch))
	size := with.Payload(batch)
	assert.Greater(t, size, int64(20_000))
	assert.Less(t, size, int64(20_200))
	var rec record.Record
	err := with.Read(m, &rec)
	require.NoError(t, err)
	assert.EqualValues(t, size, 2*rec.Size())
}

// TestForgedCoordinatesDecideNothing gives records the metadata that any client
// of an HTTP input can send.
func TestForgedCoordinatesDecideNothing(t *testing.T) {
	t.Parallel()
	m := service.NewMessage([]byte(`{"a":1}`))
	for key, value := range map[string]string{"kafka_topic": "orders", "kafka_partition": "3", "kafka_offset": "42"} {
		m.MetaSetMut(key, value)
	}
	records := []record.Record{{Raw: []byte(`{"a":1}`), Meta: m}}
	for setting, believed := range map[string]bool{"": false, "auto": false, "off": false, "metadata": true} {
		extra := "file_format: parquet\nparquet: {compression: none}\nfile_name: 'f-{{source_range}}'\n"
		if setting != "" {
			extra += "source_coordinates: \"" + setting + "\"\n"
		}
		conf := parsed(t, extra)
		assert.Equal(t, believed, conf.Landing(conf.Trust.Describe).Describe(records) != nil, setting)
		assert.Equal(t, believed, conf.Landing(conf.Trust.Describe).Range(records) != "no-source", setting)
		var footer bytes.Buffer
		_, err := conf.Format.NewEncoder().Encode(&footer, records, 0)
		require.NoError(t, err)
		assert.Equal(t, believed, bytes.Contains(footer.Bytes(), []byte("s3_destination.source")), setting)
	}
}
