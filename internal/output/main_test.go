package output

import (
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// registerOnce makes the output known to Benthos; plugin does it in programs.
var registerOnce = sync.OnceValue(Register)

func TestMain(m *testing.M) {
	if err := registerOnce(); err != nil { // before tests that run at the same time
		panic(err)
	}
	goleak.VerifyTestMain(m,
		goleak.IgnoreTopFunction("github.com/golang/glog.(*fileSink).flushDaemon"),
		goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"))
}
