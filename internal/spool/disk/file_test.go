//go:build unix

package disk

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

func noise(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(n)})
	_, _ = r.Read(b)
	return b
}

// What is held is written when the file is synced: by the way past the page cache, by
// the usual one where there is none, and not at all after an error.
func TestWhatIsHeldIsWrittenWithTheSync(t *testing.T) {
	memory := make([]byte, 3<<20)
	all := memory[(Block-int(Place(memory)))%Block:][:1<<20+Large+300]
	copy(all, noise(len(all)))
	for name, failing := range map[string]error{"": nil, "no such way": syscall.EINVAL, "an error": syscall.EIO} {
		f, way := open(t, func(f *file) *fake { return &fake{WriterAt: f.File, err: failing} })
		for _, part := range [][]byte{all[:1<<20+100], all[1<<20+100 : 1<<20+200], all[1<<20+200:]} {
			_, err := WriteHeld(f, part)
			require.NoError(t, err, name)
		}
		assert.Zero(t, way.blocks, name)
		err := f.Sync()
		require.ErrorIs(t, err, map[bool]error{true: syscall.EIO}[name == "an error"], name)
		if err != nil {
			require.ErrorIs(t, f.Sync(), syscall.EIO, "it is not written again")
			require.ErrorIs(t, f.Close(), syscall.EIO)
			continue
		}
		if name == "" {
			assert.Equal(t, len(all)/Block, way.blocks)
		}
		more := all[len(all)%Block:] // at its place behind a block of which a part is synced
		_, err = WriteHeld(f, more)
		require.NoError(t, err)
		require.NoError(t, f.Close())
		got, err := os.ReadFile(f.Name())
		require.NoError(t, err)
		assert.True(t, bytes.Equal(append(bytes.Clone(all), more...), got), name)
	}
}

// Whatever is written in whichever pieces, with syncs and other openings between
// them, is what the file holds, also where writes past the page cache are refused.
func TestAFileHoldsWhatWasWritten(t *testing.T) {
	all := noise(5 << 20)
	sizes := rapid.OneOf(
		rapid.IntRange(0, 100), rapid.IntRange(Block-2, Block+2), rapid.IntRange(Large-Block, Large+Block),
		rapid.SampledFrom([]int{Block, bufferSize - 1, bufferSize, bufferSize + 1, bufferSize + Large}),
	)
	property.Check(t, func(r *rapid.T) {
		path := filepath.Join(t.TempDir(), "file")
		f, err := OS{}.Create(path)
		require.NoError(r, err)
		f.(*file).refused = rapid.Bool().Draw(r, "refused")
		all := all[(Block-int(Place(all)))%Block:] // so that its bytes are at their places
		written := 0
		for range rapid.IntRange(1, 8).Draw(r, "writes") {
			write := f.Write
			if rapid.Bool().Draw(r, "held") {
				write = func(p []byte) (int, error) { return WriteHeld(f, p) }
			}
			n, err := write(all[written : written+min(sizes.Draw(r, "size"), len(all)-written)])
			require.NoError(r, err)
			written += n
			switch rapid.IntRange(0, 3).Draw(r, "then") {
			case 0:
				require.NoError(r, f.Sync())
				got, err := ReadAll(OS{}, path)
				require.NoError(r, err)
				require.True(r, bytes.Equal(all[:written], got), "%d bytes are synced", written)
			case 1:
				require.NoError(r, f.Close())
				f, err = OS{}.Append(path)
				require.NoError(r, err)
			}
		}
		require.NoError(r, f.Close())
		got, err := ReadAll(OS{}, path)
		require.NoError(r, err)
		require.True(r, bytes.Equal(all[:written], got), "%d bytes, and %d are there", written, len(got))
	})
}

// fake is a way past the page cache, and what was written on it.
type fake struct {
	io.WriterAt

	err    error
	blocks int
}

func (f *fake) WriteAt(p []byte, offset int64) (int, error) {
	if f.err != nil {
		n, _ := f.WriterAt.WriteAt(p[:Block], offset)
		return n, f.err
	}
	if Place(p) != 0 || offset%Block != 0 || len(p)%Block != 0 {
		return 0, errors.New("no whole blocks")
	}
	f.blocks += len(p) / Block
	return f.WriterAt.WriteAt(p, offset)
}

func (f *fake) Close() error { return nil }

