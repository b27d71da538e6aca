package journal_test

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/spool/frame"
	"github.com/s3-destination/s3-destination/internal/testutil/crashdisk"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
)

func TestAFlippedBitLosesOneEntryThatIsNamed(t *testing.T) {
	whole := crashdisk.New(1)
	k := open(t, whole)
	for i := range 12 {
		k.append(numbered(i*3, i*3+3)...)
	}
	require.NoError(t, k.journal.Close())
	for _, name := range whole.Under(dir) {
		data, err := disk.ReadAll(whole, name)
		require.NoError(t, err)
		for at := 0; at < len(data); at++ {
			if at > 64 && at < frame.HeaderSize-8 {
				at += 300 // zeros between the headers
			}
			if !long.Takes(at, 8) {
				continue
			}
			d := whole.Clone(1)
			d.Flip(name, at*8+at%8)
			got := open(t, d)
			missing := 36 - len(got.entries)
			require.LessOrEqual(t, missing, 1, "%s at %d", name, at)
			if missing > 0 {
				require.Len(t, got.damage, 1)
			}
			require.True(t, slices.IsSorted(got.entries))
		}
	}
}

func TestASegmentThatIsMissingOrUnreadableIsNamed(t *testing.T) {
	whole := crashdisk.New(1)
	k := open(t, whole)
	for i := range 30 {
		k.append(numbered(i*3, i*3+3)...)
	}
	files := whole.Under(dir)
	require.Greater(t, len(files), 3)
	for i, name := range files {
		t.Run(fmt.Sprintf("header of segment %d of %d", i+1, len(files)), func(t *testing.T) {
			d := whole.Clone(1)
			d.Flip(name, 8*20)
			d.Flip(name, 8*(frame.HeaderSize/2+20))
			got := open(t, d)
			require.Len(t, got.damage, 1)
			assert.Equal(t, name, got.damage[0].Path)
			assert.False(t, got.damage[0].Torn)
			if i < len(files)-1 {
				assert.Equal(t, numbered(0, 90), got.entries, "the checkpoint after it has all")
			}
		})
		t.Run(fmt.Sprintf("segment %d of %d", i+1, len(files)), func(t *testing.T) {
			d := whole.Clone(1)
			require.NoError(t, d.Remove(name))
			got := open(t, d)
			if i == 0 {
				return // trimmed, for all that is there says
			}
			require.Len(t, got.damage, 1)
			assert.True(t, got.damage[0].Missing)
			assert.Equal(t, name, got.damage[0].Path)
			got.append("later")
			require.NoError(t, got.journal.Close())
			if i == len(files)-1 {
				assert.Empty(t, open(t, d).damage, "there is another last one")
			}
		})
	}
}

// stubborn is a disk that does not remove a segment the first time.
type stubborn struct {
	disk.FS
	refused bool
}

func (s *stubborn) Remove(name string) error {
	if !s.refused && strings.HasSuffix(name, ".journal") {
		s.refused = true
		return syscall.EIO
	}
	return s.FS.Remove(name)
}

// A segment that has been written anew and cannot be removed goes before those that
// follow it: else it would look as if one of them were missing.
func TestASegmentThatCouldNotBeRemovedGoesFirst(t *testing.T) {
	d := crashdisk.New(1)
	k := open(t, d)
	k.append(numbered(0, 3)...)
	require.NoError(t, k.journal.Close())
	s := &stubborn{FS: d}
	k = open(t, s)
	require.True(t, s.refused)
	for i := 3; i < 200; i += 20 {
		k.append(numbered(i, i+20)...)
	}
	require.Greater(t, k.journal.Segments(), 2)
	require.NoError(t, k.journal.Trim(k.journal.Newest()))
	require.NoError(t, k.journal.Close())
	k = open(t, d)
	assert.Empty(t, k.damage)
	assert.Equal(t, numbered(0, 203), k.entries)
	require.NoError(t, k.journal.Close())
}
