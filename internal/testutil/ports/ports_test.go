package ports

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
)

func TestAddressesAreGivenOnce(t *testing.T) {
	first, err := from(t.Context(), count-1)
	require.NoError(t, err)
	second, err := from(t.Context(), count-1)
	require.NoError(t, err)
	assert.NotEqual(t, first, second, "the first one is locked")

	l, err := net.Listen("tcp", "127.0.0.1:29000")
	if err != nil {
		t.Skip("somebody has the port: ", err)
	}
	defer l.Close()
	third, err := from(t.Context(), 29_000-lowest)
	require.NoError(t, err)
	assert.NotEqual(t, "127.0.0.1:29000", third, "somebody listens there")
}

// TestAnotherProcessGetsOthers has a second process try to lock the port of this one.
func TestAnotherProcessGetsOthers(t *testing.T) {
	const name = "PORT_LOCK"
	if path := os.Getenv(name); path != "" {
		_, err := disk.OS{}.Lock(path)
		require.ErrorIs(t, err, disk.ErrLocked)
		return
	}
	address, err := Address(t.Context())
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	child := exec.Command(os.Args[0], "-test.run", "^TestAnotherProcessGetsOthers$")
	child.Env = append(os.Environ(), name+"="+filepath.Join(os.TempDir(), "s3-destination-ports", port))
	out, err := child.CombinedOutput()
	require.NoError(t, err, "%s", out)
}
