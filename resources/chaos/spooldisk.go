package main

import (
	"context"
	"fmt"
	"os/exec"
)

// poorDisks are disks as strace makes them, for the processes that it runs. A sync
// that takes long leaves much between what was written and what is durable, and one
// that fails may have written nothing.
var poorDisks = []struct{ name, inject string }{
	{"whose syncs take 40 ms", "fsync:delay_enter=40000"},
	{"of whose syncs every 23rd fails", "fsync:error=EIO:when=11+23"},
}

// traced is a wrapper that gives a process one of them. The process is still the one
// that was started, and strace its grandchild.
func traced(inject string) wrapper {
	return func(argv []string) []string {
		return append([]string{
			"strace", "-D", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=fsync", "-e", "signal=none", "-e", "inject=" + inject,
		}, argv...)
	}
}

// traceable tells whether strace works here.
func traceable(ctx context.Context) error {
	argv := traced(poorDisks[0].inject)([]string{"true"})
	if out, err := exec.CommandContext(ctx, argv[0], argv[1:]...).CombinedOutput(); err != nil { // #nosec G204 -- fixed
		return fmt.Errorf("%w %s", err, out)
	}
	return nil
}

// disk is the wrapper of the next process, of which two in four have a poor disk, and
// counts it. It is nil for a disk as it is.
func (s *spooling) disk() wrapper {
	n := s.started % 4
	if !s.strained || n >= len(poorDisks) {
		return nil
	}
	s.poor[poorDisks[n].name]++
	return traced(poorDisks[n].inject)
}
