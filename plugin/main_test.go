package plugin_test

import (
	"os"
	"testing"

	"github.com/s3-destination/s3-destination/internal/testutil/awsenv"
)

func TestMain(m *testing.M) {
	awsenv.Clear()
	os.Exit(m.Run())
}
