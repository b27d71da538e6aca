package config

import (
	"errors"
	"fmt"
	"time"

	"github.com/s3-destination/s3-destination/internal/store"
)

// upload is how objects get to the bucket.
func upload(s *store.Config, objects *int) settings {
	return settings{
		object("upload", "How objects are uploaded.",
			count("concurrency", objects, 1).
				doc("The number of objects uploaded at once.").
				or(16),
			size("multipart_threshold", &s.MultipartThreshold).
				doc("Objects larger than this are uploaded in parts. The default lies above that of `max_file_size`: one request needs no right to abort, leaves no parts behind and costs a tenth less CPU than parts, which in turn use several connections.").
				or("128MiB"),
			size("part_size", &s.PartSize).
				doc("The size of a part, at least 5MiB.").
				or("16MiB"),
			count("part_concurrency", &s.PartConcurrency, 1).
				doc("The number of parts of one object uploaded at once.").
				or(4),
			duration("request_timeout", &s.RequestTimeout).
				doc("How long a request may go without any progress.").
				or("30s"),
			text("ca_file", &s.HTTP.CAFile).
				doc("A file of PEM certificates to trust beside those of the system.").
				or(""),
		).advanced(),
	}
}

// retries are how requests are repeated.
func retries(r *store.RetryConfig) settings {
	return settings{
		object("retry", "How requests that fail with throttling, server or network errors are repeated.",
			number("max_retries", &r.MaxRetries).
				doc("The number of times a request is repeated; negative means as often as `max_elapsed_time` allows.").
				or(-1),
			duration("initial_interval", &r.InitialInterval).
				doc("The wait before the first repetition; waits double and are drawn at random up to that.").
				or("200ms"),
			duration("max_interval", &r.MaxInterval).
				doc("The longest wait between repetitions.").
				or("20s"),
			duration("max_elapsed_time", &r.MaxElapsed).
				doc("When to give up and report the records of an object as failed; `0s` means never. With `delivery: exactly_once` of the input no object is given up: the default does not count there, and another time is a mistake.").
				or(fmt.Sprintf("%dm", minutesToTry)),
		).advanced(),
	}
}

// minutesToTry is the default of retry.max_elapsed_time.
const minutesToTry = 10

// GivesUp reports whether a user asks for objects to be given up, and after how
// long. That of the default is nobody's wish.
func (c *Config) GivesUp() (after time.Duration, asked bool) {
	after = c.Store.Retry.MaxElapsed
	return after, after != 0 && after != minutesToTry*time.Minute
}

func checkRetries(c *store.RetryConfig, r *reader) {
	if c.InitialInterval == 0 {
		r.fail(errors.New("retry.initial_interval: it is 0: write a duration such as 200ms"))
	}
}
