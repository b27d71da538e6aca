//go:build !linux

package nozones

import "os/exec"

// isolate makes the command fail: mounts of a single process are of Linux.
func isolate(cmd *exec.Cmd) { cmd.Path = "mounts cannot be changed for a single process here" }
