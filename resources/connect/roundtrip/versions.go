package roundtrip

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// shared are the modules that the plugin has in common with Redpanda Connect.
var shared = []string{
	"github.com/redpanda-data/connect/v4",
	"github.com/redpanda-data/benthos/v4",
	"github.com/aws/aws-sdk-go-v2",
	"github.com/aws/aws-sdk-go-v2/config",
	"github.com/aws/aws-sdk-go-v2/credentials",
	"github.com/aws/aws-sdk-go-v2/service/s3",
	"github.com/aws/aws-sdk-go-v2/service/sts",
	"github.com/aws/smithy-go",
	"github.com/cespare/xxhash/v2",
	"github.com/dustin/go-humanize",
	"github.com/gofrs/uuid/v5",
	"github.com/klauspost/compress",
	"github.com/parquet-go/parquet-go",
	"github.com/pierrec/lz4/v4",
	"github.com/twmb/avro",
	"github.com/twmb/franz-go",
	"go.opentelemetry.io/otel",
	"go.opentelemetry.io/otel/trace",
}

// versions lists the shared modules with the versions that this program was
// built with.
func versions() (string, error) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "", errors.New("the program does not know what it was built from")
	}
	used := map[string]string{}
	for _, m := range info.Deps {
		used[m.Path] = m.Version
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-44s %s\n", "go", runtime.Version())
	for _, path := range shared {
		version := used[path]
		if version == "" {
			version = "not linked"
		}
		fmt.Fprintf(&b, "%-44s %s\n", path, version)
	}
	return b.String(), nil
}
