//go:build unix

package commands

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// someoneElse is an owner that this process may give files to: any for root, otherwise
// itself with another one of its groups.
func someoneElse(t *testing.T) (uid, gid int) {
	t.Helper()
	if os.Geteuid() == 0 {
		return 12345, 54321
	}
	groups, err := os.Getgroups()
	require.NoError(t, err)
	groups = slices.DeleteFunc(groups, func(g int) bool { return g == os.Getegid() })
	if len(groups) == 0 {
		t.Skip("this user is in one group only")
	}
	return os.Geteuid(), groups[0]
}

func TestAFileThatIsReplacedKeepsItsOwner(t *testing.T) {
	uid, gid := someoneElse(t)
	path := filepath.Join(t.TempDir(), "x.yaml")
	require.NoError(t, os.WriteFile(path, []byte("a"), 0o600))
	require.NoError(t, os.Chown(path, uid, gid))
	require.NoError(t, os.Chmod(path, 0o640))
	require.NoError(t, replaceFile(path, []byte("b")))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o640), info.Mode())
	owner := info.Sys().(*syscall.Stat_t)
	assert.Equal(t, []int{uid, gid}, []int{int(owner.Uid), int(owner.Gid)})
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "b", string(text))
}
