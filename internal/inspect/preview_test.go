package inspect

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func previewOf(t *testing.T, extra string) *Preview {
	t.Helper()
	found, err := Read("output: {s3_destination: {bucket: b, region: r, file_format: json"+extra+"}}", "")
	require.NoError(t, err)
	p, err := found.Preview()
	require.NoError(t, err)
	return p
}

func TestPreviewOfRecordsWithSourceColumns(t *testing.T) {
	p := previewOf(t, ", include_source_columns: [all], file_name: 'f-{{chunk_id}}'")
	var out bytes.Buffer
	n, err := p.Run(t.Context(), strings.NewReader("{\"a\":1}\n{\"kafka_key\":1}\n"), printed(&out))
	require.NoError(t, err)
	assert.Equal(t, 1, n.Refused)
	assert.Regexp(t, `^f-00001.json\nrefused: .*source_column_prefix`, out.String())
}

// TestForgedCoordinatesDecideNoName gives records the metadata that any client
// of an HTTP input can send.
func TestForgedCoordinatesDecideNoName(t *testing.T) {
	m := service.NewMessage([]byte(`{"a":1}`))
	for key, value := range map[string]string{"kafka_topic": "orders", "kafka_partition": "3", "kafka_offset": "42"} {
		m.MetaSetMut(key, value)
	}
	for setting, want := range map[string]string{
		"": "f-no-source.json", "source_coordinates: auto": "f-no-source.json", "source_coordinates: 'off'": "f-no-source.json",
		"source_coordinates: metadata": "f-orders+3+0000000042-0000000042.json",
	} {
		if setting != "" {
			setting = ", " + setting
		}
		p := previewOf(t, ", file_name: 'f-{{source_range}}', include_source_columns: [all]"+setting)
		key, err := p.Key(m)
		require.NoError(t, err)
		assert.Equal(t, want, key, setting)
	}
}

// printed tells fates as people read them.
func printed(to io.Writer) func(Fate) error {
	return func(f Fate) error {
		_, err := fmt.Fprintln(to, f)
		return err
	}
}
