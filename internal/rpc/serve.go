package rpc

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"

	"github.com/s3-destination/s3-destination/internal/rpc/runtimepb"
)

// What Redpanda Connect sets in the environment of a plugin.
const (
	AddressVariable = "REDPANDA_CONNECT_PLUGIN_ADDRESS"
	VersionVariable = "REDPANDA_CONNECT_PLUGIN_VERSION"
)

// version is that of the protocol, which is not named by Redpanda Connect up to 4.110.
const version = "1"

// Config is what [Serve] needs.
type Config struct {
	// Address is the socket, and Version the version of the protocol, as the
	// environment has them.
	Address, Version string
	// Construct makes the output.
	Construct Constructor
	// Drain is called at the first signal: Redpanda Connect is about to end, and
	// waits for what the output holds.
	Drain func()
	// Signals ask for the end.
	Signals <-chan os.Signal
	// Orphaned is closed when nobody is there to make calls any more.
	Orphaned <-chan struct{}
}

// Serve answers calls until the end is asked for. The signal of a terminal comes to both
// processes, and the plugin's part of the end is then still to come: so the first signal
// drains, and the one that follows the call of Close ends. A second one without that call
// ends at once, and what calls still wait for has failed.
func Serve(ctx context.Context, c Config) error {
	if c.Version != "" && c.Version != version {
		return fmt.Errorf("%s is %s: this program speaks version %s of the protocol, use a newer one", VersionVariable, c.Version, version)
	}
	path, ok := strings.CutPrefix(c.Address, "unix:")
	if !ok {
		return fmt.Errorf("%s is %q and not the address of a Unix socket: Redpanda Connect starts this command by the file plugin.yaml, which s3-destination rpc --manifest prints", AddressVariable, c.Address)
	}
	listener, err := listen(ctx, strings.TrimPrefix(path, "//"))
	if err != nil {
		return fmt.Errorf("opening the socket that Redpanda Connect named: %w", err)
	}
	s := &server{construct: c.Construct}
	// Batches are in memory on the other side already.
	g := grpc.NewServer(grpc.MaxRecvMsgSize(math.MaxInt32))
	runtimepb.RegisterBatchOutputServiceServer(g, s)
	over := make(chan struct{})
	go func() {
		defer close(over)
		err = g.Serve(listener)
	}()
	wait(c, s, over)
	if s.working() {
		g.Stop() // ends the calls, whose contexts end
	} else {
		g.GracefulStop()
	}
	<-over
	if errors.Is(err, grpc.ErrServerStopped) {
		err = nil // before it began
	}
	if err != nil {
		err = fmt.Errorf("serving Redpanda Connect: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	if closing := s.end(ctx); err == nil {
		err = closing
	}
	return err
}

// listen opens the socket. One that is there and that nobody serves is of a plugin that
// has crashed: Redpanda Connect starts another one at the same address. With several
// outputs it may name the address of another one's plugin, which works.
func listen(ctx context.Context, path string) (net.Listener, error) {
	if info, err := os.Stat(path); err == nil && info.Mode().Type() == os.ModeSocket {
		if served(ctx, path) {
			return nil, fmt.Errorf("%s is served by the plugin of another output: give each output a copy of plugin.yaml with another name, as docs/plugin.md says", path)
		}
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	var how net.ListenConfig
	return how.Listen(ctx, "unix", path)
}

// served reports whether somebody takes connections at a socket. Whoever does not answer
// in time may be there all the same.
func served(ctx context.Context, path string) bool {
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(ctx, "unix", path)
	if err == nil {
		_ = conn.Close()
	}
	return err == nil || !errors.Is(err, syscall.ECONNREFUSED)
}

// closeTime is for an output that nobody has closed.
const closeTime = 5 * time.Second

// wait returns when the process is to end.
func wait(c Config, s *server, over <-chan struct{}) {
	drained := false
	for {
		select {
		case <-over:
			return
		case <-c.Orphaned:
			return
		case <-c.Signals:
			if drained || !s.working() {
				return
			}
			drained = true
			c.Drain()
		}
	}
}

// Orphaned returns a channel that is closed when the process that has started this one
// is gone, which ends plugins of nobody. It looks until ctx ends.
func Orphaned(ctx context.Context, parent func() int) <-chan struct{} {
	gone := make(chan struct{})
	first := parent()
	go func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if parent() != first {
					close(gone)
					return
				}
			}
		}
	}()
	return gone
}
