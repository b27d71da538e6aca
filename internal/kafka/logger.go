package kafka

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/twmb/franz-go/pkg/kgo"
)

// logger hands the client's messages to Benthos. What the client calls
// information is of use for debugging only.
type logger struct{ log *service.Logger }

// Level implements kgo.Logger.
func (l logger) Level() kgo.LogLevel { return kgo.LogLevelInfo }

// Log implements kgo.Logger.
func (l logger) Log(level kgo.LogLevel, msg string, keyvals ...any) {
	var b strings.Builder
	b.WriteString("Kafka client: " + msg)
	for i := 0; i+1 < len(keyvals); i += 2 {
		fmt.Fprintf(&b, " %v=%v", keyvals[i], keyvals[i+1])
	}
	switch level {
	case kgo.LogLevelError:
		l.log.Error(b.String())
	case kgo.LogLevelWarn:
		l.log.Warn(b.String())
	default:
		l.log.Debug(b.String())
	}
}

// repeat is after how long a fault that goes on is logged again.
const repeat = 10 * time.Minute

// reports logs each fault once when it begins, and again from time to time.
type reports struct {
	log *service.Logger

	mu   sync.Mutex
	said map[string]said
}

type said struct {
	text  string
	at    time.Time
	count int
}

// report logs what went wrong while something was being done.
func (r *reports) report(doing string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.said == nil {
		r.said = map[string]said{}
	}
	last := r.said[doing]
	last.count++
	if last.text == err.Error() && time.Since(last.at) < repeat {
		r.said[doing] = last
		return
	}
	times := ""
	if last.count > 1 {
		times = fmt.Sprintf(" (%d times by now)", last.count)
	}
	r.log.Errorf("Kafka: %s: %v%s", doing, err, times)
	last.text, last.at = err.Error(), time.Now()
	r.said[doing] = last
}

// clear takes note that it works again.
func (r *reports) clear(doing string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.said, doing)
}
