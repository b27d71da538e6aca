package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/unstored"
)

// condenser is a log in which Benthos' line about a batch that failed appears
// once for each reason in ten minutes, with the number of those that were left
// out, as our own warnings do. Benthos writes one for every batch: of a stop
// while S3 is away that is one for each batch that waits, and none of them says
// more than the line about all of them at the end of the process. All other
// lines pass as they are. It is safe for concurrent use.
type condenser struct {
	out io.Writer
	now func() time.Time

	mu      sync.Mutex
	begun   []byte // a line without its end
	reasons map[string]*repeated
}

// repeated is a line that came several times.
type repeated struct {
	since time.Time
	left  int    // lines left out since then
	last  []byte // the latest of them
}

const (
	sayAgainAfter = 10 * time.Minute
	// mostReasons bounds what is remembered; more are written as they are.
	mostReasons = 100
)

var (
	// batchFailed is in the lines that are condensed.
	batchFailed = []byte("Failed to send message to " + config.Name + ": ")
	// batchStopped is how the reason begins when the process ends.
	batchStopped = []byte(unstored.ErrStopped.Error())
	// varying is what differs in messages of one reason: numbers and ids.
	varying = regexp.MustCompile(`[0-9a-fA-F-]*[0-9][0-9a-fA-F-]*`)
	// clock is the time of a line.
	clock = regexp.MustCompile(`[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9:]+)`)
)

func newCondenser(out io.Writer) *condenser {
	return &condenser{out: out, now: time.Now, reasons: map[string]*repeated{}}
}

// Write takes lines, whole or in parts.
func (c *condenser) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for line := range bytes.Lines(p) {
		if len(c.begun) > 0 {
			line = append(c.begun, line...)
			c.begun = nil
		}
		if !bytes.HasSuffix(line, []byte("\n")) {
			c.begun = bytes.Clone(line)
			break
		}
		if err := c.line(line); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (c *condenser) line(line []byte) error {
	before, reason, condensed := bytes.Cut(line, batchFailed)
	if !condensed {
		return c.write(line)
	}
	if bytes.HasPrefix(reason, batchStopped) {
		return nil
	}
	end := closingQuote(reason)
	key := varying.ReplaceAllString(string(reason[:end]), "#") +
		clock.ReplaceAllString(string(before)+string(reason[end:]), "") // with the component in it
	now := c.now()
	r := c.reasons[key]
	switch {
	case r == nil && len(c.reasons) >= mostReasons:
		return c.write(line)
	case r == nil:
		c.reasons[key] = &repeated{since: now}
		return c.write(line)
	case now.Sub(r.since) < sayAgainAfter:
		r.left++
		r.last = append(r.last[:0], line...)
		return nil
	}
	r.last, r.left = append(r.last[:0], line...), r.left+1
	return c.sayAgain(r)
}

// closingQuote is where a quoted text ends that text begins in the middle of.
func closingQuote(text []byte) int {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(text)
}

// sayAgain writes the latest line of a reason with the number of those that it
// stands for.
func (c *condenser) sayAgain(r *repeated) error {
	line := withField(r.last, "batches", r.left)
	r.since, r.left, r.last = c.now(), 0, nil
	return c.write(line)
}

// withField adds a field to a line, which is JSON or logfmt.
func withField(line []byte, name string, value int) []byte {
	if bytes.HasPrefix(line, []byte("{")) {
		return append(fmt.Appendf(nil, `{"%s":%d,`, name, value), line[1:]...)
	}
	return fmt.Appendf(bytes.TrimRight(line, "\r\n"), " %s=%d\n", name, value)
}

func (c *condenser) write(line []byte) error {
	if _, err := c.out.Write(line); err != nil {
		return fmt.Errorf("writing the log: %w", err)
	}
	return nil
}

// flush writes what is still to be said.
func (c *condenser) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	var left []*repeated
	for _, r := range c.reasons {
		if r.left > 0 {
			left = append(left, r)
		}
	}
	slices.SortFunc(left, func(a, b *repeated) int { return a.since.Compare(b.since) })
	for _, r := range left {
		_ = c.sayAgain(r) // there is nobody left to tell
	}
	if len(c.begun) > 0 {
		_ = c.write(c.begun)
		c.begun = nil
	}
}

// condenseLogs puts a condenser between Benthos' log and the standard output.
// Benthos takes the latter when its command line is built, before the option
// that is returned is applied, and nothing else may: records written by an
// output stdout are no lines of a log. flush must be called at the end.
func condenseLogs(args []string) (option service.CLIOptFunc, flush func()) {
	nothing := func(*service.CLIOptBuilder) {}
	if !runs(args) {
		return nothing, func() {}
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nothing, func() {} // the log is longer, that is all
	}
	stdout := os.Stdout
	os.Stdout = write
	c := newCondenser(stdout)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(c, read)
	}()
	flush = sync.OnceFunc(func() {
		_ = write.Close()
		select {
		case <-done:
		case <-time.After(time.Second): // nobody reads our output
		}
		c.flush()
	})
	return func(*service.CLIOptBuilder) { os.Stdout = stdout }, flush
}

// runs reports whether a command line runs pipelines. Without a command the
// flags come first.
func runs(args []string) bool {
	return len(args) > 1 && (args[1] == "run" || args[1] == "streams" || strings.HasPrefix(args[1], "-"))
}
