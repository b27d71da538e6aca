package main

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
)

const (
	name    = "s3-destination"
	command = "./cmd/s3-destination"
)

// platform is what a binary runs on.
type platform struct{ os, arch string }

// platforms are what is released.
var platforms = []platform{
	{"linux", "amd64"},
	{"linux", "arm64"},
	{"darwin", "amd64"},
	{"darwin", "arm64"},
	{"windows", "amd64"},
}

func host() platform { return platform{runtime.GOOS, runtime.GOARCH} }

func (p platform) String() string { return p.os + "/" + p.arch }

// variant is a choice of components.
type variant struct {
	name string
	// suffix is what archives and versions have in addition.
	suffix string
	// tags are build tags.
	tags string
}

var variants = []variant{
	{name: "kafka"},
	{name: "nokafka", suffix: "nokafka", tags: "nokafka"},
}

// target is one binary of a release.
type target struct {
	platform
	variant
}

func targets(platforms []platform) []target {
	var all []target
	for _, p := range platforms {
		for _, v := range variants {
			all = append(all, target{p, v})
		}
	}
	return all
}

// stem names the files of a target.
func (t target) stem(version string) string {
	first := name
	if t.suffix != "" {
		first += "-" + t.suffix
	}
	return strings.Join([]string{first, version, t.os, t.arch}, "_")
}

func (t target) executable() string {
	if t.os == "windows" {
		return name + ".exe"
	}
	return name
}

// env is the environment of the go command for a target, at the root of the
// repository: that of the user, but for what would change the binary.
func (t target) env() []string {
	return append(os.Environ(),
		"GOOS="+t.os, "GOARCH="+t.arch, "GOAMD64=v1", "GOARM64=v8.0", "CGO_ENABLED=0",
		"GOFLAGS=-mod=readonly -modfile=release.mod", "GOEXPERIMENT=", "GOFIPS140=off", "GOWORK=off", "GO111MODULE=on")
}

// versionForm is that of https://semver.org, without build metadata: the
// release puts the commit there.
var versionForm = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$`)

// parseVersion takes 1.2.3 and v1.2.3 for the same.
func parseVersion(s string) (string, error) {
	version := strings.TrimPrefix(s, "v")
	if !versionForm.MatchString(version) {
		return "", fmt.Errorf("%q is not a version: name one, as in make release VERSION=1.2.3", s)
	}
	return version, nil
}

// stamp is the version as the binary prints it.
func (t target) stamp(version, hash string) string {
	stamp := version + "+" + hash[:min(12, len(hash))]
	if t.suffix != "" {
		stamp += "." + t.suffix
	}
	return stamp
}
