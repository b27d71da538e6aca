//go:build unix

package spool_test

import (
	"bytes"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/spool/disk"
)

// cpu is the time that this process has used.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkSpool takes records of 824 bytes in by calls of 1,000, and seals each
// stream when it has a megabyte, or has waited for long.
func BenchmarkSpool(b *testing.B) {
	const call = 1000
	for _, partitions := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprintf("%d partitions", partitions), func(b *testing.B) {
			opts := spool.Options{
				MaxSize: 4 << 30, Memory: 256 << 20,
				Lost: func(l spool.Loss) { b.Error(l) }, Failed: func(err error) { b.Error(err) }, Now: time.Now,
			}
			s, err := spool.Open(disk.OS{}, b.TempDir(), opts)
			require.NoError(b, err)
			records := make([]spool.Record, call)
			payload := bytes.Repeat([]byte("x"), 824)
			before, n := cpu(b), 0
			for b.Loop() {
				for i := range records {
					records[i] = spool.Record{Path: fmt.Sprintf("path=%d", n%partitions), Data: payload}
					n++
				}
				require.NoError(b, s.Append(b.Context(), records))
				if n%(200*call) == 0 {
					sealLarge(b, s)
				}
			}
			b.ReportMetric(float64(cpu(b)-before)/float64(n)/1e3, "us-cpu/record")
			b.ReportMetric(0, "ns/op")
			require.NoError(b, s.Close())
		})
	}
}

func sealLarge(b *testing.B, s *spool.Spool) {
	for _, st := range s.Streams() {
		if st.Records < 1000 {
			continue
		}
		got, err := s.Read(st.ID, 0, 64<<20, 0)
		require.NoError(b, err)
		n, err := s.Seal(b.Context(), got.Range, nil, strings.NewReader("encoded"), nil)
		require.NoError(b, err)
		require.NoError(b, s.Landed(b.Context(), n))
	}
}
