package config

import (
	"errors"
	"fmt"
	"time"
)

// Health is how the destination is checked.
type Health struct {
	Enabled           bool
	Interval, Timeout time.Duration
	ProbeSize         int64 // of the temporary object, in bytes
}

// maxProbe is the largest temporary object, in bytes.
const maxProbe = 100 << 20

func (h *Health) settings() settings {
	return settings{
		object("health_check", "The connection health check.",
			flag("enabled", &h.Enabled).
				doc("Write and delete a temporary object below the fixed part of `folder` at start and periodically, to find out whether the destination accepts data.").
				or(true),
			duration("interval", &h.Interval).
				doc("The time between checks, varied by a fifth.").
				or("5m"),
			duration("timeout", &h.Timeout).
				doc("How long one check may take.").
				or("30s").advanced(),
			size("probe_size", &h.ProbeSize).
				doc("The size of the temporary object. A larger one, such as `2MiB`, also finds out at start when a gateway or proxy refuses requests of that size, and costs that much traffic with every check.").
				or("0").advanced(),
		),
	}
}

func (h *Health) check(r *reader) {
	if h.Enabled && h.Interval < time.Second {
		r.fail(errors.New("health_check.interval: it is less than 1s: write 1s or more, or health_check.enabled: false to switch the check off"))
	}
	if h.Enabled && h.Timeout < time.Second {
		r.fail(errors.New("health_check.timeout: it is less than 1s: write 1s or more"))
	}
	if h.ProbeSize > maxProbe {
		r.fail(fmt.Errorf("health_check.probe_size: it is written again and again: write %d bytes at most", maxProbe))
	}
}
