package config

import (
	"time"

	"github.com/s3-destination/s3-destination/internal/sizing"
)

// Sized is what decides about sizes in the output.
func (c *Config) Sized() sizing.Destination {
	d := sizing.Destination{
		Format:             c.Format.Name,
		MaxFileSize:        c.Chunks.MaxFileSize,
		MaxRecords:         c.Chunks.MaxRecords,
		MaxAge:             c.Chunks.MaxAge,
		IdleTimeout:        c.Chunks.IdleTimeout,
		MaxOpenPartitions:  c.Chunks.MaxOpenPartitions,
		MemoryLimit:        c.MemoryLimit,
		MaxInFlight:        c.MaxInFlight,
		AutoInFlight:       c.autoInFlight,
		Workers:            c.Chunks.Uploads,
		Encoders:           c.Encoders,
		RowGroupSize:       c.Format.rowGroup,
		MultipartThreshold: c.Store.MultipartThreshold,
		PartSize:           c.Store.PartSize,
		CallOverhead:       c.Chunks.CallOverhead,
		RecordOverhead:     c.Chunks.RecordOverhead,
		PartitionOverhead:  c.Chunks.PartitionOverhead,
		Batching:           sizing.Batching{Count: c.Batching.Count, Bytes: int64(c.Batching.ByteSize), Period: period(c.Batching.Period)},
	}
	if c.Spool.On() {
		d.Spool = c.Spool.MaxSize
	}
	if c.Health.Enabled {
		d.HealthInterval = c.Health.Interval
	}
	return d
}

// period reads the period of a batching policy; what cannot be read is what
// Benthos complains of.
func period(text string) time.Duration {
	d, _ := time.ParseDuration(text)
	return d
}
