// Command peer is Redpanda Connect with its pure, io, aws and avro components:
// what the benchmarks compare with.
package main

import (
	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
	_ "github.com/redpanda-data/connect/v4/public/components/avro"
	_ "github.com/redpanda-data/connect/v4/public/components/aws"
	_ "github.com/redpanda-data/connect/v4/public/components/pure/extended"

	"github.com/s3-destination/s3-destination/resources/bench/feed"
)

func main() { feed.Main() }
