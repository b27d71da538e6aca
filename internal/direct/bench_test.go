//go:build unix

package direct

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/parcel"
	"github.com/s3-destination/s3-destination/internal/partition"
)

// BenchmarkPlace is what a record costs until it has a place in a call: without
// locks, encoders and uploads. Figures of cpu-ns/record are those of a busy machine,
// too.
func BenchmarkPlace(b *testing.B) {
	for name, names := range map[string]string{
		"one folder":     "folder: all\n",
		"field and date": "folder: '{{country}}/{{YYYY}}-{{MM}}-{{DD}}'\nvariables: {country: '${! json(\"country\") }'}\ndate_field: event_time\n",
	} {
		b.Run(name, func(b *testing.B) { benchmarkPlace(b, names) })
	}
}

func benchmarkPlace(b *testing.B, names string) {
	const size, batches = 1000, 50
	conf, err := config.ParseYAML("bucket: b\nregion: r\nfile_format: json\nmax_in_flight: 2\n" + names)
	require.NoError(b, err)
	assigner, err := partition.New(conf.Partition)
	require.NoError(b, err)
	w := New(Parts{Conf: conf, Assigner: assigner, Pipe: &bucket{}, Taking: func(inflight.Sink) {}})
	m := chunk.New(conf.Chunks, &bucket{})
	b.Cleanup(func() { require.NoError(b, m.Close(context.Background())) })
	var all []service.MessageBatch
	clicks := encodetest.Clicks(size*batches, 1)
	for len(clicks) > 0 {
		var batch service.MessageBatch
		for _, click := range clicks[:size] {
			batch = append(batch, service.NewMessage(click))
		}
		all, clicks = append(all, batch), clicks[size:]
	}
	b.ReportAllocs()
	began, n := cpu(b), 0
	for b.Loop() {
		call := m.Arrive()
		batch := &brought{Batch: &parcel.Batch{Carriers: all[n%batches]}, conf: conf, held: &inflight.Leases{}}
		require.NoError(b, call.Admit(b.Context(), batch.payload(), size))
		w.place(batch, call)
		call.Release()
		n++
	}
	b.ReportMetric(float64(cpu(b)-began)/float64(n*size), "cpu-ns/record")
}

// cpu is the time that the process has taken.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
