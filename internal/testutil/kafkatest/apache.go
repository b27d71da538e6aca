package kafkatest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/logs"
	"github.com/s3-destination/s3-destination/internal/testutil/ports"
)

const (
	startTimeout = time.Minute
	stopTimeout  = 15 * time.Second
)

// broker is an Apache Kafka process that is controller and broker in one.
type broker struct {
	jars, dir string
	address   string
	told      string // the address that clients are told
	guarded   string // the address for clients that authenticate; empty: none
	mu        sync.Mutex
	cmd       *exec.Cmd
	exited    chan struct{}
	output    logs.Buffer
}

// StartApache runs a real Apache Kafka broker on a loopback port, with data in
// a temporary directory, until the Close of the cluster. The error is
// [ErrUnavailable] where there is no Java or no Maven.
func StartApache(ctx context.Context) (*Cluster, error) { return Config{}.StartApache(ctx) }

// StartApache is like the function of that name.
func (cfg Config) StartApache(ctx context.Context) (*Cluster, error) {
	if _, err := exec.LookPath("java"); err != nil {
		return nil, fmt.Errorf("%w: Java 17 or later is needed to run it: %w", ErrUnavailable, err)
	}
	version := cfg.Version
	if version == "" {
		version = DefaultVersion
	}
	lib, err := jars(ctx, version)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "kafkatest-")
	if err != nil {
		return nil, fmt.Errorf("making the broker's directory: %w", err)
	}
	b := &broker{jars: lib, dir: dir}
	c := &Cluster{cfg: cfg, broker: b, stop: b.remove}
	if err = b.format(ctx, c); err == nil {
		err = b.run(ctx)
	}
	if err == nil {
		c.Seeds, c.Guarded = []string{b.told}, b.guarded
		err = c.connect()
	}
	if err == nil {
		err = c.admit(ctx)
	}
	if err != nil {
		b.remove()
		return nil, err
	}
	return c, nil
}

// SkipTB is what [StartApacheT] needs of a *testing.T.
type SkipTB interface {
	TB
	Context() context.Context
	Skipf(format string, args ...any)
}

// StartApacheT runs a real broker for the length of a test, which is skipped
// where there is none.
func StartApacheT(tb SkipTB) *Cluster {
	tb.Helper()
	c, err := StartApache(tb.Context())
	switch {
	case errors.Is(err, ErrUnavailable):
		tb.Skipf("%v", err)
	case err != nil:
		tb.Fatalf("starting Apache Kafka: %v", err)
	}
	tb.Cleanup(c.Close)
	return c
}

// Kill ends a real broker with SIGKILL. Its data stays.
func (c *Cluster) Kill() {
	if c.broker != nil {
		c.broker.end(syscall.SIGKILL)
	}
}

// Restart starts a killed broker again, at the same address.
func (c *Cluster) Restart(ctx context.Context) error {
	if c.broker == nil {
		return errors.New("only a real broker can be restarted")
	}
	return c.broker.run(ctx)
}

const properties = `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@%[2]s
listeners=BROKER://%[1]s,CONTROLLER://%[2]s%[6]s
advertised.listeners=BROKER://%[5]s%[6]s
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT%[7]s
log.dirs=%[3]s
auto.create.topics.enable=false
message.max.bytes=%[4]d
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500
log.cleaner.backoff.ms=200
`

const logging = `log4j.rootLogger=WARN, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d %p %c: %m%n
`

// format writes the configuration and prepares the data directory.
func (b *broker) format(ctx context.Context, c *Cluster) error {
	var controller string
	var err error
	if b.address, err = ports.Address(ctx); err != nil {
		return err
	}
	if controller, err = ports.Address(ctx); err != nil {
		return err
	}
	if b.told, err = c.advertise(b.address); err != nil {
		return err
	}
	files := map[string]string{"log4j.properties": logging}
	listener, protocol, guard := "", "", ""
	if g := c.cfg.Guard; g != nil {
		if b.guarded, err = ports.Address(ctx); err != nil {
			return err
		}
		listener, protocol, guard = ",GUARDED://"+b.guarded, ",GUARDED:"+g.protocol(), g.properties(b.dir)
		maps.Copy(files, g.files())
	}
	files["server.properties"] = fmt.Sprintf(properties, b.address, controller, filepath.Join(b.dir, "data"), maxRecord, b.told, listener, protocol) +
		lines(c.cfg.sessions()) + guard
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("writing the broker's configuration: %w", err)
		}
	}
	cmd := b.java(ctx, "kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qk", "-c", "server.properties")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("formatting the broker's storage: %w\n%s", err, out)
	}
	return nil
}

// lines are settings as a file of properties has them. What a broker allows at
// least is lowered with each.
func lines(settings map[string]string) string {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		_, _ = fmt.Fprintf(&text, "%s=%s\n%s=%s\n", name, settings[name], strings.Replace(name, "consumer.", "consumer.min.", 1), settings[name])
	}
	return text.String()
}

func (b *broker) java(ctx context.Context, args ...string) *exec.Cmd {
	all := append([]string{
		"-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
		"-Dlog4j.configuration=file:" + filepath.Join(b.dir, "log4j.properties"),
		"-cp", filepath.Join(b.jars, "*"),
	}, args...)
	cmd := exec.CommandContext(ctx, "java", all...)
	cmd.Dir = b.dir
	return cmd
}

// run starts the process and waits until it answers.
func (b *broker) run(ctx context.Context) error {
	// Not the caller's context: end stops the process.
	cmd := b.java(context.WithoutCancel(ctx), "kafka.Kafka", "server.properties")
	cmd.Stdout, cmd.Stderr = &b.output, &b.output
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the broker: %w", err)
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
	b.mu.Lock()
	b.cmd, b.exited = cmd, exited
	b.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", b.address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-exited:
			return fmt.Errorf("the broker ended at once:\n%s", b.output.Tail(20))
		case <-ctx.Done():
			return fmt.Errorf("waiting for the broker: %w\n%s", ctx.Err(), b.output.Tail(20))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// end stops the process and waits for it.
func (b *broker) end(signal syscall.Signal) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cmd == nil {
		return
	}
	_ = b.cmd.Process.Signal(signal)
	select {
	case <-b.exited:
	case <-time.After(stopTimeout):
		_ = b.cmd.Process.Kill()
		<-b.exited
	}
	b.cmd = nil
}

func (b *broker) remove() {
	b.end(syscall.SIGKILL) // nobody needs its data
	_ = os.RemoveAll(b.dir)
}
