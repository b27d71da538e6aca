package buildinfo

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWriter(t *testing.T) {
	vcs := []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}}
	ours := debug.Module{Path: module, Version: "v1.2.3"}
	for want, test := range map[string]struct {
		own  string
		info debug.BuildInfo
	}{
		"s3-destination version 2.0.0 (build abc)":       {"v2.0.0", debug.BuildInfo{Main: ours, Settings: vcs}},
		"s3-destination version 1.2.3 (build abc)":       {"", debug.BuildInfo{Main: ours, Settings: vcs}},
		"s3-destination version 1.2.3 (build unknown)":   {"", debug.BuildInfo{Main: debug.Module{Path: "other"}, Deps: []*debug.Module{&ours}, Settings: vcs}},
		"s3-destination version 0.0.0 (build unknown)":   {"", debug.BuildInfo{Main: debug.Module{Path: module, Version: "(devel)"}}},
		"s3-destination version 1.2.4-x (build unknown)": {"", debug.BuildInfo{Deps: []*debug.Module{{Path: module, Version: "v1.2.3", Replace: &debug.Module{Version: "v1.2.4-x"}}}}},
	} {
		assert.Equal(t, want, writer(test.own, &test.info))
	}
	assert.Equal(t, "dev", Version())
	Stamp("v9.9.9")
	assert.Equal(t, "v9.9.9", Version())
	assert.Contains(t, Writer(), "s3-destination version 9.9.9 (build ")
}
