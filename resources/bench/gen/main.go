// Command gen writes a data set of the benchmarks as JSON lines.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/s3-destination/s3-destination/resources/bench/internal/dataset"
)

func main() {
	name := flag.String("data", string(dataset.Clicks), "clicks, wide or tenants")
	records := flag.Int("records", 100_000, "number of records")
	dir := flag.String("dir", ".", "directory of the file")
	flag.Parse()
	path, err := dataset.Write(*dir, dataset.Name(*name), *records)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(path)
}
