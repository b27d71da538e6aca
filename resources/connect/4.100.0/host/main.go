// Command host is Redpanda Connect v4.100.0 with all of its components, and loads our
// output as a dynamic plugin: see the package host.
package main

import (
	_ "github.com/redpanda-data/connect/v4/public/components/all"

	"github.com/s3-destination/s3-destination/resources/connect/host"
)

func main() { host.Main() }
