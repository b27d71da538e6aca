package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// cage is a control group with a memory limit, as a container has one.
type cage struct {
	dir   string
	v2    bool
	limit int64 // bytes
}

// newCage makes a control group below one of the hierarchies of this machine.
// It fails where that needs more rights than we have.
func newCage(limit int64) (*cage, error) {
	name := fmt.Sprintf("s3-destination-chaos-%d", os.Getpid())
	v2 := &cage{dir: filepath.Join("/sys/fs/cgroup", name), v2: true, limit: limit}
	v1 := &cage{dir: filepath.Join("/sys/fs/cgroup/memory", name), limit: limit}
	err2 := v2.open(map[string]string{"memory.max": fmt.Sprint(limit), "memory.swap.max": "0"})
	if err2 == nil {
		return v2, nil
	}
	err1 := v1.open(map[string]string{"memory.limit_in_bytes": fmt.Sprint(limit)})
	if err1 == nil {
		return v1, nil
	}
	return nil, fmt.Errorf("limiting memory by a control group: version 2: %w; version 1: %w", err2, err1)
}

// confine makes the processes of set run in a cage of limit bytes. It returns
// nil, and the report says so, where this machine has none for us.
func (w *world) confine(limit int64, set *settings) *cage {
	c, err := newCage(limit)
	if err != nil {
		w.note("NO limit of the kernel, only a look at what is resident: %v", err)
		return nil
	}
	w.closers = append(w.closers, c.close)
	set.wrap = c.wrap
	return c
}

func (c *cage) open(limits map[string]string) error {
	parent := "memory.limit_in_bytes"
	if c.v2 {
		parent = "cgroup.controllers"
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(c.dir), parent)); err != nil {
		return err
	}
	if err := os.Mkdir(c.dir, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	for name, value := range limits {
		if err := os.WriteFile(filepath.Join(c.dir, name), []byte(value), 0o600); err != nil && name != "memory.swap.max" {
			c.close()
			return err
		}
	}
	return nil
}

// wrap makes a command run in the cage.
func (c *cage) wrap(argv []string) []string {
	return append([]string{"sh", "-c", `echo $$ > "$1/cgroup.procs" && shift && exec "$@"`, "sh", c.dir}, argv...)
}

// close removes the cage, in which nothing runs any more.
func (c *cage) close() { _ = os.Remove(c.dir) }

// usage is what the kernel counted.
type usage struct {
	peak  int64 // bytes, those of the page cache included
	hits  int64 // how often the limit was met, and memory reclaimed
	kills int64 // processes that were killed for want of memory
}

func (c *cage) usage() (usage, error) {
	var u usage
	var err error
	read := func(file, pattern string) int64 {
		text, failed := os.ReadFile(filepath.Join(c.dir, file))
		m := regexp.MustCompile(pattern).FindStringSubmatch(strings.TrimSpace(string(text)))
		if failed != nil || m == nil {
			err = errors.Join(err, fmt.Errorf("reading %s of the control group: %w", file, or(failed, fs.ErrInvalid)))
			return 0
		}
		n, _ := strconv.ParseInt(m[1], 10, 64)
		return n
	}
	if c.v2 {
		u = usage{read("memory.peak", `^(\d+)$`), read("memory.events", `(?m)^max (\d+)$`), read("memory.events", `(?m)^oom_kill (\d+)$`)}
	} else {
		u = usage{read("memory.max_usage_in_bytes", `^(\d+)$`), read("memory.failcnt", `^(\d+)$`), read("memory.oom_control", `(?m)^oom_kill (\d+)$`)}
	}
	return u, err
}
