// Command 4.100.0 is Redpanda Connect v4.100.0 with all of its components and our
// output: see the package roundtrip.
package main

import (
	_ "github.com/redpanda-data/connect/v4/public/components/all"

	"github.com/s3-destination/s3-destination/resources/connect/roundtrip"
)

func main() { roundtrip.Main() }
