package plugin_test

import (
	"os"
	"testing"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/awsenv"
)

// patience is how long a test waits for what happens within a second or two where
// nothing else runs.
const patience = 3 * time.Minute

func TestMain(m *testing.M) {
	awsenv.Clear()
	os.Exit(m.Run())
}
