package crashdisk_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/testutil/crashdisk"
)

func create(t *testing.T, d *crashdisk.Disk, name, text string) disk.File {
	t.Helper()
	f, err := d.Create(name)
	require.NoError(t, err)
	_, err = f.Write([]byte(text))
	require.NoError(t, err)
	return f
}

func contents(t *testing.T, d *crashdisk.Disk, name string) string {
	t.Helper()
	data, err := disk.ReadAll(d, name)
	require.NoError(t, err)
	return string(data)
}

func TestACrashTakesWhatWasNotSynced(t *testing.T) {
	d := crashdisk.New(1)
	f := create(t, d, "/d/a", "synced")
	require.NoError(t, f.Sync())
	require.NoError(t, d.SyncDir("/d"))
	_, err := f.Write([]byte(" and more"))
	require.NoError(t, err)
	require.NoError(t, create(t, d, "/d/b", "no name").Sync())

	killed := d
	killed.Reboot(crashdisk.Kill)
	assert.Equal(t, "synced and more", contents(t, d, "/d/a"))
	assert.Equal(t, "no name", contents(t, d, "/d/b"))
	_, err = f.Write([]byte("x"))
	require.Error(t, err, "the handle is of an earlier process")

	d.Reboot(crashdisk.Lose)
	assert.Equal(t, "synced", contents(t, d, "/d/a"))
	assert.Equal(t, []string{"/d/a"}, d.Files())
}

func TestARemovedNameReturnsUnlessTheDirectoryWasSynced(t *testing.T) {
	d := crashdisk.New(1)
	for _, name := range []string{"/d/a", "/d/b"} {
		require.NoError(t, create(t, d, name, "x").Sync())
		require.NoError(t, d.SyncDir("/d"))
	}
	require.NoError(t, d.Remove("/d/a"))
	require.NoError(t, d.SyncDir("/d"))
	require.NoError(t, d.Remove("/d/b"))
	d.Reboot(crashdisk.Lose)
	assert.Equal(t, []string{"/d/b"}, d.Files())
}

func TestTearingKeepsAnyPart(t *testing.T) {
	lengths, holes := map[int]bool{}, false
	text := strings.Repeat("x", 200)
	for seed := range uint64(50) {
		d := crashdisk.New(seed)
		create(t, d, "/d/a", text)
		require.NoError(t, d.SyncDir("/d"))
		d.Reboot(crashdisk.Tear)
		kept := contents(t, d, "/d/a")
		lengths[len(kept)] = true
		holes = holes || strings.Contains(kept, "\x00x")
	}
	assert.Greater(t, len(lengths), 20)
	assert.True(t, holes)
}

func TestASyncAfterAFailedOneLies(t *testing.T) {
	d := crashdisk.New(1)
	f := create(t, d, "/d/a", strings.Repeat("x", 64))
	require.NoError(t, d.SyncDir("/d"))
	d.FailAt(1, syscall.EIO)
	require.ErrorIs(t, f.Sync(), syscall.EIO)
	_, err := f.Write([]byte("y"))
	require.NoError(t, err)
	require.NoError(t, f.Sync())
	d.Reboot(crashdisk.Lose)
	assert.Equal(t, strings.Repeat("\x00", 64)+"y", contents(t, d, "/d/a"))
}

func TestACrashIsTheLastOperation(t *testing.T) {
	d := crashdisk.New(1)
	f := create(t, d, "/d/a", "")
	d.CrashAt(2)
	require.NoError(t, f.Sync())
	require.PanicsWithValue(t, crashdisk.Crashed{}, func() { _, _ = f.Write([]byte("xyz")) })
}

func TestAFullDiskTakesWhatFits(t *testing.T) {
	d := crashdisk.New(1)
	d.Limit(5)
	f := create(t, d, "/d/a", "123")
	n, err := f.Write([]byte("456"))
	assert.Equal(t, 2, n)
	assert.True(t, disk.Full(err))
	require.NoError(t, d.Remove("/d/a"))
	create(t, d, "/d/b", "1234")
}

func TestAFailureIsOneOperation(t *testing.T) {
	d := crashdisk.New(1)
	broken := errors.New("broken")
	d.FailAt(1, broken)
	_, err := d.Create("/d/a")
	require.ErrorIs(t, err, broken)
	create(t, d, "/d/a", "x")
}
