// Package nozones runs programs as on a machine that has no database of time
// zones, such as an image without one.
package nozones

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// script hides the places where Go looks for the database on Unix, and becomes
// the program that its arguments are.
const script = `for d in /usr/share/zoneinfo /usr/share/lib/zoneinfo /usr/lib/locale/TZ /etc/zoneinfo; do
  if [ -d "$d" ]; then mount -t tmpfs none "$d" || exit 99; fi
done
exec "$@"`

// Command describes a program that sees no time zones but its own. The test is
// skipped where mounts cannot be changed for a single process.
func Command(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	if out, err := command(t, "true").CombinedOutput(); err != nil {
		t.Skipf("hiding the time zones of this machine: %v: %s", err, out)
	}
	return command(t, name, args...)
}

func command(t testing.TB, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), "sh", append([]string{"-c", script, "sh", name}, args...)...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "ZONEINFO=") && !strings.HasPrefix(v, "GOROOT=") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	// A Go program also looks into the Go that has built it.
	cmd.Env = append(cmd.Env, "GOROOT=/nonexistent")
	isolate(cmd)
	return cmd
}
