// Package buildinfo tells which version of s3-destination runs: the one that the
// linker gave the binary, or that of the module within another program.
package buildinfo

import (
	"runtime/debug"
	"strings"
	"sync/atomic"
)

const module = "github.com/s3-destination/s3-destination"

var stamped atomic.Pointer[string]

// Stamp sets the version that the linker gave the binary.
func Stamp(version string) { stamped.Store(&version) }

// Version is that of the program, with a v; "dev" for one that has none.
func Version() string {
	if v := stamped.Load(); v != nil {
		return *v
	}
	return "dev"
}

// Writer names the program in the form in which Parquet files say who wrote them,
// and which older readers demand.
func Writer() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	own := ""
	if v := stamped.Load(); v != nil {
		own = *v
	}
	return writer(own, info)
}

func writer(own string, info *debug.BuildInfo) string {
	build := "unknown"
	if own == "" {
		own = moduleVersion(info)
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && info.Main.Path == module {
			build = s.Value
		}
	}
	return "s3-destination version " + strings.TrimPrefix(own, "v") + " (build " + build + ")"
}

// moduleVersion is the version of the module in a program.
func moduleVersion(info *debug.BuildInfo) string {
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if m.Path != module {
			continue
		}
		if m.Replace != nil && m.Replace.Version != "" {
			return m.Replace.Version
		}
		if m.Version != "" && m.Version != "(devel)" {
			return m.Version
		}
	}
	return "0.0.0"
}
