package roundtrip

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	root    = "../../.."
	connect = "github.com/redpanda-data/connect/v4"
	benthos = "github.com/redpanda-data/benthos/v4"
)

// requirements reads the versions that a module file requires, and which
// modules it replaces by others than our own.
func requirements(t *testing.T, path string) (required map[string]string, replaced []string) {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	required = map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		words := strings.Fields(strings.TrimPrefix(lines.Text(), "replace "))
		switch {
		case slices.Contains(words, "=>"):
			replaced = append(replaced, words[0])
		case len(words) >= 2 && strings.Contains(words[0], ".") && strings.HasPrefix(words[1], "v"):
			required[words[0]] = words[1]
		}
	}
	return required, replaced
}

// older reports whether a release version comes before another one.
func older(a, b string) bool {
	var x, y [3]int
	_, _ = fmt.Sscanf(a, "v%d.%d.%d", &x[0], &x[1], &x[2])
	_, _ = fmt.Sscanf(b, "v%d.%d.%d", &y[0], &y[1], &y[2])
	return slices.Compare(x[:], y[:]) < 0
}

// programs are the folders with a version each, the oldest first.
func programs(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../*/go.mod")
	require.NoError(t, err)
	var names []string
	for _, f := range files {
		names = append(names, filepath.Base(filepath.Dir(f)))
	}
	slices.SortFunc(names, func(a, b string) int {
		if older("v"+a, "v"+b) {
			return -1
		}
		return 1
	})
	require.NotEmpty(t, names)
	return names
}

// TestTheProgramsSpanWhatIsSupported: go.mod asks nobody for a newer Redpanda
// Connect or Benthos than the oldest program has, and the newest program has
// those of the binary.
func TestTheProgramsSpanWhatIsSupported(t *testing.T) {
	all := programs(t)
	least, _ := requirements(t, root+"/go.mod")
	shipped, _ := requirements(t, root+"/release.mod")
	oldest, _ := requirements(t, "../"+all[0]+"/go.mod")
	newest, _ := requirements(t, "../"+all[len(all)-1]+"/go.mod")
	for _, path := range []string{connect, benthos} {
		assert.Equal(t, least[path], oldest[path], "go.mod and the oldest program")
		assert.Equal(t, shipped[path], newest[path], "release.mod and the newest program")
	}
	for _, name := range all {
		required, _ := requirements(t, "../"+name+"/go.mod")
		assert.Equal(t, "v"+name, required[connect])
	}
}

// TestNoProgramPinsWhatIsShared: which version both sides get is for Go to find
// out, as it does for whoever imports both.
func TestNoProgramPinsWhatIsShared(t *testing.T) {
	for _, name := range programs(t) {
		_, replaced := requirements(t, "../"+name+"/go.mod")
		for _, path := range shared {
			assert.NotContains(t, replaced, path, name)
		}
	}
}

// TestReleasesAreNeverOlderThanWhatIsRequired compares go.mod and release.mod.
func TestReleasesAreNeverOlderThanWhatIsRequired(t *testing.T) {
	least, _ := requirements(t, root+"/go.mod")
	shipped, _ := requirements(t, root+"/release.mod")
	for path, version := range least {
		require.Contains(t, shipped, path, "make tidy")
		assert.False(t, older(shipped[path], version), "%s %s in release.mod, %s in go.mod", path, shipped[path], version)
	}
}

// linked are the modules of a package and of everything that it imports.
func linked(t *testing.T, pkg string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", pkg)
	cmd.Dir = root
	out, err := cmd.Output()
	require.NoError(t, err)
	return strings.Fields(string(out))
}

// TestThePackageLeavesParquetToTheProgram: with a Parquet library of ours, a
// program could not have another version of it.
func TestThePackageLeavesParquetToTheProgram(t *testing.T) {
	modules := linked(t, "./plugin")
	assert.Contains(t, modules, benthos)
	for _, path := range []string{connect, "github.com/parquet-go/parquet-go", "github.com/apache/arrow-go/v18"} {
		assert.NotContains(t, modules, path)
	}
}

// TestDependenciesNameWhatIsShared holds the table of docs/dependencies.md to
// the module files: every module that we import ourselves, with the versions
// that are required, that each program has, and that are released.
func TestDependenciesNameWhatIsShared(t *testing.T) {
	text, err := os.ReadFile(root + "/docs/dependencies.md")
	require.NoError(t, err)
	page := strings.Split(string(text), "\n")
	least, _ := requirements(t, root+"/go.mod")
	shipped, _ := requirements(t, root+"/release.mod")
	modules := linked(t, "./plugin")
	for _, path := range shared {
		if path != connect && path != "github.com/parquet-go/parquet-go" && path != "github.com/twmb/franz-go" {
			assert.Contains(t, modules, path, "is it still shared?")
		}
		row := []string{"", "`" + strings.TrimPrefix(path, "github.com/") + "`", least[path]}
		for _, name := range programs(t) {
			required, _ := requirements(t, "../"+name+"/go.mod")
			row = append(row, required[path])
		}
		row = append(row, shipped[path], "")
		want := strings.TrimSpace(strings.Join(row, " | "))
		assert.True(t, slices.Contains(page, want), "the page lacks the row\n%s", want)
	}
}
