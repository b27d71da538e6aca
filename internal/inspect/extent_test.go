package inspect

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestExtentOfInputs(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a.jsonl": "12345", "b.jsonl": "123", "c.jsonl.gz": "1"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	file, err := os.Open(filepath.Join(dir, "a.jsonl"))
	require.NoError(t, err)
	defer file.Close()
	pipe, w, err := os.Pipe()
	require.NoError(t, err)
	defer pipe.Close()
	defer w.Close()
	all := "paths: ['" + dir + "/*.jsonl']"
	for config, want := range map[string]struct {
		stdin  *os.File
		extent Extent
		ends   bool
	}{
		"input: {file: {" + all + "}}":                                                             {nil, Extent{Bytes: 8}, true},
		"input: {file: {" + all + ", scanner: {lines: {}}}}":                                       {nil, Extent{Bytes: 8}, true},
		"input: {file: {" + all + ", scanner: {csv: {}}}}":                                         {nil, Extent{}, true},
		"input: {file: {" + all + ", scanner: {lines: {custom_delimiter: ;}}}}":                    {nil, Extent{}, true},
		"input: {file: {" + all + ", scanner: {lines: {}}}, processors: [{mapping: root = this}]}": {nil, Extent{}, true},
		"input: {file: {" + all + "}}\npipeline: {processors: [{mapping: root = this}]}":           {nil, Extent{}, true},
		"input: {file: {paths: ['" + dir + "/none']}}":                                             {nil, Extent{}, true},
		"input: {batched: {child: {file: {" + all + "}}, policy: {count: 2}}}":                     {nil, Extent{Bytes: 8}, true},
		"input: {file: {" + all + ", scanner: {s3_destination_records: {}}}}":                      {nil, Extent{Bytes: 8}, true},
		"input: {file: {" + all + ", scanner: {s3_destination_records: {format: csv}}}}":           {nil, Extent{}, true},
		"input: {file: {paths: ['" + dir + "/*'], scanner: {s3_destination_records: {}}}}":         {nil, Extent{}, true},
		"input: {stdin: {}}":                               {file, Extent{Bytes: 5}, true},
		"input: {stdin: {scanner: {csv: {}}}}":             {file, Extent{}, true},
		"input: {stdin: {scanner: {lines: {}}}}":           {pipe, Extent{}, true},
		"input: {csv: {paths: [x]}}":                       {nil, Extent{}, true},
		"input: {generate: {count: 7, mapping: root = 1}}": {nil, Extent{Records: 7}, true},
		"input: {generate: {mapping: root = 1}}":           {nil, Extent{}, false},
		"input: {http_server: {}}":                         {nil, Extent{}, false},
		"output: {drop: {}}":                               {nil, Extent{}, false},
	} {
		r, err := ReadText("c.yaml", config)
		require.NoError(t, err)
		extent, ends := r.Extent(want.stdin)
		assert.Equal(t, want.ends, ends, config)
		assert.Equal(t, want.extent, extent, config)
	}
}
