package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
	"github.com/s3-destination/s3-destination/resources/bench/internal/works"
)

// serve runs a fake broker until standard input ends. It prints its address.
func serve() error {
	c, err := kafkatest.Start()
	if err != nil {
		return err
	}
	defer c.Close()
	fmt.Println(c.Seeds[0])
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// cluster is a broker in a process of its own.
type cluster struct {
	*kafkatest.Cluster
	stop func()
}

// Close ends the process.
func (c *cluster) Close() {
	c.Cluster.Close()
	c.stop()
}

func startBroker(ctx context.Context, name string) (*cluster, error) {
	switch name {
	case "kafka":
		c, err := kafkatest.StartApache(ctx)
		return &cluster{Cluster: c, stop: func() {}}, err
	case "kfake":
		return startFake()
	}
	return nil, fmt.Errorf("unknown broker %q: use kfake or kafka", name)
}

func startFake() (*cluster, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "broker")
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stop := func() {
		_ = in.Close()
		_ = cmd.Wait()
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return nil, fmt.Errorf("starting the fake broker: %w", err)
	}
	c, err := kafkatest.Connect(strings.TrimSpace(line))
	if err != nil {
		stop()
		return nil, err
	}
	return &cluster{Cluster: c, stop: stop}, nil
}

func readLines(path string) ([][]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")), nil
}

// fill makes a topic of n records, once, and returns its name.
func (b *bench) fill(ctx context.Context, n int) (string, error) {
	topic := fmt.Sprintf("clicks-%d", n)
	if b.filled[topic] {
		return topic, nil
	}
	if err := b.kafka.CreateTopic(ctx, topic, works.KafkaParts); err != nil {
		return "", err
	}
	const some = 12_000
	records := make([]*kgo.Record, 0, some)
	for i := range n {
		records = append(records, &kgo.Record{
			Topic: topic, Partition: int32(i % works.KafkaParts), Key: fmt.Appendf(nil, "key-%d", i%1000),
			Value: b.docs[i%len(b.docs)],
		})
		if len(records) == some || i == n-1 {
			if err := b.kafka.Produce(ctx, records...); err != nil {
				return "", err
			}
			records = records[:0]
		}
	}
	b.filled[topic] = true
	return topic, nil
}
