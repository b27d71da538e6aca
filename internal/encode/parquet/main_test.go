package parquet_test

import (
	"flag"
	"strconv"
	"testing"

	"go.uber.org/goleak"

	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
)

func TestMain(m *testing.M) {
	// Files are read back by two implementations, which the race detector makes
	// slow. The command line still has the last word.
	if err := flag.Set("rapid.checks", strconv.Itoa(encodetest.Sized(100, 10))); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}