func open(t *testing.T, way func(*file) *fake) (*file, *fake) {
	t.Helper()
	f, err := OS{}.Create(filepath.Join(t.TempDir(), "file"))
	require.NoError(t, err)
	own := f.(*file)
	w := way(own)
	own.direct = w
	return own, w
}

func TestWholeBlocksGoPastThePageCache(t *testing.T) {
	f, way := open(t, func(f *file) *fake { return &fake{WriterAt: f.File} })
	lies := func(size, place int) []byte { // in a block of memory
		b := make([]byte, size+Block)
		return append(b[(place+Block-int(Place(b)))%Block:][:0], noise(size)...)
	}
	all := lies(3<<20+5, 1) // no byte is at its place
	for _, part := range [][]byte{all[:1000], all[1000 : 1000+2<<20], all[1000+2<<20:]} {
		_, err := f.Write(part)
		require.NoError(t, err)
	}
	require.NoError(t, f.Sync())
	assert.Equal(t, 3<<20/Block, way.blocks)
	last := lies(1<<20, 5)
	_, err := f.Write(last)
	require.NoError(t, err)
	assert.Nil(t, f.buf, "what lies at its place is not copied")
	require.NoError(t, f.Close())
	assert.Equal(t, 3<<20/Block+1<<20/Block-1, way.blocks, "the block that had begun is not written again")
	got, err := os.ReadFile(f.Name())
	require.NoError(t, err)
	assert.True(t, bytes.Equal(slices.Concat(all, last), got))
}

func TestAFileSystemWithoutAWayPastThePageCacheGetsAllTheUsualWay(t *testing.T) {
	f, _ := open(t, func(f *file) *fake { return &fake{WriterAt: f.File, err: syscall.EINVAL} })
	all := noise(2 << 20)
	_, err := f.Write(all)
	require.NoError(t, err)
	require.NoError(t, f.Sync())
	assert.True(t, f.refused)
	require.NoError(t, f.Close())
	got, err := os.ReadFile(f.Name())
	require.NoError(t, err)
	assert.True(t, bytes.Equal(all, got))
}

// What cannot be written is told at the latest when it is to be synced, and each
// time after that: a group that was written in part must not be taken for durable.
func TestAWriteThatFailsIsToldBySyncEachTime(t *testing.T) {
	for _, size := range []int{Large + Block, bufferSize} {
		f, _ := open(t, func(f *file) *fake { return &fake{WriterAt: f.File, err: syscall.ENOSPC} })
		_, _ = f.Write(noise(size))
		for range 2 {
			require.ErrorIs(t, f.Sync(), syscall.ENOSPC)
		}
		_, err := f.Write([]byte("more"))
		require.ErrorIs(t, err, syscall.ENOSPC)
		require.ErrorIs(t, f.Allocate(1), syscall.ENOSPC)
		require.ErrorIs(t, f.Close(), syscall.ENOSPC)
	}
}

// A spool is for one user. Whoever may only read a lock may take it all the same: it
// was made by somebody with another umask.
func TestALockIsPrivateUnlessAnotherModeIsAskedFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "LOCK")
	lock, err := OS{}.Lock(path)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode())
	require.NoError(t, lock.Close())
	require.NoError(t, os.Chmod(path, 0o400))
	lock, err = Lock(path, 0o666)
	require.NoError(t, err)
	_, err = Lock(path, 0o666)
	require.ErrorIs(t, err, ErrLocked)
	require.NoError(t, lock.Close())
	_, err = Lock(filepath.Join(path, "below"), 0o666)
	require.Error(t, err)
}

func TestAllocatedSpaceBelongsToTheFile(t *testing.T) {
	f, err := OS{}.Create(filepath.Join(t.TempDir(), "file"))
	require.NoError(t, err)
	write := func(text string) {
		_, err := f.Write([]byte(text))
		require.NoError(t, err)
	}
	write("before")
	require.NoError(t, f.Allocate(3<<20))
	write("behind")
	require.NoError(t, f.Close())
	info, err := os.Stat(f.(*file).Name())
	require.NoError(t, err)
	assert.Equal(t, int64(3<<20+12), info.Size())
	blocks := info.Sys().(*syscall.Stat_t).Blocks * 512
	assert.GreaterOrEqual(t, blocks, int64(3<<20), "space that is only promised may be missing when it is needed")
}
