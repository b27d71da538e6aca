package doctor

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func spoolRow(t *testing.T, s Spool) Row {
	t.Helper()
	d := &doctor{cfg: Config{Spool: s}, report: &Report{}}
	d.spool()
	require.Len(t, d.report.Rows, 1)
	return d.report.Rows[0]
}

func TestTheDirectoryOfTheSpoolIsTried(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	row := spoolRow(t, Spool{Dir: dir, MaxSize: 1})
	assert.Contains(t, row.Detail, "a sync takes")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left)

	row = spoolRow(t, Spool{Dir: dir, MaxSize: 1 << 60})
	assert.Equal(t, Fails, row.Result)
	assert.Equal(t, Recommended, row.Matters)
	assert.Contains(t, row.Detail, "less than spool.max_size (1.0 EiB)")

	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	row = spoolRow(t, Spool{Dir: filepath.Join(file, "below"), MaxSize: 1})
	assert.Equal(t, Fails, row.Result)
	assert.Equal(t, Required, row.Matters)
	assert.Contains(t, row.Detail, "making the directory of the spool")

	d := &doctor{report: &Report{}}
	d.spool()
	assert.Empty(t, d.report.Rows, "no spool")
}
